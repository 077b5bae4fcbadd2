#!/usr/bin/python3
"""Holds J, F and their averages of `masklet eval` against the same numbers from NumPy and OpenCV.

    tests/evaluation/check.py MASKLET_BINARY

Drawn sequences (several objects, void pixels, empty masks, contact with the border) and, where shared/davis stands
beside the checkout, real ones go through both; every object's J and F on every frame must agree to 1e-12, and so must
mean, recall, decay and stretches. The definitions are DAVIS's, written here as they read and not as core computes
them: boundaries are dilated with a disk, quarters come from rounded even divisions. Then tools/eval makes
the baselines of a clip that `masklet synth` draws: the copied masks must score as the program's own row, and flow must
beat them.
Needs numpy, cv2 and PIL. Exit code 1 where numbers differ.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import cv2
import numpy as np
from PIL import Image

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
DAVIS = REPOSITORY.parent / "shared" / "davis"
REAL_FRAMES = 16
CLOSE = 1e-12
VOID = 255
STRETCHES = {"1-5": (1, 5), "6-20": (6, 20), "21-50": (21, 50), "51 on": (51, 10 ** 9)}


class Different(Exception):
    """Numbers that do not agree; the message says which."""


# The definitions
# ----------------------------------------------------------------------------------------------------------------------

def region_similarity(guess, truth, known):
    union = ((guess | truth) & known).sum()
    return (guess & truth & known).sum() / union if union else 1.0


def boundary(mask):
    """Pixels that differ from their right, lower or lower right neighbour; beyond the picture nothing differs."""
    padded = np.pad(mask, ((0, 1), (0, 1)), mode="edge")
    here = padded[:-1, :-1]
    right, below, across = padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]
    return (here != right) | (here != below) | (here != across)


def contour_accuracy(guess, truth, known):
    radius = int(np.ceil(0.008 * np.hypot(*truth.shape)))
    y, x = np.mgrid[-radius:radius + 1, -radius:radius + 1]
    disk = (x ** 2 + y ** 2 <= radius ** 2).astype(np.uint8)
    of_guess, of_truth = boundary(guess & known), boundary(truth & known)
    if not of_guess.any() and not of_truth.any():
        return 1.0
    if not of_guess.any() or not of_truth.any():
        return 0.0
    near_guess, near_truth = (cv2.dilate(edge.astype(np.uint8), disk) > 0 for edge in (of_guess, of_truth))
    precision = (of_guess & near_truth).sum() / of_guess.sum()
    recall = (of_truth & near_guess).sum() / of_truth.sum()
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def statistics(values):
    marks = (np.round(np.linspace(1, len(values), 5) + 1e-10) - 1).astype(int)
    quarters = [values[low:high + 1] for low, high in zip(marks, marks[1:])]
    return {"mean": np.mean(values), "recall": np.mean(np.array(values) > 0.5),
            "decay": np.mean(quarters[0]) - np.mean(quarters[3])}


def by_stretch(values):
    parts = {name: [value for frame, value in enumerate(values, 1) if low <= frame <= high]
             for name, (low, high) in STRETCHES.items()}
    return {name: np.mean(part) if part else None for name, part in parts.items()}


def mean_over_objects(objects):
    """What a row must say, from the values of each object: {"mean", "recall", "decay", "stretches"}."""
    rows = [statistics(values) for values in objects]
    out = {key: np.mean([row[key] for row in rows]) for key in rows[0]}
    stretches = [by_stretch(values) for values in objects]
    out["stretches"] = {}
    for name in STRETCHES:
        found = [stretch[name] for stretch in stretches if stretch[name] is not None]
        out["stretches"][name] = np.mean(found) if found else None
    return out


# Files
# ----------------------------------------------------------------------------------------------------------------------

def read_labels(path):
    """(ids, which pixels are known) of a mask file."""
    image = Image.open(path)
    labels = np.array(image)
    if image.mode == "P":
        return labels, labels != VOID
    return (labels != 0).astype(np.uint8), np.ones(labels.shape, bool)


def write_labels(path, labels):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(labels.astype(np.uint8), "P")
    image.putpalette([level for index in range(256) for level in (index, index, 255 - index)])
    image.save(path)


def expected(root, sequence, frames, guess_of):
    """{object: {"j": [...], "f": [...]}} of a sequence; `guess_of` gives a method's labels on a frame."""
    truths = [read_labels(path) for path in sorted((root / "Annotations" / sequence).glob("*.png"))[:frames]]
    ids = [int(i) for i in np.unique(truths[0][0]) if i and (truths[0][1] & (truths[0][0] == i)).any()]
    scores = {i: {"j": [], "f": []} for i in ids}
    for frame in range(1, len(truths) - 1):
        truth, known = truths[frame]
        guess = guess_of(frame, truths)
        for i in ids:
            scores[i]["j"].append(region_similarity(guess == i, truth == i, known))
            scores[i]["f"].append(contour_accuracy(guess == i, truth == i, known))
    return scores


