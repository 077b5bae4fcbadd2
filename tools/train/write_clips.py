"""Writes held-out generated clips in DAVIS's layout, for `masklet eval`: the shipped engine, its policies, other programs."""

import argparse
import os

import cv2
import numpy as np
from PIL import Image

import evaluate
from clips import TextureBank

QUALITY = 95
PALETTE = [0, 0, 0, 255, 80, 0, 0, 160, 255, 60, 200, 60]


def write(folder, images, masks):
    """JPEGImages and Annotations of one clip; objects are 1, 2, ... in the order of the masks."""
    name = os.path.basename(folder)
    pictures, annotations = (os.path.join(os.path.dirname(folder), kind, name) for kind in ("JPEGImages", "Annotations"))
    os.makedirs(pictures, exist_ok=True)
    os.makedirs(annotations, exist_ok=True)
    labels = (masks * np.arange(1, len(masks) + 1, dtype=np.uint8)[:, None, None, None]).max(0)
    for t, (image, label) in enumerate(zip(images, labels)):
        cv2.imwrite(os.path.join(pictures, f"{t:05}.jpg"), image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        annotation = Image.fromarray(label, "P")
        annotation.putpalette(PALETTE)
        annotation.save(os.path.join(annotations, f"{t:05}.png"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", required=True, help="the data set's folder")
    parser.add_argument("--textures", default=None, help="folder of photographs; its held-out clips are used")
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--side", type=int, default=480, help="of the pictures, in pixels")
    parser.add_argument("--seed", type=int, default=90210, help="measure.py's is 424242")
    options = parser.parse_args()
    bank = TextureBank(options.textures, "held-out")
    clips = evaluate.held_out_clips(bank, options.side, options.clips, options.frames, options.seed)
    for at, (images, masks) in enumerate(clips):
        write(os.path.join(options.to, f"clip-{at:02}"), images, masks)
