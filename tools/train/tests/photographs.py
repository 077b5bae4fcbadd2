"""Photographs of one place that something crosses, for tests of what finds it."""

import os

import cv2
import numpy as np

from clips.textures import smooth_noise

PHOTOGRAPHS, STEP, PAN = 6, 40, 4  # pixels that the object and the camera move between two photographs


def photographs():
    """Views of one patterned place under a panning camera, and masks of a body in two colours with a leg, which crosses it."""
    rng = np.random.default_rng(2)
    place = np.clip(128 + sum(smooth_noise(rng, 240, 460, cells, 3) * 22 for cells in (6, 20, 60)), 0, 255).astype(np.uint8)
    images, masks = [], []
    for t in range(PHOTOGRAPHS):
        image = place[:, PAN * t:PAN * t + 427].copy()
        mask = np.zeros(image.shape[:2], np.uint8)
        x = 60 + STEP * t
        for colour, corner, size in (((230, 40, 40), (x, 90), (36, 40)), ((30, 30, 220), (x, 130), (36, 20)), ((240, 220, 60), (x + 8, 150), (8, 40))):
            for target, value in ((image, colour), (mask, 1)):
                cv2.rectangle(target, corner, (corner[0] + size[0] - 1, corner[1] + size[1] - 1), value, -1)
        images.append(image)
        masks.append(mask)
    return images, masks


def write(folder):
    """As the files of one clip, at the size that photographs have."""
    for t, image in enumerate(photographs()[0]):
        path = os.path.join(folder, f"one_{t:03}.jpg")
        cv2.imwrite(path, cv2.resize(image, None, fx=2, fy=2)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 97])
