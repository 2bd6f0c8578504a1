#!/usr/bin/env python3
"""Writes Fixtures/golden/weight_digests.json: what `swage.source.weights.sha256` must be for checkpoints of Fixtures.

    python3 Tests/Generators/weight_digests.py          writes the file; needs nothing but Python
    python3 Tests/Generators/weight_digests.py FOLDER   prints the digest of a checkpoint's safetensors files

SHA-256 over a line "SHA256 TYPE SHAPE NAME" for each tensor, by the bytes of the names. Tensors that no model uses, such as
rotary_emb.inv_freq, would have to be left out; these checkpoints have none.
"""
import hashlib
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def digest(folder):
    lines = {}
    for path in pathlib.Path(folder).glob("*.safetensors"):
        with open(path, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length))
            for name, tensor in header.items():
                if name == "__metadata__":
                    continue
                start, end = tensor["data_offsets"]
                file.seek(8 + length + start)
                shape = ",".join(map(str, tensor["shape"]))
                lines[name.encode()] = f"{hashlib.sha256(file.read(end - start)).hexdigest()} {tensor['dtype']} [{shape}] {name}\n"
    return hashlib.sha256("".join(line for _, line in sorted(lines.items())).encode()).hexdigest()


if len(sys.argv) > 1:
    print(digest(sys.argv[1]))
else:
    # logits.safetensors of the trained models are no weights.
    folders = ["golden/torch/bf16", "golden/torch/fp8", "golden/torch/fp8-expanded"]
    digests = {folder: digest(ROOT / "Fixtures" / folder) for folder in folders}
    (ROOT / "Fixtures/golden/weight_digests.json").write_text(json.dumps(digests, indent=1) + "\n")
