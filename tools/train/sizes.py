"""J of a run's averaged weights at several picture sizes, on held-out generated clips; export.py --size takes the best.

A short run spends most of its steps on small pictures and may be better there than at the size it was planned for.
"""

import argparse
import os

import cv2
import torch

import evaluate
from clips import TextureBank
from sam2 import Sam2

SEED = 777  # neither the one of the evaluations during training nor the one of the final measurement


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", required=True)
    parser.add_argument("--textures", default=None)
    parser.add_argument("--sizes", type=int, nargs="+", default=[128, 160, 192])
    parser.add_argument("--clips", type=int, default=8)
    parser.add_argument("--frames", type=int, default=10)
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    stored = torch.load(os.path.join(options.run, "averaged.pt"), map_location="cpu")
    model = Sam2(stored["arch"])
    model.load_state_dict(stored["model"])
    bank = TextureBank(options.textures, "held-out", os.path.join(options.run, "cache"))
    clips = evaluate.held_out_clips(bank, max(options.sizes), options.clips, options.frames, SEED)
    for size in options.sizes:
        model.set_size(size)
        scores = evaluate.evaluate(model, [evaluate.at_size(*clip, size) for clip in clips], ["mask", "click"])
        print(size, {name: round(row["j"], 4) for name, row in scores.items()}, flush=True)


if __name__ == "__main__":
    main()
