#!/usr/bin/python3
"""Holds the networks as core writes them against ONNX's own checker, and against what the hosts rely on.

    tests/graphs/check.py MASKLET_BINARY

Every network of the golden models, and of nano-b and SAM 2.1 tiny where shared/fixtures stands beside the checkout,
goes through onnx.checker with full checks (types and shapes inferred) and must have: opset 17 of ai.onnx alone, no
control flow, no complex numbers, ranks of at most 4, and the inputs and outputs of core/graph/networks.h.
Needs onnx and numpy (python3-onnx, python3-numpy). Exit code 1 where a network fails.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnx

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
SHARED = REPOSITORY.parent / "shared" / "fixtures"
OPSET, MOST_DIMENSIONS = 17, 4
CONTROL_FLOW = {"If", "Loop", "Scan", "SequenceMap"}
COMPLEX = {onnx.TensorProto.COMPLEX64, onnx.TensorProto.COMPLEX128}

# The constants of core/graph/networks.h that each network takes and gives.
INTERFACE = {
    "image_encoder": (["kImage"], ["kVisionTokens", "kHighRes0", "kHighRes1"]),
    "memory_attention": (["kVisionTokens", "kSpatialMemory", "kTemporalRow", "kPointers", "kPointerTime"],
                         ["kConditionedTokens"]),
    "mask_decoder": (["kFeatureTokens", "kHighRes0", "kHighRes1", "kNoMemory", "kPoints", "kLabels", "kMaskPrompt",
                      "kHasMask"], ["kMasks", "kIous", "kTokenPointers", "kObjectScore"]),
    "memory_encoder": (["kVisionTokens", "kMaskLogits", "kBinarise", "kNoObject"], ["kMemory"]),
}


class Broken(Exception):
    """A network that is not as it must be; the message says how."""


def declared_names():
    """Constant to tensor name, as networks.h declares them."""
    header = (REPOSITORY / "core" / "graph" / "networks.h").read_text()
    return dict(re.findall(r'string_view (k\w+) = "(\w+)";', header))


def require(holds, message):
    if not holds:
        raise Broken(message)


def check_interface(name, graph, names):
    # An input with a value of its own is a weight, as f16 ones are kept.
    stored = {initializer.name for initializer in graph.initializer}
    inputs = [value for value in graph.input if value.name not in stored]
    for kind, constants, values in (("inputs", INTERFACE[name][0], inputs),
                                    ("outputs", INTERFACE[name][1], graph.output)):
        expected = {names[constant] for constant in constants}
        found = {value.name for value in values}
        require(found == expected, f"its {kind} are {sorted(found)}, but networks.h has {sorted(expected)}")


def check_values(graph):
    """Types and ranks of all tensors, named by shape inference or stored. Returns how many there were."""
    values = [*graph.input, *graph.output, *graph.value_info]
    for value in values:
        tensor = value.type.tensor_type
        require(value.type.HasField("tensor_type"), f"'{value.name}' is no tensor")
        require(tensor.elem_type not in COMPLEX, f"'{value.name}' holds complex numbers")
        require(tensor.HasField("shape"), f"the rank of '{value.name}' cannot be inferred")
        rank = len(tensor.shape.dim)
        require(rank <= MOST_DIMENSIONS, f"'{value.name}' has {rank} dimensions; at most {MOST_DIMENSIONS} are allowed")
    for stored in graph.initializer:
        require(stored.data_type not in COMPLEX, f"the weight '{stored.name}' holds complex numbers")
        require(len(stored.dims) <= MOST_DIMENSIONS,
                f"the weight '{stored.name}' has {len(stored.dims)} dimensions; at most {MOST_DIMENSIONS} are allowed")
    known = {value.name for value in values}
    for node in graph.node:
        for output in node.output:
            require(not output or output in known, f"shape inference does not reach '{output}' ({node.op_type})")
    return len(values) + len(graph.initializer)


def check_weights(graph, weights):
    """Every external tensor lies within the file of weights, with as many bytes as its shape says."""
    size = weights.stat().st_size
    for stored in graph.initializer:
        if stored.data_location != onnx.TensorProto.EXTERNAL:
            continue
        place = {entry.key: entry.value for entry in stored.external_data}
        begin, length = int(place["offset"]), int(place["length"])
        wanted = int(np.prod(stored.dims)) * onnx.mapping.TENSOR_TYPE_TO_NP_TYPE[stored.data_type].itemsize
        require(place["location"] == weights.name, f"the weight '{stored.name}' lies in '{place['location']}'")
        require(length == wanted and begin + length <= size,
                f"the weight '{stored.name}' has bytes {begin} to {begin + length}, but needs {wanted} within {size}")


def check_network(name, path, names):
    # By path: the weights lie outside, and large models do not fit a protobuf in memory.
    onnx.checker.check_model(str(path), full_check=True)
    model = onnx.load(str(path), load_external_data=False)
    opsets = {entry.domain or "ai.onnx": entry.version for entry in model.opset_import}
    require(opsets == {"ai.onnx": OPSET}, f"its operator sets are {opsets}; it must be ai.onnx {OPSET} alone")
    for node in model.graph.node:
        nested = any(field.type in (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS) for field in node.attribute)
        require(node.op_type not in CONTROL_FLOW and not nested,
                f"node '{node.name}' is control flow ({node.op_type}); graphs must run straight through")
    check_interface(name, model.graph, names)
    weights = path.parent / "weights.bin"
    check_weights(model.graph, weights)
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    count = check_values(inferred.graph)
    return f"{len(model.graph.node)} nodes, {count} tensors, {weights.stat().st_size / 1e6:.1f} MB"


def models(folder):
    """Title and arguments of each model. Checkpoints that are too large to keep are made in `folder`."""
    for case in ("golden", "golden-2.0"):
        at = REPOSITORY / "tests" / "fixtures" / case
        model = ["--model", at / "mini.safetensors", "--architecture", at / "model.json"]
        yield case, model
        if case == "golden":
            yield "golden, image mode", [*model, "--float-image"]
            yield "golden, attention in chunks of 7", [*model, "--attention-chunk", "7"]
            for dtype in ("f16", "q8"):
                yield f"golden, {dtype}", [*model, "--dtype", dtype]
    if not SHARED.is_dir():
        print("skipped nano-b and tiny: shared/fixtures does not stand beside the checkout")
        return
    yield "nano-b", ["--model", SHARED / "nano-b" / "nano_b_random.pt", "--architecture",
                     SHARED / "nano-b" / "architecture.json"]
    checkpoint = folder / "tiny.pt"
    subprocess.run(["/usr/bin/python3", SHARED / "make_checkpoint.py", SHARED / "tiny" / "weights.json", checkpoint],
                   check=True)
    yield "SAM 2.1 tiny", ["--model", checkpoint]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("masklet", type=pathlib.Path, help="the command line program")
    masklet = parser.parse_args().masklet.resolve()
    names = declared_names()
    failures = 0
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        for title, arguments in models(scratch):
            graphs = scratch / "graphs"
            command = [masklet, "graphs", *arguments, "-o", graphs]
            if subprocess.run(command, stdout=subprocess.DEVNULL).returncode:
                failures += len(INTERFACE)
                print(f"{title}: FAILED: could not be written by: " + " ".join(map(str, command)))
                continue
            for name in INTERFACE:
                try:
                    print(f"{title}: {name}: " + check_network(name, graphs / name / "model.onnx", names))
                except (Broken, onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
                    failures += 1
                    print(f"{title}: {name}: FAILED: {error}")
    print(f"{failures} networks failed" if failures else "all networks pass")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