# Comparing
# ----------------------------------------------------------------------------------------------------------------------

def require_close(what, found, wanted):
    if (found is None) != (wanted is None) or (found is not None and not abs(found - wanted) <= CLOSE):
        raise Different(f"{what} is {found}, but NumPy has {wanted}")


def require_row(what, found, objects):
    """A row's j and f, found in the JSON, against the values of its objects."""
    for measure in ("j", "f"):
        wanted = mean_over_objects([scores[measure] for scores in objects])
        for key in ("mean", "recall", "decay"):
            require_close(f"{what}: {measure} {key}", found[measure][key], wanted[key])
        for name in STRETCHES:
            require_close(f"{what}: {measure} of {name}", found[measure]["stretches"][name], wanted["stretches"][name])


def require_method(found, wanted):
    """One method of the JSON against {sequence: {object: ...}}. Returns how many values were compared."""
    count = 0
    for sequence in found["sequences"]:
        scores = wanted[sequence["name"]]
        if [entry["id"] for entry in sequence["objects"]] != sorted(scores):
            raise Different(f"{sequence['name']} has objects {sequence['objects']}, but NumPy scores {sorted(scores)}")
        for entry in sequence["objects"]:
            for measure in ("j", "f"):
                values = scores[entry["id"]][measure]
                if len(entry[measure]) != len(values):
                    raise Different(f"{len(entry[measure])} frames scored, but NumPy has {len(values)}")
                for frame, (a, b) in enumerate(zip(entry[measure], values), 1):
                    require_close(f"{found['name']}, {sequence['name']}, object {entry['id']}, frame {frame}: {measure}",
                                  a, b)
                    count += 1
        require_row(f"{found['name']}, {sequence['name']}", sequence, scores.values())
    require_row(found["name"], found, [scores for sequence in wanted.values() for scores in sequence.values()])
    return count


def evaluate(masklet, dataset, out, *arguments):
    """{method: its part of the JSON}."""
    path = out / "scores.json"
    subprocess.run([masklet, "eval", dataset, "--json", path, "--progress", "none", *arguments], check=True,
                   stdout=subprocess.DEVNULL)
    return {method["name"]: method for method in json.loads(path.read_text())["methods"]}


def copied(frame, truths):
    return truths[0][0]


# Cases
# ----------------------------------------------------------------------------------------------------------------------

