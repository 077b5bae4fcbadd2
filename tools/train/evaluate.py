"""Scores a model on generated clips: J by stretch of frames, absence, re-entry, ablations."""

from collections import defaultdict

import cv2
import numpy as np
import torch

from baselines import baselines
from clips import make_clip
from clips.scene import on_picture
from clips.shares import CALM
from prompts import centre_click
from tracker import Tracker, normalise, to_input

VISIBLE = 24 / 256 ** 2  # share of the frame: an object that shows less is not judged
STRETCHES = ((1, 5), (6, 15), (16, 1000))
SMALLEST_MOVER = 0.01
SIZES = (0.005, 0.02, 0.08)  # of the object on the first frame, as shares of the frame: borders between what is summed up apart


def held_out_clips(bank, side, count, frames, seed=90210):
    """The same clips for the same seed and textures: [(frames, masks)]; every other one is calm."""
    return [make_clip(np.random.default_rng([seed, at]), bank, frames, side, 2, at % 2 == 1) for at in range(count)]


def calm_clips(bank, side, count, frames, seed):
    """Clips in slow motion whose objects are there all the time, nearer to what first experiments were scored on."""
    return [make_clip(np.random.default_rng([seed, at]), bank, frames, side, 2, True, CALM) for at in range(count)]


def at_size(images, masks, side):
    """A clip at a smaller size, for evaluations while training is still on small pictures."""
    if images.shape[1] == side:
        return images, masks
    small = np.stack([cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA) for image in images])
    flat = [cv2.resize(mask, (side, side), interpolation=cv2.INTER_AREA) for mask in masks.reshape(-1, *masks.shape[2:]) * 255]
    return small, (np.stack(flat) > 127).astype(np.uint8).reshape(*masks.shape[:2], side, side)


def encode_clip(model, images):
    with torch.no_grad():
        parts = [model.encode_images(normalise(images[t:t + 4]).to(model.no_mem_embed.device))
                 for t in range(0, len(images), 4)]
    return [torch.cat(level) for level in zip(*parts)]


def track(model, encoded, mask, kind, **ablation):
    """[(predicted mask, object score)] of every frame after the first; masks at a quarter enlarged by 4."""
    tracker = Tracker(model, **ablation)
    at = lambda t: [level[t:t + 1] for level in encoded]
    if kind == "mask":
        tracker.prompt_mask(0, at(0), mask)
    else:
        tracker.prompt_points(0, at(0), [centre_click(mask)], [1])
    out = []
    for t in range(1, len(encoded[0])):
        step = tracker.track(t, at(t))
        out.append(((model.enlarge(step["low_res"])[0, 0] > 0).cpu().numpy(), float(step["score"])))
    return out


def jaccard(guess, truth):
    union = (guess | truth).sum()
    return 1.0 if union == 0 else (guess & truth).sum() / union


class Scores:
    """Collects frames and sums them up."""

    def __init__(self):
        self.seen, self.absent, self.refound = [], [], []
        self.false_absence = []

    def add(self, results, truth_tss):
        gone_before, size = False, truth_tss[0].mean()
        for t, (guess, score) in enumerate(results, 1):
            truth = truth_tss[t].astype(bool)
            area = truth.sum()
            if area >= VISIBLE * truth.size:
                self.seen.append((t, size, jaccard(guess, truth)))
                self.false_absence.append(score <= 0)
                if gone_before:
                    later = [jaccard(g, truth_tss[s].astype(bool)) for s, (g, _) in enumerate(results, 1)
                             if t <= s < t + 5 and truth_tss[s].mean() >= VISIBLE]
                    self.refound.append(max(later) > 0.5)
                gone_before = False
            elif area == 0:
                self.absent.append(score <= 0)
                gone_before = True

    def summary(self):
        mean = lambda values: float(np.mean(values)) if len(values) else None
        out = {"j": mean([j for *_, j in self.seen]), "frames": len(self.seen),
               "absent_hit": mean(self.absent), "absent_frames": len(self.absent),
               "false_absence": mean(self.false_absence),
               "refound": mean(self.refound), "returns": len(self.refound)}
        for low, high in STRETCHES:
            name = f"j_{low}_to_{high}" if high < 1000 else f"j_from_{low}"
            out[name] = mean([j for t, _, j in self.seen if low <= t <= high])
        out["j_by_size"] = [mean([j for _, size, j in self.seen if low <= size < high])
                            for low, high in zip((0, *SIZES), (*SIZES, 1))]
        return out


VARIANTS = {
    "mask": ("mask", {}), "click": ("click", {}),
    "no_pointers": ("mask", {"use_pointers": False}), "no_memory": ("mask", {"use_spatial": False}),
    "first_only": ("mask", {"only_first": True}),
}


def evaluate(model, clips, names):
    """{variant: summary} over all tracked objects of the clips."""
    model.eval()
    scores = {name: Scores() for name in names}
    for images, masks in clips:
        encoded = encode_clip(model, images)
        for truth in masks:
            for name in names:
                kind, ablation = VARIANTS[name]
                scores[name].add(track(model, encoded, truth[0], kind, **ablation), truth)
    model.train()
    return {name: score.summary() for name, score in scores.items()}


def abort_rule(model, clips):
    """Does moving the click move the mask, and does it find the object? (change of the mask, J on the clicked frame).

    The change is 1 - IoU between the masks of clicks on two objects of the same frame.
    """
    model.eval()
    moved, found_j = [], []
    for images, masks in clips:
        encoded = [level[:1] for level in encode_clip(model, images[:1])]
        found = []
        for truth in masks:
            out = Tracker(model).prompt_points(0, encoded, [centre_click(truth[0])], [1])
            found.append((model.enlarge(out["low_res"])[0, 0] > 0).cpu().numpy())
            found_j.append(jaccard(found[-1], truth[0].astype(bool)))
        moved.append(1 - jaccard(found[0], found[1]))
    model.train()
    return float(np.mean(moved)), float(np.mean(found_j))


def click_on_movers(model, bank):
    """(mean IoU, number) of one click on each thing that moved between the bank's photographs, in its own place: real objects
    that nobody marked (clips/movers.py), so their masks are about right at best."""
    model.eval()
    found = []
    for chain in bank.chains:
        for region in chain:
            photograph = bank.small[region[0]]
            whole = cv2.resize(on_picture(region, photograph), (model.input_px,) * 2, interpolation=cv2.INTER_AREA) > 0.5
            if whole.mean() < SMALLEST_MOVER:
                continue
            with torch.no_grad():
                encoded = model.encode_images(to_input(bank.large[region[0]], model.input_px))
            out = Tracker(model).prompt_points(0, encoded, [centre_click(whole)], [1])
            found.append(jaccard((model.enlarge(out["low_res"])[0, 0] > 0).cpu().numpy(), whole))
    model.train()
    return (float(np.mean(found)) if found else None), len(found)


def baseline_scores(clips):
    """What trackers without a model score; they never say that the object is absent."""
    scores = defaultdict(Scores)
    for images, masks in clips:
        for truth in masks:
            for name, guesses in baselines(images, truth[0].astype(bool)).items():
                scores[name].add([(guess, 1.0) for guess in guesses], truth)
    return {name: score.summary() for name, score in scores.items()}
