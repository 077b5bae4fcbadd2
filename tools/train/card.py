"""Writes the model's card from a run's log and results.json: every number in it was measured."""

import argparse
import json
import os

import schedule
from evaluate import SIZES
from pictures import MOST
from plot import draw


def number(value, digits=3):
    return "not measured" if value is None else f"{value:.{digits}f}"


def percent(value):
    return "none seen" if value is None else f"{100 * value:.0f} %"


def change(value):
    return f"{round(value, 3) + 0.0:+.3f}"  # the sum makes a zero of a negative zero


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows])


BASELINES = {"copy": "baseline: copy the first mask", "median flow": "baseline: shift it by the median DIS flow",
             "DIS warp": "baseline: warp it by DIS flow"}


def read_log(path):
    with open(path) as file:
        return [json.loads(line) for line in file]


def architecture_lines(results):
    arch = results["arch"]
    return (f"{results['parameters'] / 1e6:.2f} M parameters, {results['bytes'] / 2 ** 20:.1f} MiB in f16, "
            f"{results['gflop']:.2f} GFLOP per tracked frame with a full memory (7 memories, 16 pointers). "
            f"Input {arch['image_size']} px, trunk width {arch['embed_dim']}, stages {arch['stages']}, "
            f"feature width {arch['d_model']}, memory width {arch['mem_dim']}, "
            f"{arch['memory_attention_layers']} layers of memory attention.")


def synthetic_section(results):
    names = {"mask": "mask on the first frame", "click": "one click on the first frame",
             "no_pointers": "mask, object pointers removed", "no_memory": "mask, spatial memories removed",
             "first_only": "mask, only the first frame's memory and pointer", **BASELINES}
    rows, calm = results["synthetic"], results["calm"]
    whole, prompts = rows["mask"], ("mask", "click", *BASELINES)
    stretches = lambda r: [number(r["j"]), number(r["j_1_to_5"]), number(r["j_6_to_15"])]
    lines = [[name, *stretches(rows[n]), number(rows[n]["j_from_16"]),
              percent(rows[n]["absent_hit"]), percent(rows[n]["false_absence"]), percent(rows[n]["refound"])]
             for n, name in names.items()]
    edges = [f"{100 * size:g} %" for size in SIZES]
    ranges = [f"under {edges[0]}", *(f"{low} to {high}" for low, high in zip(edges, edges[1:])), f"over {edges[-1]}"]
    return (f"{results['synthetic_clips']} clips of {results['synthetic_frames']} frames, two objects each, seed "
            f"{results['synthetic_seed']}, textures from source clips that training never saw. J over the "
            f"{whole['frames']} frames that show the object; {whole['absent_frames']} frames do not, and "
            f"{whole['returns']} times an object comes back (found again: J over 0.5 within five frames).\n\n"
            + table(["prompt", "J", "frames 1-5", "6-15", "16 on", "absence recognised", "false absence", "found again"], lines)
            + "\n\nJ by the object's share of the first frame:\n\n"
            + table(["prompt", *ranges], [[names[n], *(number(j) for j in rows[n]["j_by_size"])] for n in prompts])
            + f"\n\nAs many calm clips of {results['calm_frames']} frames, in which nothing leaves and nothing is covered on purpose:\n\n"
            + table(["prompt", "J", "frames 1-5", "6-15"], [[names[n], *stretches(calm[n])] for n in prompts])
            + movers_sentence(*results["movers"]))


def movers_sentence(iou, count):
    if not count:
        return ""
    return (f"\n\nOne click on each of {count} things that moved between photographs which training never saw gives an IoU of {number(iou)} "
            "with masks that motion gave (`clips/movers.py`), which are about right.")


def davis_section(results):
    if "davis" not in results:
        return "Not measured on annotated videos."
    rows = results["davis"]
    order = ["mask", "click", "mask, first frame's memory only", "mask, no pointers", *BASELINES]
    names = {"mask": "nano, mask", "click": "nano, one click", **BASELINES}
    head = ["method", "J", "frames 1-5", "6-15", "16-24", "whole sequences"]
    columns = ("j", "j_1_to_5", "j_6_to_15", "j_16_to_24", "j_whole")
    lines = [[names.get(n, "nano, " + n), *(number(rows[n]["mean"][k]) for k in columns)] for n in order]
    each = [name for name in rows["mask"] if name != "mean"]
    methods = ["mask", "click", *BASELINES]
    per = table(["sequence", *methods], [[name, *(number(rows[m][name]["j"]) for m in methods)] for name in each])
    return (f"The first {results['davis_frames']} frames of {len(each)} DAVIS sequences, J at video size without the prompted "
            "frame, and all of their frames; the click is the pixel of the first mask farthest from its border. Measured once, "
            "on the final weights; never used to train or to choose.\n\n" + table(head, lines) + "\n\n" + per)


def spans(log):
    """[phase, minutes by the clock, minutes of CPU, steps] in order; what was lost by stopping is left out."""
    rows, last = {}, None
    for entry in log:
        if "phase" in entry:
            last = rows.setdefault(entry["phase"], [entry["phase"], 0.0, 0.0, 0])
            before = entry
        elif last is not None and entry["step"] > before["step"]:
            for at, key, scale in ((1, "hours", 60), (2, "cpu_hours", 60), (3, "step", 1)):
                last[at] += max(0, entry[key] - before[key]) * scale
            before = entry
    return [[name, f"{clock:.0f}", f"{cpu:.0f}", steps] for name, clock, cpu, steps in rows.values()]


def earlier_section(runs):
    """On the runs whose weights this one began with, newest last."""
    if not runs:
        return ""
    whole = sum(run["cpu_hours"] for run in runs)
    each = "; ".join(f"{run['cpu_hours']:.2f} hours, {run['steps']} steps, of which the next run took {run['kept']}" for run in runs)
    return f" It began with the weights of an earlier run, {whole:.2f} CPU hours in all before it ({each})."


