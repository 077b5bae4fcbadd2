"""Scores weights and three baselines on video sequences with annotated frames (DAVIS layout).

J is the region similarity at video size, averaged over the frames after the prompted one and then over
sequences. Nothing here is used to train or to choose weights.
"""

import glob
import os

import cv2
import numpy as np
import torch
from torch.nn import functional as F

from baselines import baselines
from evaluate import jaccard
from prompts import centre_click
from tracker import Tracker, to_input

STRETCHES = ((1, 5), (6, 15), (16, 24))


def sequences(root):
    return sorted(os.listdir(os.path.join(root, "JPEGImages")))


def load(root, name):
    """(frames RGB, masks bool) of a sequence."""
    frames = sorted(glob.glob(os.path.join(root, "JPEGImages", name, "*.jpg")))
    masks = sorted(glob.glob(os.path.join(root, "Annotations", name, "*.png")))
    return ([cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB) for path in frames],
            [cv2.imread(path, cv2.IMREAD_GRAYSCALE) > 0 for path in masks])


def encode(model, frames):
    with torch.no_grad():
        return [model.encode_images(to_input(frame, model.input_px)) for frame in frames]


def predict(model, encoded, first_mask, kind, **ablation):
    """Masks at video size of every frame after the first, from its mask or from one click at its centre."""
    height, width = first_mask.shape
    tracker = Tracker(model, **ablation)
    if kind == "mask":
        tracker.prompt_mask(0, encoded[0], first_mask)
    else:
        x, y = centre_click(first_mask)
        side = model.input_px
        tracker.prompt_points(0, encoded[0], [[x / width * side, y / height * side]], [1])
    out = []
    for t in range(1, len(encoded)):
        low = tracker.track(t, encoded[t])["low_res"]
        out.append((F.interpolate(low, size=(height, width), mode="bilinear", align_corners=False)[0, 0] > 0).numpy())
    return out


def by_stretch(values, limit):
    """Mean J of a list over frames 1, 2, ... up to `limit`, over stretches of them, and over all."""
    out = {"j": float(np.mean(values[:limit - 1])), "j_whole": float(np.mean(values))}
    for low, high in STRETCHES:
        part = values[low - 1:high]
        out[f"j_{low}_to_{high}"] = float(np.mean(part)) if len(part) else None
    return out


def score(model, root, limit=25, log=print):
    """{method: {sequence: {...}, "mean": {...}}} for the model's prompts and ablations, and the baselines. Nothing looks
    ahead, so one way through a sequence gives the scores of its first `limit` frames and of the whole."""
    table = {}
    for name in sequences(root):
        frames, masks = load(root, name)
        encoded = encode(model, frames)
        found = {**baselines(frames, masks[0]),
                 "mask": predict(model, encoded, masks[0], "mask"),
                 "click": predict(model, encoded, masks[0], "click"),
                 "mask, first frame's memory only": predict(model, encoded, masks[0], "mask", only_first=True),
                 "mask, no pointers": predict(model, encoded, masks[0], "mask", use_pointers=False)}
        for method, guesses in found.items():
            values = [jaccard(guess, truth) for guess, truth in zip(guesses, masks[1:])]
            table.setdefault(method, {})[name] = by_stretch(values, limit)
        log(name, {method: round(rows[name]["j"], 3) for method, rows in table.items()})
    for rows in table.values():
        keys = next(iter(rows.values())).keys()
        rows["mean"] = {key: float(np.mean([row[key] for row in rows.values()])) for key in keys}
    return table
