"""Masks of the baselines that need no learning, from the first annotation of each sequence on.

    tools/baselines/run DIR OUT [--sequences A,B,...] [--frames N]

DIR is a dataset in DAVIS's layout, or one that `masklet synth` wrote, as `masklet eval` takes it. Writes indexed PNG
files, OUT/METHOD/SEQUENCE/00000.png, of the methods

    copy         the first annotation, unchanged
    median-flow  every object shifted by the median of the DIS optical flow inside it
    flow-warp    every object warped by the DIS optical flow

A sequence whose masks are there already is left alone. Needs OpenCV, NumPy and Pillow.
"""

import argparse
import os
import pathlib
import sys

import cv2
import numpy as np
from PIL import Image

METHODS = ("copy", "median-flow", "flow-warp")
IMAGES = {".jpg", ".jpeg", ".png"}


# Masks of one object
# ----------------------------------------------------------------------------------------------------------------------

class Shifted:
    """An object's mask, shifted from frame to frame by the median of the flow inside it."""

    def __init__(self, mask_hw):
        self.mask = mask_hw.astype(np.uint8)

    def step(self, forward):
        """`forward`: the flow from the frame before to this one."""
        if self.mask.any():
            dx, dy = np.median(forward[self.mask > 0], 0)
            size = self.mask.shape[::-1]
            self.mask = cv2.warpAffine(self.mask, np.float32([[1, 0, dx], [0, 1, dy]]), size, flags=cv2.INTER_NEAREST)
        return self.mask > 0


class Warped:
    """An object's mask, warped from frame to frame by the flow. It stays soft in between, so that it is rounded once."""

    def __init__(self, mask_hw):
        self.mask = mask_hw.astype(np.float32)
        height, width = mask_hw.shape
        self.grid = np.stack(np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)), -1)

    def step(self, backward):
        """`backward`: the flow from this frame back to the one before, where each pixel's value is fetched."""
        self.mask = cv2.remap(self.mask, self.grid + backward, None, cv2.INTER_LINEAR)
        return self.mask > 0.5


def flows(greys):
    """(forward, backward) DIS flow of each pair of neighbours among grey frames."""
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    before = None
    for after in greys:
        if before is not None:
            yield dis.calc(before, after, None), dis.calc(after, before, None)
        before = after


def flow_baselines(frames, first_mask):
    """(median, warp): boolean masks of one object on every RGB frame after the first."""
    shifted, warped, medians, warps = Shifted(first_mask), Warped(first_mask), [], []
    for forward, backward in flows(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames):
        medians.append(shifted.step(forward))
        warps.append(warped.step(backward))
    return medians, warps


# Several objects: a map of ids
# ----------------------------------------------------------------------------------------------------------------------

def merged(masks, shape):
    """A map of ids from {id: mask}, higher ids on top."""
    labels = np.zeros(shape, np.uint8)
    for object_id in sorted(masks):
        labels[masks[object_id]] = object_id
    return labels


def follow(greys, first_labels):
    """{method: labels} of every frame, the first included."""
    ids = [object_id for object_id in np.unique(first_labels) if object_id]
    shifted = {object_id: Shifted(first_labels == object_id) for object_id in ids}
    warped = {object_id: Warped(first_labels == object_id) for object_id in ids}
    yield dict.fromkeys(METHODS, first_labels)
    for forward, backward in flows(greys):
        yield {"copy": first_labels,
               "median-flow": merged({i: mask.step(forward) for i, mask in shifted.items()}, first_labels.shape),
               "flow-warp": merged({i: mask.step(backward) for i, mask in warped.items()}, first_labels.shape)}


# Files
# ----------------------------------------------------------------------------------------------------------------------

def read_labels(path):
    """Object ids: the indices of an indexed PNG without the void 255; in a grey one whatever is not 0 is object 1."""
    image = Image.open(path)
    labels = np.array(image)
    if image.mode != "P":
        return (labels != 0).astype(np.uint8)
    return np.where(labels == 255, 0, labels).astype(np.uint8)


def davis_palette():
    palette = np.zeros((256, 3), np.uint8)
    for index in range(256):
        for bit in range(8):
            palette[index, bit % 3] |= (index >> bit & 1) << (7 - bit // 3)
    return palette.ravel().tolist()


def write_labels(path, labels):
    image = Image.fromarray(labels, "P")
    image.putpalette(davis_palette())
    part = path.with_suffix(".part")
    image.save(part, "PNG")
    os.replace(part, path)


def sequences(root):
    """{name: (folder of frames, folder of annotations)}."""
    if (root / "JPEGImages").is_dir() and (root / "Annotations").is_dir():
        frames, masks = (folder / "480p" if (folder / "480p").is_dir() else folder
                         for folder in (root / "JPEGImages", root / "Annotations"))
        return {path.name: (path, masks / path.name) for path in sorted(frames.iterdir()) if path.is_dir()}
    if (root / "frames").is_dir() and (root / "masks").is_dir():
        return {root.resolve().name: (root / "frames", root / "masks")}
    sys.exit(f"tools/baselines: '{root}' is no dataset; it must hold JPEGImages/SEQUENCE and Annotations/SEQUENCE, "
             "or frames and masks")


def make_sequence(name, frames, masks, out, limit):
    """Writes what is missing of a sequence; returns whether anything was."""
    files = sorted(path for path in frames.iterdir() if path.suffix.lower() in IMAGES)[:limit]
    annotations = sorted(masks.glob("*.png")) if masks.is_dir() else []
    if not files or not annotations:
        sys.exit(f"tools/baselines: the sequence '{name}' lacks frames in '{frames}' or annotations in '{masks}'")
    names = [path.stem + ".png" for path in files]
    if all((out / method / name / file).exists() for method in METHODS for file in names):
        return False
    for method in METHODS:
        (out / method / name).mkdir(parents=True, exist_ok=True)
    greys = (cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2GRAY) for path in files)
    for file, labels in zip(names, follow(greys, read_labels(annotations[0]))):
        for method in METHODS:
            write_labels(out / method / name / file, labels[method])
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=pathlib.Path, help="folder in DAVIS's layout")
    parser.add_argument("out", type=pathlib.Path, help="folder for the masks")
    parser.add_argument("--sequences", help="only these, as A,B,...")
    parser.add_argument("--frames", type=int, help="only so many of each sequence, from its start")
    options = parser.parse_args()
    known = sequences(options.dataset)
    names = options.sequences.split(",") if options.sequences else list(known)
    for name in names:
        if name not in known:
            sys.exit(f"tools/baselines: there is no sequence '{name}'; the dataset has {', '.join(known)}")
        made = make_sequence(name, *known[name], options.out, options.frames)
        if made:
            print(f"baselines of {name}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
