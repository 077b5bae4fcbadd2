"""Writes a run's averaged weights as the model that ships: model.safetensors (f16) and model.json."""

import argparse
import json
import os

import torch

import weights
from sam2 import Sam2

LARGEST_BYTES = 8 << 20


def shipped(state):
    """Every tensor in f16, under the published names."""
    return {name: tensor.half() for name, tensor in state.items()}


def load_shipped(folder):
    """The model as it ships, computing in f32 on the f16 weights."""
    with open(os.path.join(folder, "model.json")) as file:
        model = Sam2(json.load(file)).eval()
    state = weights.read(os.path.join(folder, "model.safetensors"))
    model.load_state_dict({name: tensor.float() for name, tensor in state.items()}, strict=True)
    return model


def between(state, folder, share):
    """Weights on the line from a run's to those of an exported model, such as it began with: `share` of the latter's."""
    others = load_shipped(folder).state_dict()
    mine, theirs = ({name: tensor.shape for name, tensor in tensors.items()} for tensors in (state, others))
    if mine != theirs:
        raise SystemExit(f"{folder} has another architecture than the run: blend with a model that has the same, such as it began with")
    if not 0 <= share <= 1:
        raise SystemExit(f"share {share:g}: needs a number from 0, the run's weights alone, to 1, {folder}'s alone")
    return {name: tensor.lerp(others[name], share) for name, tensor in state.items()}


SCORE_BIAS = "sam_mask_decoder.pred_obj_score_head.layers.2.bias"


def export(source, folder, size=None, score_bias=0.0, blend=None):
    """Writes both files and returns the weights' bytes.

    `size` replaces the planned picture size (see sizes.py), `score_bias` is added to the object score, which is a logit: more of
    it calls fewer objects absent, rightly and wrongly. `blend`: a model's folder and its share in the weights.
    """
    stored = torch.load(source, map_location="cpu")
    if blend:
        stored["model"] = between(stored["model"], *blend)
    stored["model"][SCORE_BIAS] = stored["model"][SCORE_BIAS] + score_bias
    if size:
        if size % 32 or size // 4 % stored["arch"]["window_spec"][0]:
            raise SystemExit(f"size {size}: needs a multiple of 32 whose quarter the first window divides")
        stored["arch"]["image_size"] = size
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "model.safetensors")
    weights.write(path, shipped(stored["model"]), {"format": "pt", "license": "Apache-2.0"})
    with open(os.path.join(folder, "model.json"), "w") as file:
        json.dump(stored["arch"], file, indent=1)
        file.write("\n")
    size = os.path.getsize(path)
    if size > LARGEST_BYTES:
        raise SystemExit(f"{path} has {size} bytes; at most {LARGEST_BYTES} are allowed: choose a smaller architecture")
    load_shipped(folder)
    return size


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", required=True, help="the folder of a run, with averaged.pt")
    parser.add_argument("--to", default=os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                                     os.pardir, os.pardir, "models", "nano"))
    parser.add_argument("--size", type=int, default=None, help="picture size, if not the planned one")
    parser.add_argument("--score-bias", type=float, default=0.0, help="added to the object score")
    parser.add_argument("--blend", default=None, metavar="FOLDER", help="mix in the weights of an exported model of the same shape")
    parser.add_argument("--share", type=float, default=0.5, help="of that model in the mixture, 0 to 1")
    options = parser.parse_args()
    blend = (options.blend, options.share) if options.blend else None
    print(export(os.path.join(options.run, "averaged.pt"), options.to, options.size, options.score_bias, blend), "bytes")
