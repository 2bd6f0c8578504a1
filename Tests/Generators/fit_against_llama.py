#!/usr/bin/env python3
"""Holds what `swage fit` says of weights and caches against what llama.cpp reports when it loads the files.

usage: fit_against_llama.py SWAGE LLAMA_PERPLEXITY

Quantizes the bundled models to several types, loads each file with llama-perplexity (CPU build, --verbose), and prints a
Markdown table of both tools' bytes. Without a GPU llama.cpp keeps all tensors in one buffer, so the token embedding, which
`fit` counts to the processor, is added to what `fit` says. Fails if a figure differs by more than 5 %.
"""
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXT = ROOT / "Fixtures/text/eval/web-en.txt"
# The models' folders, and the types and caches of each; heads of 80 take no q8_0.
FILES = [
    ("xverse-moe-tiny", ["Q8_0", "Q4_K_M", "Q2_K", "IQ4_XS"], ["f16"]),
    ("xverse-ent-tiny", ["BF16", "Q6_K", "Q3_K_M"], ["f16"]),
    ("apus-xdan-tiny", ["F16", "Q5_K_M", "Q4_0"], ["f16"]),
]
CONTEXT = 2048
LIMIT = 0.05


def run(*words: str) -> str:
    result = subprocess.run(words, capture_output=True, text=True, errors="replace")
    if result.returncode:
        sys.exit(f"{' '.join(words)}: {result.stderr[-2000:]}")
    return result.stdout + result.stderr


def mebibytes(report: str, pattern: str) -> float:
    """The sum of the sizes that a report names, in bytes."""
    sizes = re.findall(pattern, report)
    if not sizes:
        sys.exit(f"no line of the form {pattern}")
    return sum(float(size) for size in sizes) * 2**20


def main() -> None:
    swage, llama = sys.argv[1:]
    worst = 0.0
    print("| model | type | weights: `fit` | llama.cpp | cache: `fit` | llama.cpp |")
    print("|---|---|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as folder:
        for name, types, caches in FILES:
            checkpoint = str(ROOT / "Fixtures/models" / name)
            for kind in types:
                path = f"{folder}/{name}-{kind}.gguf"
                run(swage, "quantize", checkpoint, "-o", path, "--type", kind, "--quiet")
                tensors = json.loads(run(swage, "inspect", path, "--tensors", "--json"))["tensors"]
                embedding = sum(t["bytes"] for t in tensors if t["name"] == "token_embd.weight")
                isTied = not any(t["name"] == "output.weight" for t in tensors)
                for cache in caches:
                    context = str(CONTEXT)
                    fit = json.loads(run(swage, "fit", checkpoint, "--context", context, "--kv", cache, "--json"))
                    entry = next(e for e in fit["types"] if e["name"] == kind)
                    report = run(
                        llama, "-m", path, "-f", str(TEXT), "-c", context, "-b", context, "--chunks", "1", "-ctk", cache,
                        "-ctv", cache, "-fa", "off" if cache == "f16" else "on", "--no-repack", "--verbose")
                    weights = entry["weightBytes"] + (0 if isTied else embedding)
                    theirs = mebibytes(report, r"model buffer size =\s+([0-9.]+) MiB")
                    held = mebibytes(report, r"KV buffer size =\s+([0-9.]+) MiB")
                    for ours, other in ((weights, theirs), (fit["cacheBytes"], held)):
                        worst = max(worst, abs(ours / other - 1))
                    print(
                        f"| {name} | {kind} | {weights / 2**20:.2f} | {theirs / 2**20:.2f} "
                        f"| {fit['cacheBytes'] / 2**20:.2f} | {held / 2**20:.2f} |", flush=True)
    print(f"\nMiB; {CONTEXT} tokens. The greatest difference is {100 * worst:.2f} %.")
    if worst > LIMIT:
        sys.exit(1)


main()
