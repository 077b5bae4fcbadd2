"""Counts the multiplications of one tracked frame with a full memory."""

import torch
from torch.utils._python_dispatch import TorchDispatchMode


class Counter(TorchDispatchMode):
    """Adds up multiply-accumulates of matrix products and convolutions."""

    def __init__(self):
        super().__init__()
        self.total = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        name = function.__name__.split(".")[0]
        if name == "convolution":
            weight, transposed = args[1], args[6]
            pixels = args[0].numel() // args[0].shape[1] if transposed else out.numel() // out.shape[1]
            self.total += pixels * weight.numel()
        elif name in ("mm", "bmm", "addmm", "baddbmm"):
            left = args[1] if name in ("addmm", "baddbmm") else args[0]
            self.total += out.numel() * left.shape[-1]
        return out


def gflop_per_frame(model):
    """Encoder, memory attention over 7 memories and 16 pointers, decoder and memory encoder: 2 x MACs / 1e9."""
    side = model.input_px
    memory = torch.zeros(1, model.side ** 2, model.arch["mem_dim"])
    pointer = torch.zeros(1, model.arch["d_model"])
    with torch.no_grad(), Counter() as counter:
        features, high0, high1 = model.encode_images(torch.zeros(1, 3, side, side))
        rows = model.arch["num_maskmem"]
        seen = model.attend_memory(features, [(memory, row) for row in range(rows)], [(pointer, d) for d in range(16)])
        model.decode(seen, high0, high1)
        model.encode_memory(features, torch.zeros(1, 1, side, side), torch.ones(1, 1))
    return 2 * counter.total / 1e9