def blobs(rng, height, width, ids, void):
    """Ellipses and rectangles of the ids, some over the border, and specks."""
    labels = np.zeros((height, width), np.uint8)
    for i in ids:
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        axes = (int(rng.integers(3, width // 3)), int(rng.integers(3, height // 3)))
        cv2.ellipse(labels, centre, axes, float(rng.integers(180)), 0, 360, int(i), -1)
    specks = rng.random((height, width)) < 0.002
    labels[specks] = rng.choice(ids, specks.sum())
    if void:
        cv2.circle(labels, (int(rng.integers(width)), int(rng.integers(height))), height // 6, VOID, 3)
    return labels


def draw_dataset(folder):
    """Three sequences and masks that somebody might have predicted for them."""
    rng = np.random.default_rng(7)
    for name, height, width, ids, void, frames in (("one", 48, 64, [1], False, 12), ("gaps", 97, 131, [2, 5], False, 31),
                                                   ("void", 240, 426, [1, 2, 3], True, 60)):
        for frame in range(frames):
            shown = ids if frame == 0 or frame % 5 else ids[1:]  # now and then the first one is gone
            truth = blobs(rng, height, width, shown, void) if shown else np.zeros((height, width), np.uint8)
            if frame == 0:
                truth[:3, :len(ids) * 3] = np.repeat(ids, 3)  # every id is there, in the corner
            guess = np.roll(truth, rng.integers(-4, 5, 2), (0, 1))
            guess = np.where(guess == VOID, 0, guess)
            if frame % 7 == 3:
                guess = np.zeros_like(guess)
            write_labels(folder / "data" / "Annotations" / name / f"{frame:05}.png", truth)
            write_labels(folder / "guess" / name / f"{frame:05}.png", guess)
            path = folder / "data" / "JPEGImages" / name / f"{frame:05}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.zeros((height, width, 3), np.uint8)).save(path)
    return folder / "data", folder / "guess"


def check_drawn(masklet, scratch):
    data, guesses = draw_dataset(scratch)
    names = ("one", "gaps", "void")
    found = evaluate(masklet, data, scratch, "--predicted", f"guess={guesses}")
    guessed = {name: expected(data, name, None, lambda frame, _: read_labels(guesses / name / f"{frame:05}.png")[0])
               for name in names}
    count = require_method(found["guess"], guessed)
    count += require_method(found["copy"], {name: expected(data, name, None, copied) for name in names})
    return f"{count} values of drawn sequences"


def check_real(masklet, scratch):
    names = sorted(path.name for path in (DAVIS / "Annotations").iterdir())
    found = evaluate(masklet, DAVIS, scratch, "--frames", str(REAL_FRAMES))
    count = require_method(found["copy"], {name: expected(DAVIS, name, REAL_FRAMES, copied) for name in names})
    return f"{count} values of {len(names)} real sequences"


def check_baselines(masklet, scratch):
    """tools/eval on a drawn clip, which makes the baselines' masks on the way."""
    clip, made, scores = scratch / "clip", scratch / "baselines", scratch / "scores.json"
    subprocess.run([masklet, "synth", "-o", clip, "--frames", "12", "--objects", "3", "--size", "160x120"], check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run([REPOSITORY / "tools" / "eval", clip, "--predicted", f"copy made={made / 'copy'}", "--frames", "10",
                    "--json", scores, "--progress", "none"], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, env={**os.environ, "MASKLET": str(masklet), "BASELINES": str(made)})
    found = {method["name"]: method for method in json.loads(scores.read_text())["methods"]}
    if found["copy made"]["sequences"] != found["copy"]["sequences"]:
        raise Different("the copied masks that tools/baselines writes do not score as the row 'copy'")
    if len(found["copy"]["sequences"][0]["objects"][0]["j"]) != 8:
        raise Different("of 10 frames not the 8 in the middle are scored")
    row = {name: method["j_and_f"] for name, method in found.items()}
    for method in ("median flow", "flow warp"):
        if not row[method] > row["copy"] + 0.05:
            raise Different(f"J&F of '{method}' is {row[method]:.3f}, hardly more than {row['copy']:.3f} of copying")
    return "baselines: " + ", ".join(f"{name} {value:.3f}" for name, value in row.items())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("masklet", type=pathlib.Path, help="the command line program")
    masklet = parser.parse_args().masklet.resolve()
    checks = [check_drawn, check_baselines]
    if DAVIS.is_dir():
        checks.append(check_real)
    else:
        print("skipped real sequences: shared/davis does not stand beside the checkout")
    failures = 0
    for check in checks:
        with tempfile.TemporaryDirectory() as scratch:
            try:
                print(f"agree    {check(masklet, pathlib.Path(scratch))}")
            except (Different, subprocess.CalledProcessError) as error:
                failures += 1
                print(f"DIFFERENT  {error}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
