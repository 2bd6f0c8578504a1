#!/usr/bin/env python3
"""Writes Fixtures/golden/verification/blocks.json: blocks of every type, what was done to them, and whether ggml takes them.

    python3 Tests/Generators/verification_golden.py

ggml_validate_row_data, which llama.cpp's --check-tensors calls, is called in the library of the xllamacpp package (or LIBGGML), on
blocks of its own encoders. A case is [offset, bytes in hexadecimal, verdict]: the bytes replace those of the block from the
offset on. hashes.json has SHA-256 of the tensors of Fixtures/golden/gguf/values-v3.gguf, by hashlib over what gguf-py reads.
"""
import ctypes
import hashlib
import importlib.util
import json
import os
import pathlib

import gguf
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "Fixtures/golden/verification"
# ggml's numbers, block lengths, block sizes, and where the types have scales.
TYPES = {
    "F32": (0, 1, 4, [0]), "F16": (1, 1, 2, [0]), "BF16": (30, 1, 2, [0]), "F64": (28, 1, 8, [0]),
    "Q4_0": (2, 32, 18, [0]), "Q4_1": (3, 32, 20, [0, 2]), "Q5_0": (6, 32, 22, [0]), "Q5_1": (7, 32, 24, [0, 2]),
    "Q8_0": (8, 32, 34, [0]), "Q2_K": (10, 256, 84, [80, 82]), "Q3_K": (11, 256, 110, [108]), "Q4_K": (12, 256, 144, [0, 2]),
    "Q5_K": (13, 256, 176, [0, 2]), "Q6_K": (14, 256, 210, [208]), "IQ2_XXS": (16, 256, 66, [0]), "IQ2_XS": (17, 256, 74, [0]),
    "IQ3_XXS": (18, 256, 98, [0]), "IQ1_S": (19, 256, 50, [0]), "IQ4_NL": (20, 32, 18, [0]), "IQ3_S": (21, 256, 110, [0]),
    "IQ2_S": (22, 256, 82, [0]), "IQ4_XS": (23, 256, 136, [0]), "IQ1_M": (29, 256, 56, []), "TQ1_0": (34, 256, 54, [52]),
    "TQ2_0": (35, 256, 66, [64]), "MXFP4": (39, 32, 17, []), "NVFP4": (40, 64, 36, []), "Q1_0": (41, 128, 18, [0]),
    "Q2_0": (42, 64, 18, [0]),
}
HALVES = ["007c", "00fc", "017e", "ffff", "ff7b", "0000"]
WORDS = {4: ["0000807f", "000080ff", "0100c07f", "ffff7f7f"], 8: ["000000000000f07f", "0100000000000080", "000000000000f47f", "000000e0ffffef7f"]}


def library():
    package = importlib.util.find_spec("xllamacpp")
    default = os.path.join(os.path.dirname(package.origin), "xllamacpp.abi3.so") if package else "libggml-base.so"
    if package:
        import xllamacpp  # noqa: F401
    lib = ctypes.CDLL(os.environ.get("LIBGGML", default))
    lib.ggml_validate_row_data.restype, lib.ggml_validate_row_data.argtypes = ctypes.c_bool, [ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t]
    lib.ggml_quantize_chunk.restype = ctypes.c_size_t
    lib.ggml_quantize_chunk.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p]
    lib.ggml_quantize_init.argtypes = [ctypes.c_int]
    return lib


def main():
    lib, random = library(), np.random.default_rng(17)
    types = {}
    for name, (number, length, size, scales) in TYPES.items():
        values = random.standard_normal(256).astype(np.float32)
        if name == "F64":
            block = values[:1].astype(np.float64).tobytes()
        elif name == "BF16":
            block = values[:1].tobytes()[2:]
        elif name == "F16":
            block = values[:1].astype(np.float16).tobytes()
        elif name == "F32":
            block = values[:1].tobytes()
        else:
            lib.ggml_quantize_init(number)
            row, room = values[:length].copy(), ctypes.create_string_buffer(size)
            weights = np.ones(length, np.float32)
            lib.ggml_quantize_chunk(number, row.ctypes.data, room, 0, 1, length, weights.ctypes.data)
            block = room.raw[:size]
        changes = [(0, block[:1].hex())]
        if length == 1:
            changes += [(0, word) for word in (WORDS.get(size) or (HALVES if name == "F16" else ["807f", "80ff", "c17f", "7f7f"]))]
        else:
            changes += [(offset, half) for offset in scales for half in HALVES]
            changes += [(0, random.bytes(size).hex()) for _ in range(12)]
        if name == "IQ1_M":  # the highest digit of each of four words
            for half in [0x7c00, 0xfc00, 0x7e01, 0x7bff]:
                words = [int.from_bytes(block[48 + 2 * i:50 + 2 * i], "little") & 0x0fff | (half >> 4 * i & 15) << 12 for i in range(4)]
                changes.append((48, b"".join(word.to_bytes(2, "little") for word in words).hex()))
        if name in ("MXFP4", "NVFP4"):
            changes += [(0, byte) for byte in ["ff", "fe", "fd", "00", "7f", "80"]]
        cases = []
        for offset, change in changes:
            changed = bytearray(block)
            changed[offset:offset + len(change) // 2] = bytes.fromhex(change)
            cases.append([offset, change, bool(lib.ggml_validate_row_data(number, bytes(changed), size))])
        types[name] = {"block": block.hex(), "cases": cases}
    OUT.mkdir(exist_ok=True)
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(entry)}" for name, entry in types.items())
    (OUT / "blocks.json").write_text("{\n" + lines + "\n}\n")

    reader = gguf.GGUFReader(ROOT / "Fixtures/golden/gguf/values-v3.gguf")
    whole, hashes = hashlib.sha256(), {}
    for tensor in reader.tensors:
        data = tensor.data.tobytes()
        whole.update(data)
        hashes[tensor.name] = hashlib.sha256(data).hexdigest()
    (OUT / "hashes.json").write_text(json.dumps({"tensors": hashes, "whole": whole.hexdigest()}, indent=1) + "\n")


if __name__ == "__main__":
    main()
