"""Measures the shipped weights once, at the end: generated clips, annotated videos, size and cost.

Writes results.json into the run's folder; card.py turns it into the model's card.
"""

import argparse
import json
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor

import cv2
import torch

import davis
import evaluate
from clips import TextureBank
from cost import gflop_per_frame
from export import load_shipped

SEED = 424242  # of the generated clips; the evaluations during training use another
CALM_FRAMES = 16


def on_videos(options):
    prepare()
    return davis.score(load_shipped(options.model), options.davis, options.davis_frames,
                       lambda *row: print(*row, flush=True))


def on_clips(options):
    prepare()
    model = load_shipped(options.model)
    bank = TextureBank(options.textures, "held-out", os.path.join(options.run, "cache"))
    clips = evaluate.held_out_clips(bank, model.input_px, options.clips, options.frames, SEED)
    calm = evaluate.calm_clips(bank, model.input_px, options.clips, CALM_FRAMES, SEED)
    return ({**evaluate.evaluate(model, clips, list(evaluate.VARIANTS)), **evaluate.baseline_scores(clips)},
            {**evaluate.evaluate(model, calm, ["mask", "click"]), **evaluate.baseline_scores(calm)},
            evaluate.click_on_movers(model, bank))


def prepare():
    torch.set_num_threads(1)
    cv2.setNumThreads(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", required=True, help="the folder of the run, for its cache and results.json")
    parser.add_argument("--model", required=True, help="folder with model.json and model.safetensors")
    parser.add_argument("--textures", default=None, help="the folder that the run was trained with; its held-out clips are used")
    parser.add_argument("--davis", default=None, help="folder with JPEGImages and Annotations; none: skipped")
    parser.add_argument("--clips", type=int, default=16)
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--davis-frames", type=int, default=25)
    options = parser.parse_args()
    prepare()
    model = load_shipped(options.model)
    results = {"parameters": sum(p.numel() for p in model.parameters()), "gflop": gflop_per_frame(model),
               "bytes": os.path.getsize(os.path.join(options.model, "model.safetensors")), "arch": model.arch,
               "synthetic_seed": SEED, "synthetic_clips": options.clips, "synthetic_frames": options.frames,
               "calm_frames": CALM_FRAMES}
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        videos = pool.submit(on_videos, options) if options.davis else None
        clips = pool.submit(on_clips, options)
        if videos:
            results["davis_frames"], results["davis"] = options.davis_frames, videos.result()
        results["synthetic"], results["calm"], results["movers"] = clips.result()
    with open(os.path.join(options.run, "results.json"), "w") as file:
        json.dump(results, file, indent=1)
    print(json.dumps({name: row["j"] for name, row in results["synthetic"].items()}))


if __name__ == "__main__":
    main()
