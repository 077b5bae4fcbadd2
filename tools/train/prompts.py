"""Prompts drawn from masks: clicks, boxes with loose corners, clicks on errors."""

import cv2
import numpy as np


def centre_click(mask_hw):
    """The pixel farthest from the mask's border (x, y)."""
    padded = np.pad(np.asarray(mask_hw, np.uint8), 1)
    distance = cv2.distanceTransform(padded, cv2.DIST_L2, 3)
    y, x = np.unravel_index(distance.argmax(), distance.shape)
    return [float(x - 1), float(y - 1)]


def click(rng, mask_hw):
    """Half of the time the centre, else any pixel that is not on the very edge."""
    if rng.random() < 0.5:
        return centre_click(mask_hw)
    inner = cv2.erode(mask_hw.astype(np.uint8), np.ones((5, 5), np.uint8))
    ys, xs = np.nonzero(inner if inner.any() else mask_hw)
    at = rng.integers(len(ys))
    return [float(xs[at]), float(ys[at])]


def box(rng, mask_hw, loose=0.08):
    """[[x0, y0], [x1, y1]] around the mask, each side off by up to `loose` of the extent."""
    ys, xs = np.nonzero(mask_hw)
    low, high = np.array([xs.min(), ys.min()], float), np.array([xs.max(), ys.max()], float)
    extent = high - low + 1
    side = mask_hw.shape[0]
    low = np.clip(low + rng.uniform(-loose, loose, 2) * extent, 0, side - 1)
    high = np.clip(high + rng.uniform(-loose, loose, 2) * extent, 0, side - 1)
    return [low.tolist(), high.tolist()]


def error_click(rng, truth_hw, guess_hw):
    """A click inside what is missed (label 1) or wrongly taken (label 0): (point, label)."""
    missed, taken = truth_hw & ~guess_hw, guess_hw & ~truth_hw
    wrong = missed if rng.random() * (missed.sum() + taken.sum()) < missed.sum() else taken
    if not wrong.any():
        wrong = truth_hw if truth_hw.any() else ~truth_hw
    label = int(truth_hw[wrong].mean() > 0.5)
    thick = cv2.erode(wrong.astype(np.uint8), np.ones((3, 3), np.uint8))
    ys, xs = np.nonzero(thick if thick.any() else wrong)
    at = rng.integers(len(ys))
    return [float(xs[at]), float(ys[at])], label
