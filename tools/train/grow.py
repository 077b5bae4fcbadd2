"""Gives exported weights memories as wide as the features, with the same results: training goes on from there.

A memory is the last thing that the memory encoder computes, projected to `mem_dim` channels. Left unprojected it holds more,
and the projection moves into what reads it. Values carry no positions, so theirs is exact; keys do, and the position code of
the new width is another one, so their matrix is the one that gives the old keys best on memories of generated clips (0.998
of their variance, when nano's 16 channels became 64).
"""

import argparse
import json
import os

import cv2
import numpy as np
import torch

import weights
from clips import TextureBank, make_clip
from clips.shares import CALM
from export import load_shipped
from sam2 import Sam2
from tracker import normalise

CLIPS, RIDGE = 40, 1e-2  # the ridge is a share of the memories


@torch.no_grad()
def unprojected_memories(model, bank):
    """[N, d_model]: memories before their projection, of generated pictures and of masks sharp and soft."""
    encoder, found = model.memory_encoder, []
    for seed in range(CLIPS):
        images, masks = make_clip(np.random.default_rng([9, seed]), bank, 1, model.input_px, calm=True, shares=CALM)
        features = model.encode_images(normalise(images))[0]
        for mask in masks[:, 0].astype(np.float32):
            mask = cv2.GaussianBlur(mask, (0, 0), 3) if seed % 2 else mask
            scaled = (torch.from_numpy(mask)[None, None] * model.arch["sigmoid_scale_for_mem_enc"]
                      + model.arch["sigmoid_bias_for_mem_enc"])
            x = encoder.pix_feat_proj(features) + encoder.mask_downsampler(scaled)
            for layer in encoder.fuser.layers:
                x = layer(x)
            found.append(x.flatten(2)[0].t())
    return torch.cat(found)


@torch.no_grad()
def grow(old, bank):
    """A model with mem_dim = d_model that gives what `old` gives."""
    width = old.arch["d_model"]
    new = Sam2({**old.arch, "mem_dim": width}).eval()
    given, state = old.state_dict(), new.state_dict()
    state.update({name: value for name, value in given.items() if name in state and state[name].shape == value.shape})
    out, bias = given["memory_encoder.out_proj.weight"][:, :, 0, 0], given["memory_encoder.out_proj.bias"]
    back = torch.linalg.pinv(out).t()
    rows = given["maskmem_tpos_enc"][:, 0, 0]
    state["maskmem_tpos_enc"] = (rows @ back)[:, None, None]
    state["no_obj_embed_spatial"] = given["no_obj_embed_spatial"] @ back
    memories = unprojected_memories(old, bank)
    row = torch.randint(len(rows), (len(memories),), generator=torch.Generator().manual_seed(0))
    repeats = len(memories) // old.memory_position.shape[1]
    placed = memories @ out.t() + bias + old.memory_position[0].repeat(repeats, 1) + rows[row]
    inputs = memories + new.memory_position[0].repeat(repeats, 1) + (rows @ back)[row]
    inputs = torch.cat([inputs, torch.ones(len(inputs), 1)], 1).double()
    ridge = RIDGE * len(inputs) * torch.eye(width + 1).double()
    ridge[width, width] = 0
    for at in range(old.arch["memory_attention_layers"]):
        name = f"memory_attention.layers.{at}.cross_attn_image."
        keys = placed @ given[name + "k_proj.weight"].t() + given[name + "k_proj.bias"]
        fit = torch.linalg.solve(inputs.t() @ inputs + ridge, inputs.t() @ keys.double()).float()
        state[name + "k_proj.weight"], state[name + "k_proj.bias"] = fit[:width].t(), fit[width]
        state[name + "v_proj.weight"] = given[name + "v_proj.weight"] @ out
        state[name + "v_proj.bias"] = given[name + "v_proj.bias"] + given[name + "v_proj.weight"] @ bias
    new.load_state_dict(state)
    return new


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="folder with model.json and model.safetensors")
    parser.add_argument("--textures", default=None, help="folder of photographs for the clips; none: procedural only")
    parser.add_argument("--to", required=True, help="folder for the grown model, its weights in f32")
    options = parser.parse_args()
    torch.manual_seed(0)
    grown = grow(load_shipped(options.model), TextureBank(options.textures))
    os.makedirs(options.to, exist_ok=True)
    weights.write(os.path.join(options.to, "model.safetensors"), grown.state_dict(), {"format": "pt", "license": "Apache-2.0"})
    with open(os.path.join(options.to, "model.json"), "w") as file:
        json.dump(grown.arch, file, indent=1)
