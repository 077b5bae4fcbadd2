"""Where pixels come from: photographs of a folder and their regions, or procedural patterns."""

import glob
import os

import cv2
import numpy as np

from .movers import find_chains

HELD_OUT_EVERY = 8  # of the clips that the photographs were taken from, this share is for evaluation only


def source_clip(path):
    """The clip that a frame belongs to: its file name without the number at the end."""
    return os.path.basename(path).rsplit("_", 1)[0]


class TextureBank:
    """Photographs in two sizes, the regions that graph segmentation finds in them, and the objects that moved between them.

    regions: (index of the photograph, x, y, mask), at the small size; chains: lists of such, one object on successive photographs.

    split: "train", "held-out" or "all"; without a folder every texture is procedural.
    """

    def __init__(self, folder=None, split="train", cache=None):
        self.large, self.small, self.regions, self.chains, self.clips = [], [], [], [], {}
        paths = sorted(glob.glob(os.path.join(folder, "*.jpg"))) if folder else []
        names = sorted({source_clip(path) for path in paths})
        held_out = set(names[::HELD_OUT_EVERY])
        for path in paths:
            if split != "all" and (source_clip(path) in held_out) != (split == "held-out"):
                continue
            image = cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB)
            self.clips.setdefault(source_clip(path), []).append(len(self.large))
            self.large.append(image)
            self.small.append(cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
        if self.large:
            found = stored(cache and os.path.join(cache, f"objects-{split}.npz"), self._find)
            self.regions, self.chains = list(found["regions"]), list(found["chains"])

    def __len__(self):
        return len(self.large)

    def _find(self):
        regions = [region for at in range(len(self)) for region in find_regions(at, self.small[at])]
        chains = [chain for members in self.clips.values()
                  for chain in find_chains(members[0], [self.small[at] for at in members])]
        return {"regions": regions, "chains": chains}

    def mover(self, rng):
        """A chain, and one of its members: any of all chains' with the same chance."""
        lengths = np.array([len(chain) for chain in self.chains])
        chain = self.chains[int(rng.choice(len(lengths), p=lengths / lengths.sum()))]
        return chain, int(rng.integers(len(chain)))

    def pattern(self, rng, height, width, photo=None, largest=0.8):
        """A crop of a photograph or a procedural pattern, uint8 [height, width, 3]; largest: share of the photograph's height."""
        if len(self) and rng.random() < 0.75:
            at = rng.integers(len(self)) if photo is None else photo
            source = self.small[at] if rng.random() < 0.6 else self.large[at]
            high = int(source.shape[0] * rng.uniform(min(0.15, largest / 4), largest))
            wide = min(source.shape[1], max(8, int(high * width / height)))
            y, x = rng.integers(source.shape[0] - high + 1), rng.integers(source.shape[1] - wide + 1)
            crop = cv2.resize(source[y:y + high, x:x + wide], (width, height), interpolation=cv2.INTER_LINEAR)
            return np.ascontiguousarray(crop[:, ::-1]) if rng.random() < 0.5 else crop
        return procedural(rng, height, width)


def stored(path, find):
    """What `find` returns (lists by name), read from a file where it has been found before; path: None for no file."""
    if path and os.path.exists(path):
        with np.load(path, allow_pickle=True) as kept:
            return dict(kept)
    found = find()
    if path:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        packed = {name: np.empty(len(items), object) for name, items in found.items()}
        for name, items in found.items():
            packed[name][:] = items
        temporary = f"{path}.{os.getpid()}.npz"
        np.savez_compressed(temporary, **packed)
        os.replace(temporary, path)
    return found


def find_regions(index, image):
    """Regions of a photograph at three coarsenesses: (index, x, y, mask), at the small size."""
    found = []
    area = image.shape[0] * image.shape[1]
    for scale, smallest in ((150, 60), (500, 150), (1200, 400)):
        cutter = cv2.ximgproc.segmentation.createGraphSegmentation(0.6, scale, smallest)
        labels = cutter.processImage(image)
        sizes = np.bincount(labels.ravel())
        for label in np.nonzero((sizes > 0.003 * area) & (sizes < 0.3 * area))[0]:
            ys, xs = np.nonzero(labels == label)
            y, x, y1, x1 = ys.min(), xs.min(), ys.max() + 1, xs.max() + 1
            if len(ys) < 0.25 * (y1 - y) * (x1 - x) or min(y1 - y, x1 - x) < 8:
                continue
            mask = (labels[y:y1, x:x1] == label).astype(np.uint8)
            mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
            found.append((index, int(x), int(y), mask))
    return found


def smooth_noise(rng, height, width, cells, channels=1):
    """Smooth random field with standard normal knots, float32 [height, width, channels]."""
    knots = rng.standard_normal((cells, cells, channels)).astype(np.float32)
    return cv2.resize(knots, (width, height), interpolation=cv2.INTER_CUBIC).reshape(height, width, channels)


def random_colour(rng):
    colour = rng.uniform(0, 255, 3) if rng.random() < 0.6 else np.full(3, rng.uniform(10, 245)) + rng.normal(0, 12, 3)
    return colour.astype(np.float32)


def procedural(rng, height, width):
    """Noise, stripes, checks, spots, or a gradient between two colours."""
    first, second = random_colour(rng), random_colour(rng)
    kind = rng.choice(["noise", "stripes", "checks", "spots", "gradient", "grain"])
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / max(height, width)
    turn = rng.uniform(0, np.pi)
    along, across = x * np.cos(turn) + y * np.sin(turn), -x * np.sin(turn) + y * np.cos(turn)
    pitch = rng.uniform(4, 28)
    if kind == "noise":
        mix = sum(smooth_noise(rng, height, width, cells)[..., 0] / (at + 1)
                  for at, cells in enumerate((3, 6, 13, 28))) * 0.5 + 0.5
    elif kind == "stripes":
        mix = np.sin(along * pitch * 2 * np.pi) * rng.uniform(0.6, 4) + 0.5
    elif kind == "checks":
        mix = np.sin(along * pitch * np.pi) * np.sin(across * pitch * np.pi) * 4 + 0.5
    elif kind == "spots":
        mix = (np.cos(along * pitch * 2 * np.pi) + np.cos(across * pitch * 2 * np.pi)) * 2 - 0.7
    else:
        mix = along
    image = first + (second - first) * np.clip(mix, 0, 1)[..., None]
    if kind == "grain" or rng.random() < 0.5:
        image = image + rng.normal(0, rng.uniform(2, 18), (height, width, 1)).astype(np.float32)
    return np.clip(image, 0, 255).astype(np.uint8)
