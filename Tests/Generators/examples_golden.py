"""What the programs of Examples/ print, by gguf, safetensors, tokenizers and PyTorch's logits; writes Examples/Expected.

    python3 examples_golden.py
"""

import json
import math
import os

import gguf
import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file
from tokenizers import Tokenizer

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
MODEL = os.path.join(ROOT, "Fixtures/models/apus-xdan-tiny")
TEXT = "A house of four floors, 雪 in the yard."
FIXED = {"GGUF.version", "GGUF.tensor_count", "GGUF.kv_count", "general.alignment"}


def write(name, lines):
    with open(os.path.join(ROOT, "Examples/Expected", name + ".txt"), "w") as file:
        file.write("".join(line + "\n" for line in lines))


reader = gguf.GGUFReader(os.path.join(ROOT, "Fixtures/golden/gguf/values-v3.gguf"))


def type_name(types):
    names = [t.name.lower() for t in types]
    return f"[{names[1]}]" if names[0] == "array" else names[0]


def shape(tensor):
    return " × ".join(str(n) for n in tensor.shape)


write("ReadMetadata", [f"{f.name}: {type_name(f.types)}" for f in reader.fields.values() if f.name not in FIXED]
      + [f"{t.name}: {t.tensor_type.name}, {shape(t)}" for t in reader.tensors])

blocks = next(t for t in reader.tensors if t.name == "blocks.weight")
write("DequantizeTensor", [str(v) for v in gguf.quants.dequantize(blocks.data, blocks.tensor_type)[3]])

with safe_open(os.path.join(ROOT, "Fixtures/golden/safetensors/types.safetensors"), "np") as file:
    write("ReadNumbers", [str(v) for v in file.get_tensor("half").flatten()])

tokenizer = Tokenizer.from_file(os.path.join(MODEL, "tokenizer.json"))
ids = tokenizer.encode(TEXT, add_special_tokens=False).ids
write("TokenizeText", [f"{i}: {tokenizer.id_to_token(i)}" for i in ids] + [tokenizer.decode(ids)])

# Of the 64 tokens of PyTorch's logits, the beginning of fiction-en after BOS, the second half is scored.
with open(os.path.join(MODEL, "reference.json")) as file:
    tokens = json.load(file)["logit_prompts"]["en"]["input_ids"]
rows = load_file(os.path.join(MODEL, "logits.safetensors"))["en.logits"]
assert len(tokens) == 64 == len(rows)
loss = 0.0
for position in range(32, 63):
    row = rows[position].astype(np.float64)
    loss -= row[tokens[position + 1]] - row.max() - math.log(np.exp(row - row.max()).sum())
write("ScoreText", [f"perplexity {round(math.exp(loss / 31), 3)} over 31 tokens"])
