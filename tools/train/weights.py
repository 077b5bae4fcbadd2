"""Reads and writes safetensors files (a length, a JSON header, raw little-endian tensors)."""

import json
import struct

import numpy as np
import torch

TO_NUMPY = {"F32": np.float32, "F16": np.float16, "U8": np.uint8, "I64": np.int64}
TO_NAME = {torch.float32: "F32", torch.float16: "F16", torch.uint8: "U8", torch.int64: "I64"}


def read(path):
    """Name to tensor; f16 stays f16."""
    with open(path, "rb") as file:
        size, = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        data = file.read()
    out = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        values = np.frombuffer(data[begin:end], TO_NUMPY[entry["dtype"]]).reshape(entry["shape"])
        out[name] = torch.from_numpy(values.copy())
    return out


def write(path, tensors, metadata=None):
    """Tensors in order of name; the header is padded so that the data is aligned to 8 bytes."""
    header, blobs, at = {}, [], 0
    if metadata:
        header["__metadata__"] = metadata
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        blob = tensor.numpy().tobytes()
        header[name] = {"dtype": TO_NAME[tensor.dtype], "shape": list(tensor.shape),
                        "data_offsets": [at, at + len(blob)]}
        blobs.append(blob)
        at += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for blob in blobs:
            file.write(blob)
