"""Objects as sprites: square RGBA images of bytes, some posed anew per frame."""

import cv2
import numpy as np

from .motion import there_and_back
from .textures import random_colour, smooth_noise

SIDE = 144  # sprites' size in pixels


def polygon_alpha(points, side=SIDE):
    """Anti-aliased filled polygon from points in [-1, 1]^2."""
    alpha = np.zeros((side, side), np.uint8)
    fixed = np.round((np.asarray(points) * 0.5 + 0.5) * side * 16).astype(np.int32)
    cv2.fillPoly(alpha, [fixed.reshape(-1, 1, 2)], 255, cv2.LINE_AA, 4)
    return alpha.astype(np.float32) / 255


def radial_outline(rng, kind):
    """Outline of a blob, a star, a polygon or an ellipse."""
    if kind == "blob":
        angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
        radius = 1 + sum(rng.normal(0, 0.32 / k) * np.cos(k * angle + rng.uniform(0, 6.28)) for k in range(1, 8))
        radius = np.clip(radius, 0.2, None)
    elif kind == "star":
        tips = rng.integers(4, 9)
        angle = np.linspace(0, 2 * np.pi, 2 * tips, endpoint=False)
        radius = np.where(np.arange(2 * tips) % 2, rng.uniform(0.2, 0.7), 1.0)
    elif kind == "polygon":
        angle = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 9)))
        radius = rng.uniform(0.5, 1, len(angle))
    else:
        angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        radius = np.ones(48)
    points = np.stack([np.cos(angle), np.sin(angle)], 1) * radius[:, None]
    points *= np.array([1, rng.uniform(0.4, 1)])
    return points / np.abs(points).max() * 0.92


