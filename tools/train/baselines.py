"""What trackers without a model make of the first frame's mask: what nano has to beat."""

import cv2
import numpy as np


def baselines(frames, first_mask):
    """{method: masks of every frame after the first} of each of them."""
    medians, warps = flow_baselines(frames, first_mask)
    return {"copy": [first_mask] * (len(frames) - 1), "median flow": medians, "DIS warp": warps}


def flow_baselines(frames, first_mask):
    """(median, warp): the mask shifted by the median DIS flow inside it, and warped by that flow."""
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames]
    height, width = first_mask.shape
    grid = np.stack(np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)), -1)
    shifted, warped, medians, warps = first_mask.astype(np.uint8), first_mask.astype(np.float32), [], []
    for before, after in zip(grey, grey[1:]):
        if shifted.any():
            dx, dy = np.median(dis.calc(before, after, None)[shifted > 0], 0)
            shifted = cv2.warpAffine(shifted, np.float32([[1, 0, dx], [0, 1, dy]]), (width, height), flags=cv2.INTER_NEAREST)
        medians.append(shifted > 0)
        # From each pixel of the new frame back to where it was.
        warped = cv2.remap(warped, grid + dis.calc(after, before, None), None, cv2.INTER_LINEAR)
        warps.append(warped > 0.5)
    return medians, warps