def training_section(log, runs, note):
    options = [e["options"] for e in log if "options" in e]
    last, first = log[-1], options[0]
    textures = next(e["textures"] for e in log if "textures" in e)
    rates = " then ".join(f"{rate:g}" for rate in dict.fromkeys(o.get("rate", schedule.RATE) for o in options))
    processes = " then ".join(dict.fromkeys(f"{o['processes']} process{'es' * (o['processes'] > 1)}" for o in options))
    held = next((o["hold_trunk"] for o in options if o.get("hold_trunk")), 0)
    trunk = f" The image encoder's trunk stayed as it was; all else learnt from what it makes of {held} clips per process." if held else ""
    cooled = " In the last part it fell to a hundredth of that in a straight line." if options[-1].get("cool") else ""
    return (f"{last['hours']:.2f} hours by the clock, {last['cpu_hours']:.2f} hours of CPU time in all, {last['step']} steps, "
            f"seed {first['seed']}, {processes} of {first['threads']} thread on {first['device']}.{trunk} "
            f"Data: clips from the generator in `tools/train/clips`, {textures} photographs as textures and for what moved between "
            f"them, no annotated picture or video. "
            f"Muon for matrices and AdamW for the rest, at a rate of {rates} after a warm-up.{cooled} The weights "
            f"are an exponential average.{earlier_section(runs)}"
            + (f" {note}" if note else "") + "\n\n"
            + table(["phase", "minutes by the clock", "minutes of CPU", "steps"], spans(log)))


def examples_section(folder):
    if not os.path.exists(os.path.join(folder, "examples.jpg")):
        return ""
    return ("![Four generated clips with outlines](examples.jpg)\n\nGenerated clips without photographs, 16 frames: of the objects "
            f"that show on {MOST} or more of them the best, two in the middle, and one of the worst (`tools/train/pictures.py`). "
            "White: the true mask, given on the first frame; red: nano's.\n\n")


def aims_section(results):
    synthetic, lines = results["synthetic"], []
    whole = synthetic["mask"]
    if "davis" in results:
        rows = results["davis"]
        better = [n for n in BASELINES if rows[n]["mean"]["j"] >= rows["mask"]["mean"]["j"]]
        if better:
            lines.append("On DAVIS these baselines are at least as good as the model with a mask prompt: " + ", ".join(better) + ".")
        lines.append(f"The first {results['davis_frames']} frames of DAVIS sequences: {number(rows['mask']['mean']['j'])} from a mask (aim: "
                     f"above the median flow, {number(rows['median flow']['mean']['j'])}), {number(rows['click']['mean']['j'])} from a click (aim 0.45).")
        best = max(rows[n]["mean"]["j_whole"] for n in BASELINES)
        lines.append(f"Whole DAVIS sequences from a mask: {number(rows['mask']['mean']['j_whole'])} (aim 0.42), "
                     f"the best baseline {number(best)}.")
        gain = rows["mask"]["mean"]["j"] - rows["mask, first frame's memory only"]["mean"]["j"]
        lines.append(f"Memory of its own predictions changes J on DAVIS by {change(gain)} against the first frame's memory alone (aim +0.02).")
        worst = sorted((row["j"], name) for name, row in rows["mask"].items() if name != "mean")[:3]
        lines.append("Worst sequences: " + ", ".join(f"{name} ({j:.2f})" for j, name in worst) + ".")
    lines.append(f"Removing pointers changes J on generated clips by {change(synthetic['no_pointers']['j'] - whole['j'])}, "
                 f"removing spatial memories by {change(synthetic['no_memory']['j'] - whole['j'])}.")
    lines.append(f"Absence: {percent(whole['absent_hit'])} of absent frames recognised (aim 85 %), "
                 f"{percent(whole['false_absence'])} of visible frames wrongly called absent (aim under 3 %), "
                 f"found again after absence {percent(whole['refound'])} (aim 60 %).")
    lines.append(f"Generated clips: J {number(whole['j'])} from a mask (aim 0.78), {number(synthetic['click']['j'])} from a click (aim 0.68).")
    return "\n".join("- " + line for line in lines)


def write(run, folder, note):
    log = read_log(os.path.join(run, "log.jsonl"))
    with open(os.path.join(run, "results.json")) as file:
        results = json.load(file)
    with open(os.path.join(folder, "earlier.json")) as file:
        runs = json.load(file)
    draw(os.path.join(run, "log.jsonl"), os.path.join(folder, "training.svg"))
    text = f"""# nano

A SAM 2.1 small enough to ship with the software: it turns a click, a box or a mask on one frame into a mask on the
others. It exists to show what the software does, offline; the published SAM 2.1 checkpoints are far more accurate.
It loads like them: `model.safetensors` holds the published parameter names in f16, `model.json` the architecture.

{architecture_lines(results)}

Licence of the weights: Apache-2.0.

## How it was trained

{training_section(log, runs, note)}

![The run's log: loss, J, object score, ablations](training.svg)

## Scores on generated clips

{synthetic_section(results)}

{examples_section(folder)}## Scores on real video

{davis_section(results)}

## Against its aims

{aims_section(results)}

This page is written by `tools/train/card.py` from the run's log and results.
"""
    with open(os.path.join(folder, "CARD.md"), "w") as file:
        file.write(text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", required=True)
    parser.add_argument("--note", default="", help="a sentence on the circumstances of the run, for the card")
    parser.add_argument("--to", default=os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                                     os.pardir, os.pardir, "models", "nano"))
    options = parser.parse_args()
    write(options.run, options.to, options.note)
