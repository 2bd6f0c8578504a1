#!/usr/bin/env python3
"""Writes Fixtures/golden/quantized_types.json: what llama-quantize makes of the bundled model, per tensor.

    python3 Tests/Generators/quantized_types.py --llama DIR --swage BINARY

DIR holds llama-quantize (written with llama.cpp 0c1e570, October 2026). It is given the bundled model as `swage convert` writes it,
with padded and with unpadded experts, and an importance matrix of `swage imatrix`. For each mix: the bytes of all tensors, and the
type of each.
"""
import argparse
import json
import pathlib
import subprocess
import tempfile

import gguf

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = ROOT / "Fixtures/models/xverse-moe-tiny"
TEXTS = sorted((ROOT / "Fixtures/text/calib").glob("*.txt"))
TYPES = ["Q4_K_M", "IQ2_XXS", "IQ1_S"]


def run(*command):
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def summary(path):
    tensors = {tensor.name: [tensor.tensor_type.name, int(tensor.n_bytes)] for tensor in gguf.GGUFReader(path).tensors}
    return {"bytes": sum(count for _, count in tensors.values()),
            "types": {name: kind for name, (kind, _) in sorted(tensors.items())}}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llama", required=True, type=pathlib.Path)
    parser.add_argument("--swage", required=True)
    options = parser.parse_args()
    result = {"source": "llama-quantize, llama.cpp 0c1e570, on the bundled model as swage convert writes it"}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name, padding in [("padded", "on"), ("unpadded", "off")]:
            original, importance = folder / f"{name}.gguf", folder / f"{name}-importance.gguf"
            run(options.swage, "convert", MODEL, "-o", original, "--pad-experts", padding)
            run(options.swage, "imatrix", original, "-o", importance, "--context", 128, "--chunks", 2, "--text", *TEXTS)
            result[name] = {}
            for kind in TYPES:
                quantized = folder / f"{name}-{kind}.gguf"
                run(options.llama / "llama-quantize", "--imatrix", importance, original, quantized, kind, 2)
                result[name][kind] = summary(quantized)
    target = ROOT / "Fixtures/golden/quantized_types.json"
    target.write_text(json.dumps(result, indent=1) + "\n")


main()
