#!/usr/bin/env python3
"""Writes Fixtures/golden/encode_rows.bin and encode_errors.json: rows, importances, and the errors that ggml's encoders leave on them.

    python3 Tests/Generators/encode_golden.py --ggml DIR

DIR holds libggml-base.so of a llama.cpp build (written with ggml 0.25.3, October 2026). encode_rows.bin is float32: the rows of
1024 elements, then as many importances; every other importance row is smooth, the others span six orders of magnitude.
Errors are relative: √(Σ w (q − x)² / Σ w x²); "weighted" over all rows with the importance as w, "plainOfSmooth" over the rows
with smooth importances and w = 1, "padded" as "weighted" after the last 32 of every 256 columns are made zero in value and
importance.
"""
import argparse
import json
import pathlib
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Benchmarks"))
from compare_encoders import TYPES, Ggml, tensors  # noqa: E402


def relative_error(ggml, kind, rows, importances, weights):
    """The relative error that ggml leaves, with `weights` as what an element's error counts."""
    decoded = np.concatenate([
        ggml.decode(kind, ggml.encode(kind, row[None].copy(), importance.copy())[0], (1, len(row)))[0]
        for row, importance in zip(rows, importances)]).astype(np.float64)
    return float(np.sqrt(((decoded - rows) ** 2 * weights).sum() / (rows.astype(np.float64) ** 2 * weights).sum()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ggml", required=True)
    ggml = Ggml(parser.parse_args().ggml)
    random = np.random.default_rng(2026)
    heavy = (random.standard_t(5, (24, 1024)) * 0.02).astype(np.float32)
    matrices = [matrix for name, matrix in tensors(ROOT / "Fixtures/models/xverse-moe-tiny")
                if matrix.shape[1] % 256 == 0 and matrix.shape[0] >= 64 and "embed" not in name]
    chosen = [matrices[index * len(matrices) // 24] for index in range(24)]
    model = np.stack([matrix[:64].reshape(-1)[:1024] for matrix in chosen]).astype(np.float32)
    rows = np.ascontiguousarray(np.concatenate([heavy, model]))
    spread = np.where(np.arange(48) % 2 == 0, 1.0, 3.0)[:, None]
    importances = np.exp(random.normal(0, 1, rows.shape) * spread).astype(np.float32)
    errors = {}
    for kind, (_, length, _) in TYPES.items():
        if length == 1:
            continue
        columns = np.arange(rows.shape[1]) % 256 < 224
        errors[kind] = {
            "weighted": relative_error(ggml, kind, rows, importances, importances),
            "plainOfSmooth": relative_error(ggml, kind, rows[::2], importances[::2], np.ones_like(rows[::2])),
            "padded": relative_error(ggml, kind, rows * columns, importances * columns, importances * columns),
        }
    golden = ROOT / "Fixtures/golden"
    np.concatenate([rows, importances]).tofile(golden / "encode_rows.bin")
    (golden / "encode_errors.json").write_text(json.dumps(
        {"source": "ggml 0.25.3, ggml_quantize_chunk; see Tests/Generators/encode_golden.py", "rows": len(rows),
         "rowLength": rows.shape[1], "errors": errors}, indent=1) + "\n")


if __name__ == "__main__":
    main()
