"""Composes a clip: background, objects, occluders, cuts; and the visible mask of the tracked ones."""

import copy

import cv2
import numpy as np

from .degrade import Degradation, motion_blur
from .motion import Camera, Path, leave, there_and_back
from .shapes import SIDE, dress, make_object, polygon_alpha, radial_outline, Sprite
from .shares import HELD_OUT
from .textures import procedural, smooth_noise

SMALLEST_START = 0.0015  # of the frame: what a tracked object must show at first
LARGEST_START = 0.6


class Background:
    """A photograph or pattern under the camera; one of its regions can be a tracked object.

    Such a region moves with a smooth bulge of the picture around it, so its border is a natural one. Or the photographs
    of one clip follow each other, and what is tracked is an object that moved between them.
    """

    def __init__(self, rng, bank, side, frames, natural, shares):
        self.side, self.photo, self.regions, self.hold = side, None, None, 1
        if len(bank) and (natural or rng.random() < 0.85):
            if natural:
                chain = natural_regions(rng, bank, shares.natural_movers)
                self.photo, photos = chain[0][0], [region[0] for region in chain]
                self.regions = [on_picture(region, bank.small[region[0]]) for region in chain]
                self.hold = int(rng.integers(1, 4))
            else:
                self.photo = int(rng.integers(len(bank)))
                photos = [self.photo]
                if rng.random() < 0.15:  # a background that lives
                    photos = next(members for members in bank.clips.values() if self.photo in members)
            self.pictures = [bank.small[at] for at in photos]
        else:
            self.pictures = [procedural(rng, 240, 427)]
        high, wide = self.pictures[0].shape[:2]
        zoom = rng.uniform(0.85, 1.0) if rng.random() < 0.5 else rng.uniform(0.45, 1.0)
        centre = np.array([wide, high]) / 2 + rng.uniform(-1, 1, 2) * (1 - zoom) * np.array([wide, high]) / 2
        if natural:
            ys, xs = np.nonzero(self.regions[0] > 0.5)
            centre = centre * 0.4 + 0.6 * np.array([xs.mean(), ys.mean()])
            bulge = cv2.resize(self.regions[0], (64, 64), interpolation=cv2.INTER_AREA)
            self.bulge = np.clip(cv2.GaussianBlur(cv2.dilate(bulge, np.ones((5, 5))), (0, 0), rng.uniform(2, 5)) * 1.3, 0, 1)
        mirror = rng.choice([-1, 1])
        # View coordinates [-1, 1]^2 to pixels of the picture.
        self.to_picture = np.array([[mirror * zoom * wide / 2, 0, centre[0]], [0, zoom * high / 2, centre[1]], [0, 0, 1]])
        self.waves = None
        if natural or rng.random() < 0.3:
            strength = rng.uniform(0, 0.02) * high
            self.waves = [smooth_noise(rng, 64, 64, 5, 2) * strength for _ in range(2)]
            self.walk = np.cumsum(rng.normal(0, 1, (frames, 2)) * rng.uniform(0.3, 3) + rng.normal(0, 1.2, 2), 0)

    def draw(self, t, camera, aspect):
        """(RGB uint8, mask of the region or None) as the camera sees them at frame t."""
        side = self.side
        to_view = np.diag([aspect * 2 / side, 2 / side, 1.0])
        to_view[:2, 2] = -aspect, -1
        world = np.linalg.inv(camera) @ to_view
        squeeze = np.diag([1 / aspect, 1, 1])
        matrix = self.to_picture @ squeeze @ world
        at = there_and_back(t // self.hold, len(self.pictures))
        image, region = self.pictures[at], self.regions and self.regions[at]
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        if self.waves is None:
            return cv2.warpPerspective(image, matrix, (side, side), flags=flags, borderMode=cv2.BORDER_REFLECT_101), None
        # A field of displacements in picture pixels, on the picture's own grid, then the camera.
        mix = np.sin(t * 0.35)
        field = (self.waves[0] * mix + self.waves[1] * (1 - np.cos(t * 0.25))).astype(np.float32)
        if len(self.pictures) == 1 and region is not None:
            field = field + self.bulge[..., None] * self.walk[t] * min(1.0, t)
        high, wide = image.shape[:2]
        field = cv2.resize(field.astype(np.float32), (wide, high), interpolation=cv2.INTER_LINEAR)
        grid = np.stack(np.meshgrid(np.arange(wide, dtype=np.float32), np.arange(high, dtype=np.float32)), -1)
        maps = cv2.warpPerspective(grid - field, matrix, (side, side), flags=flags, borderMode=cv2.BORDER_REFLECT_101)
        picture = cv2.remap(image, maps, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
        if region is None:
            return picture, None
        mask = cv2.remap(region, maps, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        return picture, mask


def natural_regions(rng, bank, movers):
    """What is tracked of photographs themselves: an object that moved, on one of them or on several in order, or a region of one
    colour; movers: the share of the former."""
    if bank.chains and rng.random() < movers:
        chain, at = bank.mover(rng)
        return chain[at:] if rng.random() < 0.6 else [chain[at]]
    # The larger of three, for most regions are small.
    return [max((bank.regions[at] for at in rng.integers(len(bank.regions), size=3)), key=lambda region: region[3].size)]


def on_picture(region, picture):
    """A region as a soft mask of the whole photograph."""
    _, x, y, mask = region
    whole = np.zeros(picture.shape[:2], np.float32)
    whole[y:y + mask.shape[0], x:x + mask.shape[1]] = mask
    return cv2.GaussianBlur(whole, (0, 0), 0.8)


class Layer:
    """An object on its path; `shadow` darkens what lies beneath."""

    def __init__(self, rng, thing, path):
        self.thing, self.path = thing, path
        self.shadow = rng.uniform(0.2, 0.6) if rng.random() < 0.15 else 0

    def draw(self, t, view, side, blur):
        """(premultiplied colour, alpha, x0, y0) of the part of the frame that it covers, or None."""
        if not self.path.shown[t]:
            return None
        affine = view @ np.vstack([self.path.matrix(t), [0, 0, 1]])
        middle = affine[:2, 2] / affine[2, 2]
        linear = affine[:2, :2] / affine[2, 2]
        reach = np.abs(linear).sum(1) * 1.05 + 2
        if blur:
            reach = reach + 10
        x0, y0 = np.maximum(np.floor(middle - reach), 0).astype(int)
        x1, y1 = np.minimum(np.ceil(middle + reach), side).astype(int)
        if x1 - x0 < 2 or y1 - y0 < 2:
            return None
        image = self.thing.pose(t)
        shrink = np.sqrt(abs(np.linalg.det(linear))) * 2 / SIDE
        size = SIDE
        while shrink < 0.6 and size > 24:
            size //= 2
            image = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)
            shrink *= 2
        pixel = 2.0 / size
        matrix = np.column_stack([linear * pixel, middle - linear @ np.ones(2) * (1 - pixel / 2) - (x0, y0)])
        drawn = cv2.warpAffine(image, matrix, (int(x1 - x0), int(y1 - y0)), flags=cv2.INTER_LINEAR).astype(np.float32)
        drawn[..., 3] *= 1 / 255
        drawn[..., :3] *= drawn[..., 3:]
        if blur and t > 0:
            before = view @ np.append(self.path.place[t - 1] + self.path.offset[t - 1], 1)
            drawn = motion_blur(drawn, middle - before[:2] / before[2])
        return drawn[..., :3], drawn[..., 3], x0, y0


class Scene:
    """Everything that one clip holds; `render` gives frames and the masks of the tracked objects."""

    def __init__(self, rng, bank, frames, side, tracked=2, calm=False, shares=HELD_OUT):
        self.rng, self.side, self.frames, self.shares = rng, side, frames, shares
        self.aspect = rng.choice([16 / 9, 4 / 3, 1.0, 9 / 16], p=[0.7, 0.12, 0.1, 0.08])
        natural = bank.regions and rng.random() < 0.5
        self.shots = [(Background(rng, bank, side, frames, natural, shares), Camera(rng, frames, calm))]
        self.shot_of = np.zeros(frames, int)
        count = max(1, int(rng.integers(1, 5)) - int(bool(natural)))
        if not natural:
            count = max(count, tracked)
        photo = self.shots[0][0].photo
        a_path = lambda: Path(rng, frames, self.aspect, calm, shares.growing[calm])
        self.layers = []
        for _ in range(count):
            self.layers.append(Layer(rng, make_object(rng, bank, frames, shares, photo), a_path()))
            if rng.random() < 0.2:  # a twin: only its path tells it apart
                twin = copy.copy(self.layers[-1])
                twin.path = a_path()
                twin.path.size = self.layers[-1].path.size * rng.uniform(0.8, 1.2)
                self.layers.append(twin)
        rng.shuffle(self.layers)
        self.tracked = list(rng.permutation(len(self.layers))[:tracked - 1 if natural else tracked])
        self.natural = natural
        if self.tracked and rng.random() < 0.35:
            self.shots[0][1].follow(self.layers[self.tracked[0]].path, rng.uniform(0.5, 1.1))
        if rng.random() < 0.25:
            self._thin_occluder(bank)
        self.blurred = rng.random() < 0.2
        self._events(bank, calm)
        self.degrade = Degradation(rng)

    def _thin_occluder(self, bank):
        """Bars or leaves in front of everything, swaying with the scene."""
        rng = self.rng
        bar = polygon_alpha(np.array([[-0.06, -1], [0.06, -1], [0.06, 1], [-0.06, 1]]) * rng.uniform(0.5, 2, 2))
        path = Path(rng, self.frames, self.aspect, True)
        path.size = rng.uniform(0.6, 1.6)
        path.scale[:] = 1
        self.layers.append(Layer(rng, Sprite(rng, [dress(bank.pattern(rng, SIDE, SIDE), bar)], self.frames, 0.02), path))

    def _events(self, bank, calm):
        """Absences: leaving, a full occlusion, vanishing; and cuts to another shot and back."""
        rng, frames = self.rng, self.frames
        if frames < 3 or calm and rng.random() < 0.5:
            return
        for at in list(self.tracked):
            if rng.random() > self.shares.absence:
                continue
            begin = int(rng.integers(1, frames))
            end = min(frames, begin + 1 + int(rng.integers(1, max(2, frames // 2 + 1))))
            path = self.layers[at].path
            kind = rng.choice(["leave", "cover", "vanish"], p=[0.4, 0.35, 0.25])
            if kind == "leave":
                leave(rng, path, self.aspect, begin, end)
            elif kind == "vanish":
                path.shown[begin:end] = False
            else:
                self._cover(bank, path, begin, end)
        if rng.random() < 0.12:
            self._cut(bank)

    def _cover(self, bank, path, begin, end):
        """A large thing slides over the object, stays while it hides it, and slides on."""
        rng = self.rng
        outline = radial_outline(rng, str(rng.choice(["blob", "polygon", "ellipse"])))
        slab = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * 0.95
        shape = polygon_alpha(slab if rng.random() < 0.6 else outline)
        cover = Path(rng, self.frames, self.aspect, True)
        cover.size = 1.0
        cover.flat[:] = 1
        cover.scale = path.size * path.scale * rng.uniform(1.2, 1.7)
        cover.angle[:] = rng.uniform(-0.3, 0.3)
        way = rng.normal(0, 1, 2)
        way /= np.linalg.norm(way) + 1e-6
        rush = rng.uniform(0.5, 1.2)
        for t in range(self.frames):
            late = min(0, t - begin) + max(0, t - end + 1)
            cover.place[t] = path.place[t] + way * late * rush * cover.scale[t]
        thing = Sprite(rng, [dress(bank.pattern(rng, SIDE, SIDE), shape)], self.frames, 0)
        self.layers.append(Layer(rng, thing, cover))

    def _cut(self, bank):
        """From a frame on another shot; sometimes back. Objects may be missing there, or elsewhere."""
        rng, frames = self.rng, self.frames
        begin = int(rng.integers(1, frames))
        end = frames if rng.random() < 0.5 else min(frames, begin + int(rng.integers(1, frames)))
        self.shots.append((Background(rng, bank, self.side, frames, False, self.shares), Camera(rng, frames)))
        self.shot_of[begin:end] = 1
        for layer in self.layers:
            if rng.random() < 0.45:
                layer.path.shown[begin:end] = False
            else:
                layer.path.offset[begin:end] += rng.uniform(-0.5, 0.5, 2)
                layer.path.scale[begin:end] *= np.exp(rng.uniform(-0.6, 0.6))

    def render(self):
        """Frames uint8 [T, S, S, 3] and visible masks uint8 [K, T, S, S]."""
        side = self.side
        order = list(self.tracked)
        count = len(order) + int(bool(self.natural))
        frames = np.empty((self.frames, side, side, 3), np.uint8)
        masks = np.zeros((count, self.frames, side, side), np.uint8)
        to_pixels = np.array([[side / 2 / self.aspect, 0, side / 2], [0, side / 2, side / 2], [0, 0, 1]])
        for t in range(self.frames):
            background, camera = self.shots[self.shot_of[t]]
            picture, region = background.draw(t, camera.matrix(t), self.aspect)
            canvas = picture.astype(np.float32)
            shown = np.zeros((count, side, side), np.float32)
            if self.natural and region is not None:
                shown[-1] = region
            view = to_pixels @ camera.matrix(t)
            for at, layer in enumerate(self.layers):
                drawn = layer.draw(t, view, side, self.blurred)
                if drawn is None:
                    continue
                colour, alpha, x, y = drawn
                high, wide = alpha.shape
                window = (slice(y, y + high), slice(x, x + wide))
                if layer.shadow:
                    self._cast(canvas, alpha, layer.shadow, x, y)
                left = 1 - alpha
                canvas[window] *= left[..., None]
                canvas[window] += colour
                shown[(slice(None), *window)] *= left
                if at in order:
                    shown[order.index(at)][window] += alpha
            frames[t] = self.degrade(np.clip(canvas, 0, 255).astype(np.uint8), t)
            masks[:, t] = shown > 0.5
        return frames, masks

    def _cast(self, canvas, alpha, strength, x, y):
        """A soft shadow below and beside the object; it belongs to no mask."""
        high, wide = alpha.shape
        y += int(high * 0.12)
        x += int(wide * 0.06)
        inside = alpha[: max(0, self.side - y), : max(0, self.side - x)]
        if inside.size:
            soft = cv2.GaussianBlur(inside, (0, 0), 4)
            canvas[y:y + inside.shape[0], x:x + inside.shape[1]] *= (1 - strength * soft)[..., None]


def make_clip(rng, bank, frames, side, tracked=2, calm=False, shares=HELD_OUT):
    """A clip whose first frame shows every tracked object: frames [T, S, S, 3], masks [K, T, S, S]."""
    while True:
        images, masks = Scene(rng, bank, frames, side, tracked, calm, shares).render()
        start = masks[:, 0].reshape(len(masks), -1).mean(1)
        if len(masks) == tracked and (start > SMALLEST_START).all() and (start < LARGEST_START).all():
            return images, masks
