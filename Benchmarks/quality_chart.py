#!/usr/bin/env python3
"""Draws KL divergence against size, from the tables of Docs/Quality.md.

    pip install matplotlib
    python3 Benchmarks/quality_chart.py Docs/Quality.md Docs/quality.svg

One panel per model and kind of text: llama-quantize's files, Swage's plain ones, and what it makes with calibration of the
same mixes, of its own presets and for budgets of the same size.
"""

import re
import sys

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

MODELS = ["xverse-moe-tiny", "xverse-ent-tiny", "apus-xdan-tiny"]
# Of at most this many bits; ternary and float formats are far off or far above.
LEFT_OUT = {"TQ1_0", "TQ2_0", "Q1_0", "Q2_0", "Q8_0", "MXFP4_MOE", "NVFP4"}
SERIES = [
    ("llama.cpp", "#8a8f98", "o", "llama-quantize, with importance"),
    ("plain", "#3b7dd8", "s", "Swage, with importance"),
    ("mix", "#2a9d5c", "^", "Swage, calibrated: llama.cpp's mixes"),
    ("preset", "#7b4fb5", "*", "Swage, calibrated: SW1 … SW4"),
    ("budget", "#d1495b", "D", "Swage, calibrated: a budget of that size"),
]


def tables(path):
    """Rows of every table, by the heading that it is under."""
    rows, heading = {}, None
    for line in open(path, encoding="utf-8"):
        if line.startswith("## "):
            heading = line[3:].strip()
        elif line.startswith("|") and not re.match(r"\|[-:|]+\|?$", line.strip()):
            rows.setdefault(heading, []).append([cell.strip() for cell in line.strip().strip("|").split("|")])
    return rows


def points(rows, model):
    """(series, name, bytes, own, general) of a model."""
    for row in rows.get(model, [])[1:]:
        name = row[0].split()[0]
        if name not in LEFT_OUT:
            yield "plain", name, int(row[1]), float(row[2]), float(row[4])
            yield "llama.cpp", name, int(row[1]), float(row[3]), float(row[5])
    for row in rows.get(f"{model}, calibrated", [])[1:]:
        yield row[1], row[0], int(row[2]), float(row[3]), float(row[4])


def draw(panel, found, place, title):
    for key, color, marker, label in SERIES:
        series = sorted((p[2] / 1e6, p[place], p[1]) for p in found if p[0] == key)
        if not series:
            continue
        x, y = [p[0] for p in series], [p[1] for p in series]
        line = "-" if key in ("budget", "preset") else ""
        panel.plot(x, y, marker + line, color=color, label=label, markersize=5, linewidth=1, alpha=0.9)
        if key == "llama.cpp":
            for a, b, name in series:
                panel.annotate(name, (a, b), fontsize=5, color="#555", xytext=(3, 3), textcoords="offset points")
    panel.set_yscale("log")
    panel.set_title(title, fontsize=9)
    panel.grid(True, which="both", linewidth=0.3, alpha=0.5)
    panel.tick_params(labelsize=7)


def main():
    source, target = sys.argv[1:]
    rows = tables(source)
    figure, panels = plt.subplots(len(MODELS), 2, figsize=(11, 13))
    for line, model in zip(panels, MODELS):
        found = list(points(rows, model))
        draw(line[0], found, 3, f"{model}: its own domain")
        draw(line[1], found, 4, f"{model}: WikiText-2")
        line[0].set_ylabel("KL divergence, nats per token", fontsize=8)
    for panel in panels[-1]:
        panel.set_xlabel("tensors, MB", fontsize=8)
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper center", ncol=3, fontsize=8, frameon=False)
    figure.tight_layout(rect=(0, 0, 1, 0.955))
    plt.rcParams["svg.hashsalt"] = "swage"
    plt.rcParams["svg.fonttype"] = "none"
    figure.savefig(target, metadata={"Date": None})


if __name__ == "__main__":
    main()
