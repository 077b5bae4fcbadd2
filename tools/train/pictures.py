"""Draws what the shipped weights make of a few generated clips without photographs: the best, the middling, the worst."""

import argparse
import os

import cv2
import numpy as np
import torch

import evaluate
from clips import TextureBank
from export import load_shipped

SEED, CLIPS, FRAMES = 4711, 9, 16
MOST = 10  # of the frames must show an object that is drawn: a score over few of them says little
SHOWN = (0, 1, 3, 6, 10, 15)
CELL = 128
TRUE, GUESSED = (255, 255, 255), (255, 60, 40)


def outlined(image, mask, colour):
    """The image at the cell's size with the mask's outline."""
    big = cv2.resize(mask.astype(np.uint8), (CELL, CELL), interpolation=cv2.INTER_LINEAR)
    contours, _ = cv2.findContours(big, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(image, contours, -1, colour, 1, cv2.LINE_AA)
    return image


def row(images, truth, results):
    cells = []
    for t in SHOWN:
        cell = cv2.resize(images[t], (CELL, CELL), interpolation=cv2.INTER_AREA)
        cell = outlined(cell, truth[t], TRUE)
        cells.append(cell if t == 0 else outlined(cell, results[t - 1][0], GUESSED))
    return np.hstack(cells)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                                        os.pardir, os.pardir, "models", "nano"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    model = load_shipped(options.model)
    found = []
    for images, masks in evaluate.held_out_clips(TextureBank(None), model.input_px, CLIPS, FRAMES, SEED):
        encoded = evaluate.encode_clip(model, images)
        for truth in masks:
            results = evaluate.track(model, encoded, truth[0], "mask")
            scores = evaluate.Scores()
            scores.add(results, truth)
            summary = scores.summary()
            if summary["frames"] >= MOST:
                found.append((summary["j"], len(found), row(images, truth, results)))
    found.sort(key=lambda item: -item[0])
    chosen = [found[0], found[len(found) // 3], found[len(found) // 2], found[-2]]
    for j, _, _ in chosen:
        print(f"{j:.2f}")
    picture = np.vstack([image for _, _, image in chosen])
    cv2.imwrite(os.path.join(options.model, "examples.jpg"), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])


if __name__ == "__main__":
    main()
