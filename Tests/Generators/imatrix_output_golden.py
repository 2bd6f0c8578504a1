#!/usr/bin/env python3
"""Writes Fixtures/golden/predictions/importance*.gguf: what stock llama-imatrix collects of the tiny model and text there,
the output matrix included, from all windows and from the sixth on.

Needs: zstd, and the folder of llama-imatrix (made with llama.cpp as vendored by llama-cpp-python 0.3.36). Run after
predictions_golden.py, from the repository's root: python3 Tests/Generators/imatrix_output_golden.py FOLDER
"""
import pathlib
import subprocess
import sys
import tempfile

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "Fixtures" / "golden" / "predictions"
with tempfile.TemporaryDirectory() as folder:
    model = pathlib.Path(folder) / "base.gguf"
    subprocess.run(["zstd", "-dq", FOLDER / "base.gguf.zst", "-o", model], check=True)
    for name, options in [("importance", []), ("importance-from-5", ["--chunk", "5"])]:
        subprocess.run(
            [pathlib.Path(sys.argv[1]).resolve() / "llama-imatrix", "-m", model, "-f", "text.txt", "-c", "32", "-t", "2",
             "-ctk", "f32", "-ctv", "f32", "-fa", "off", "--no-ppl", "--process-output", "-o", FOLDER / f"{name}.gguf"]
            + options, check=True, capture_output=True, cwd=FOLDER)
