"""Draws a run's log (JSON lines) as an SVG: losses, J, object scores, ablations over hours."""

import json
import sys

COLOURS = ["#1b6ca8", "#c8553d", "#3a7d44", "#8e5ea2", "#b08900", "#555555"]
WIDE, HIGH, LEFT, TOP = 760, 190, 52, 26


def panel(title, series, at, limits=None):
    """One chart; series: {name: [(hours, value)]}."""
    points = [p for line in series.values() for p in line if p[1] is not None]
    if not points:
        return ""
    right = max(x for x, _ in points) or 1
    low, high = limits or (min(y for _, y in points), max(y for _, y in points))
    high = high if high > low else low + 1
    x_of = lambda x: LEFT + x / right * (WIDE - LEFT - 150)
    y_of = lambda y: at + TOP + (1 - (min(max(y, low), high) - low) / (high - low)) * (HIGH - TOP - 24)
    out = [f'<text x="{LEFT}" y="{at + 16}" font-weight="bold">{title}</text>']
    for share in (0, 0.5, 1):
        y, value = y_of(low + share * (high - low)), low + share * (high - low)
        out.append(f'<line x1="{LEFT}" x2="{WIDE - 150}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
                   f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.2f}</text>')
    out.append(f'<text x="{WIDE - 150}" y="{at + HIGH - 6}" text-anchor="end">{right:.2f} hours</text>')
    for index, (name, line) in enumerate(series.items()):
        colour = COLOURS[index % len(COLOURS)]
        path = " ".join(f"{x_of(x):.1f},{y_of(y):.1f}" for x, y in line if y is not None)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6"/>'
                   f'<text x="{WIDE - 140}" y="{at + TOP + 14 * index + 8}" fill="{colour}">{name}</text>')
    return "\n".join(out)


def draw(log_path, svg_path):
    with open(log_path) as file:
        entries = [json.loads(line) for line in file]
    steps = [e for e in entries if "loss" in e]
    tests = [e for e in entries if "evaluation" in e]
    of = lambda key: [(e["hours"], e[key]) for e in steps if key in e]
    score = lambda variant, key: [(e["hours"], e["evaluation"][variant][key]) for e in tests if variant in e["evaluation"]]
    panels = [
        ("training loss", {"loss": of("loss")}, None),
        ("training IoU", {k[4:]: of(k) for k in ("iou_click", "iou_box", "iou_track", "iou_correction")}, (0, 1)),
        ("held-out J (generated clips)", {v: score(v, "j") for v in ("mask", "click")}, (0, 1)),
        ("object score", {"absent recognised": score("mask", "absent_hit"), "false absence": score("mask", "false_absence"),
                          "training accuracy": of("score_accuracy")}, (0, 1)),
        ("ablations, J from a mask", {"whole": score("mask", "j"), "no pointers": score("no_pointers", "j"),
                                      "no spatial memory": score("no_memory", "j")}, (0, 1)),
    ]
    drawn = [panel(title, series, at * HIGH, limits) for at, (title, series, limits) in enumerate(panels)]
    with open(svg_path, "w") as file:
        file.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDE}" height="{HIGH * len(panels)}" '
                   'font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="white"/>\n'
                   + "\n".join(drawn) + "\n</svg>\n")


if __name__ == "__main__":
    draw(sys.argv[1], sys.argv[2])
