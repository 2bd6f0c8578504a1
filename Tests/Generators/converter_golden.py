#!/usr/bin/env python3
"""Writes Fixtures/golden/converter_apus-xdan-tiny.json: what llama.cpp's own convert_hf_to_gguf.py makes of the bundled Mixtral.

    python3 Tests/Generators/converter_golden.py LLAMA_CPP

LLAMA_CPP is the folder of llama.cpp's sources (written with those of llama-cpp-python 0.3.36, October 2026); the converter needs
torch, transformers and sentencepiece. Of each key the type and the value, of arrays and tensors the SHA-256 of what the file stores:
strings with their lengths before them (64 bits), everything little-endian.
"""
import hashlib
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = ROOT / "Fixtures/models/apus-xdan-tiny"
LLAMA = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(LLAMA / "gguf-py"))
import gguf  # noqa: E402


def stored(kind, value):
    if kind == gguf.GGUFValueType.STRING:
        data = value.encode()
        return len(data).to_bytes(8, "little") + data
    return struct.pack({"INT32": "<i", "FLOAT32": "<f"}[kind.name], value)


def described(field):
    kind = field.types[0]
    if kind != gguf.GGUFValueType.ARRAY:
        return {"type": kind.name.lower(), "value": field.contents()}
    element = field.types[1]
    data = b"".join(stored(element, value) for value in field.contents())
    return {"type": f"[{element.name.lower()}]", "count": len(field.data), "sha256": hashlib.sha256(data).hexdigest()}


with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "model.gguf"
    subprocess.run([sys.executable, LLAMA / "convert_hf_to_gguf.py", MODEL, "--outtype", "bf16", "--outfile", path], check=True)
    reader = gguf.GGUFReader(path)
    keys = {key: described(field) for key, field in reader.fields.items() if not key.startswith("GGUF.")}
    tensors = {
        tensor.name: {
            "type": tensor.tensor_type.name, "shape": [int(n) for n in tensor.shape],
            "sha256": hashlib.sha256(tensor.data.tobytes()).hexdigest()}
        for tensor in reader.tensors
    }
golden = {"keys": dict(sorted(keys.items())), "tensors": dict(sorted(tensors.items()))}
(ROOT / "Fixtures/golden/converter_apus-xdan-tiny.json").write_text(json.dumps(golden, indent=1, ensure_ascii=False) + "\n")
