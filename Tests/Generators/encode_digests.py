#!/usr/bin/env python3
"""Writes Fixtures/golden/encode_digests.json: checksums of the blocks that our own encoders make of the rows of encode_rows.bin.

    swift build -c release -Xcc -march=native --package-path Benchmarks --scratch-path .build-bench --product EncodeRows
    python3 Tests/Generators/encode_digests.py .build-bench/release/EncodeRows

They say nothing of quality, which encode_errors.json is for: builds for other processors have to give the same bytes, and
so does a faster search unless it means to find other codes. Per type the FNV-1a checksum of all rows' blocks, with their
importance and without. Written by a build with AVX-512.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Benchmarks"))
from compare_encoders import TYPES  # noqa: E402


def main():
    numbers = np.fromfile(ROOT / "Fixtures/golden/encode_rows.bin", np.float32).reshape(-1, 1024)
    count = len(numbers) // 2
    digests = {}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for kind, (_, length, _) in TYPES.items():
            if length == 1:
                continue
            digests[kind] = []
            for has_importance in (True, False):
                sum = 0xCBF29CE484222325
                for index in range(count):
                    numbers[index].tofile(folder / "row")
                    numbers[count + index].tofile(folder / "importance")
                    subprocess.run(
                        [sys.argv[1], kind, "1024", folder / "row", folder / "importance" if has_importance else "-",
                         folder / "blocks", folder / "values"], check=True, capture_output=True)
                    for byte in (folder / "blocks").read_bytes():
                        sum = (sum ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
                digests[kind].append(f"{sum:x}")
    (ROOT / "Fixtures/golden/encode_digests.json").write_text(json.dumps(digests, indent=1) + "\n")


main()