def thin_alpha(rng):
    """A bent rod, a ring or a fork: things a few pixels wide."""
    alpha = np.zeros((SIDE, SIDE), np.uint8)
    wide = int(rng.integers(4, 11))
    for _ in range(rng.integers(1, 4)):
        knots = rng.uniform(-0.85, 0.85, (3, 2))
        t = np.linspace(0, 1, 24)[:, None]
        curve = (1 - t) ** 2 * knots[0] + 2 * t * (1 - t) * knots[1] + t ** 2 * knots[2]
        pixels = np.round((curve * 0.5 + 0.5) * SIDE * 16).astype(np.int32).reshape(-1, 1, 2)
        cv2.polylines(alpha, [pixels], rng.random() < 0.2, 255, wide, cv2.LINE_AA, 4)
    if rng.random() < 0.4:
        cv2.circle(alpha, (SIDE // 2, SIDE // 2), int(SIDE * rng.uniform(0.2, 0.42)), 255, wide, cv2.LINE_AA)
    return alpha.astype(np.float32) / 255


class Sprite:
    """An object that is rigid, deforms smoothly, or changes from pose to pose; `pose(t)` gives its RGBA image.

    poses: RGBA images, shown for `hold` frames each, there and back.
    """

    def __init__(self, rng, poses, frames, bend, hold=1):
        self.poses, self.hold = poses, hold
        self.fields = None
        if bend > 0:
            keys = [smooth_noise(rng, SIDE, SIDE, 4, 2) * bend * SIDE for _ in range(1 + frames // 4 + 1)]
            self.fields, self.grid = keys, np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), -1).astype(np.float32)
            self.period = max(1.0, (frames - 1) / (len(keys) - 1))

    def pose(self, t):
        rgba = self.poses[there_and_back(t // self.hold, len(self.poses))]
        if self.fields is None:
            return rgba
        at = t / self.period
        first = min(int(at), len(self.fields) - 2)
        mix = at - first
        moved = self.grid + (1 - mix) * self.fields[first] + mix * self.fields[first + 1] - self.fields[0]
        return cv2.remap(rgba, moved, None, cv2.INTER_LINEAR)


class Articulated:
    """A body with a head and limbs that swing at their joints."""

    def __init__(self, rng, paint, frames):
        self.parts = []
        limbs = rng.integers(2, 7)
        upright = rng.random() < 0.5
        body = np.array([0.2, 0.38]) if upright else np.array([0.4, 0.2])
        body = body * rng.uniform(0.7, 1.2, 2)
        cloth = paint()
        swing = rng.uniform(0.05, 0.9)
        speed = rng.uniform(0.05, 0.9)
        for at in range(limbs):
            along = rng.uniform(-1, 1)
            joint = body * (np.array([along, 0.8]) if not upright else np.array([0.7 * along, rng.choice([-0.7, 0.8])]))
            long, wide = rng.uniform(0.25, 0.6), rng.uniform(0.035, 0.12)
            base = np.pi / 2 + rng.normal(0, 0.6) if joint[1] > 0 else rng.uniform(0, 2 * np.pi)
            texture = cloth if rng.random() < 0.5 else paint()
            wave = (base, swing * rng.uniform(0.3, 1), speed, rng.uniform(0, 6.28))
            self.parts.append((limb(rng, texture, long, wide), joint, wave, None))
            if rng.random() < 0.6:
                lower = (rng.normal(0, 0.5), swing * rng.uniform(0.3, 1), speed, rng.uniform(0, 6.28))
                shin = limb(rng, texture, long * 0.8, wide * 0.8)
                self.parts.append((shin, joint, wave, (long * 0.92, lower)))
        torso = polygon_alpha(radial_outline(rng, "blob" if rng.random() < 0.4 else "ellipse"))
        self.parts.insert(int(rng.integers(len(self.parts) + 1)), (crop_part(dress(cloth, torso)), None, body, None))
        place = np.array([rng.normal(0, 0.05), -body[1] - 0.12]) if upright else np.array([body[0] + 0.08, -body[1]])
        size = rng.uniform(0.1, 0.18)
        head = dress(paint(), polygon_alpha(radial_outline(rng, "ellipse")))
        self.parts.append((crop_part(head), None, (place, size, swing * 0.2, speed, rng.uniform(0, 6.28)), None))

    def pose(self, t):
        canvas = np.zeros((SIDE, SIDE, 4), np.float32)
        middle = SIDE / 2
        for image, joint, how, child in self.parts:
            if joint is not None:
                base, swing, speed, phase = how
                angle = base + swing * np.sin(speed * t + phase)
                root = joint
                if child is not None:
                    root = joint + child[0] * np.array([np.cos(angle), np.sin(angle)])
                    base, swing, speed, phase = child[1]
                    angle = angle + base + swing * np.sin(speed * t + phase)
                c, s = np.cos(angle), np.sin(angle)
                scale = np.eye(2)
            elif isinstance(how, tuple):
                place, size, swing, speed, phase = how
                c, s, scale = 1.0, 0.0, np.eye(2) * size
                root = place + np.array([swing * np.sin(speed * t + phase) * 0.3, 0])
            else:
                c, s, scale, root = 1.0, 0.0, np.diag(how), np.zeros(2)
            linear = np.array([[c, -s], [s, c]]) @ scale
            shift = middle + root * middle - linear @ np.array([middle, middle])
            blend_part(canvas, image, linear, shift)
        return canvas.astype(np.uint8)


def blend_part(canvas, part, linear, shift):
    """Blends a part over the canvas, working only where its box comes to lie."""
    image, corner = part
    high, wide = image.shape[:2]
    corners = np.array([[0, 0], [wide, 0], [0, high], [wide, high]]) + corner
    placed = corners @ linear.T + shift
    x0, y0 = np.maximum(np.floor(placed.min(0)), 0).astype(int)
    x1, y1 = np.minimum(np.ceil(placed.max(0)), SIDE).astype(int)
    if x1 - x0 < 1 or y1 - y0 < 1:
        return
    matrix = np.column_stack([linear, linear @ corner + shift - (x0, y0)])
    layer = cv2.warpAffine(image, matrix, (int(x1 - x0), int(y1 - y0)), flags=cv2.INTER_LINEAR).astype(np.float32)
    window = canvas[y0:y1, x0:x1]
    window += layer[..., 3:] * (1 / 255) * (np.dstack([layer[..., :3], np.full(layer.shape[:2], 255, np.float32)]) - window)


def crop_part(image):
    """A part's non-empty box and where it lies in the sprite."""
    ys, xs = np.nonzero(image[..., 3])
    y, x = max(ys.min() - 1, 0), max(xs.min() - 1, 0)
    return np.ascontiguousarray(image[y:ys.max() + 2, x:xs.max() + 2]), np.array([x, y])


def limb(rng, texture, long, wide):
    """A limb from the middle of the sprite to the right, tapering, perhaps with a foot."""
    tip = wide * rng.uniform(0.5, 1.0)
    points = [(0, -wide), (long, -tip), (long + tip, 0), (long, tip), (0, wide), (-wide, 0)]
    if rng.random() < 0.3:
        points[2:3] = [(long + 0.08, -tip), (long + 0.08, tip + 0.08)]
    return crop_part(dress(texture, polygon_alpha(np.array(points))))


def dress(texture, alpha):
    return np.dstack([texture.astype(np.uint8), np.round(alpha * 255).astype(np.uint8)])


def region_rgba(rng, bank, region, keep, extent=None):
    """A region of a photograph, with its own pixels or (keep false) only its outline; extent: what fills the sprite, in pixels of
    the region's mask, its own size if None."""
    at, x, y, mask = region
    high, wide = mask.shape
    scale = SIDE / (1.15 * (extent or max(high, wide)))
    shift = (SIDE - scale * np.array([wide, high])) / 2
    to_sprite = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    alpha = cv2.warpAffine(mask.astype(np.float32), to_sprite, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
    alpha = np.clip((cv2.GaussianBlur(alpha, (0, 0), max(0.8, scale * 0.7)) - 0.5) * 4 + 0.5, 0, 1)
    if not keep:
        return dress(bank.pattern(rng, SIDE, SIDE), alpha)
    source = bank.large[at]
    back = np.array([[scale / 2, 0, shift[0] - scale * x], [0, scale / 2, shift[1] - scale * y]])
    colour = cv2.warpAffine(source, back, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return dress(colour, alpha)


def mover(rng, bank, frames, bend):
    """An object that moved between photographs, in one of its poses or in several, one after the other."""
    chain, at = bank.mover(rng)
    if rng.random() < 0.15:
        return Sprite(rng, [region_rgba(rng, bank, chain[at], False)], frames, bend)
    way = rng.choice([-1, 1])
    poses = (chain[at:] if way > 0 else chain[at::-1]) if rng.random() < 0.6 else [chain[at]]
    extent = max(max(mask.shape) for *_, mask in poses)
    tint = np.exp(rng.normal(0, 0.2, 3)) if rng.random() < 0.5 else np.ones(3)
    images = [region_rgba(rng, bank, region, True, extent) for region in poses]
    tinted = [dress(np.clip(image[..., :3] * tint, 0, 255), image[..., 3] / 255) for image in images]
    return Sprite(rng, tinted, frames, bend, hold=int(rng.integers(1, 6)))


def make_object(rng, bank, frames, shares, background_photo=None):
    """A random object with a `pose(t)` method."""
    camouflage = background_photo if rng.random() < 0.15 else None

    def paint():
        if rng.random() < 0.45:
            shade = random_colour(rng) + smooth_noise(rng, SIDE, SIDE, 4) * rng.uniform(2, 25)
            return np.clip(shade, 0, 255)
        return bank.pattern(rng, SIDE, SIDE, camouflage, largest=0.4)

    missing = {kind for kind, source in (("mover", bank.chains), ("region", bank.regions)) if not source}
    kinds = shares.of_kinds(shares.kinds.keys() - missing)
    kind = str(rng.choice(list(kinds), p=list(kinds.values())))
    bend = float(rng.choice([0, 0.02, 0.05, 0.1], p=[0.3, 0.3, 0.25, 0.15]))
    if kind == "mover":
        return mover(rng, bank, frames, bend)
    if kind == "articulated":
        return Articulated(rng, paint, frames)
    if kind == "region":
        region = bank.regions[rng.integers(len(bank.regions))]
        rgba = region_rgba(rng, bank, region, rng.random() < 0.65)
    elif kind == "thin":
        rgba = dress(paint(), thin_alpha(rng))
    else:
        outline = str(rng.choice(["blob", "star", "polygon", "ellipse"], p=[0.5, 0.15, 0.2, 0.15]))
        rgba = dress(paint(), polygon_alpha(radial_outline(rng, outline)))
        if rng.random() < 0.4:  # a second part with a texture of its own: one object need not be one surface
            other = polygon_alpha(radial_outline(rng, "blob") * 0.5 + rng.uniform(-0.4, 0.4, 2))
            second = dress(paint(), other)
            rgba = np.where(other[..., None] > 0.5, second, rgba)
    return Sprite(rng, [rgba], frames, bend)
