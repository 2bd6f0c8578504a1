#!/usr/bin/env python3
"""Writes Fixtures/models/xverse-dense-tiny: a tiny dense XVERSE with random weights (bfloat16), for upcycling.

    python3 Tests/Generators/dense_model.py

Written with torch 2.13.0 and safetensors 0.8.0. Weights are those of random_models.py for its configuration: grouped heads, two
layers, blocks 128 wide. It shares the tokenizer of Fixtures/models/random.
"""
import json
import shutil

import torch
from safetensors.torch import save_file

import random_models

FOLDER = random_models.OUTPUT.parent / "xverse-dense-tiny"
KEYS = random_models.xverse(hidden_size=64, intermediate_size=128, num_attention_heads=4, num_key_value_heads=2,
                            max_position_embeddings=256)


def main():
    torch.set_num_threads(1)
    FOLDER.mkdir(exist_ok=True)
    for path in (random_models.OUTPUT / "tokenizer").iterdir():
        shutil.copy(path, FOLDER / path.name)
    (FOLDER / "config.json").write_text(json.dumps(KEYS, indent=2) + "\n")
    (FOLDER / "generation_config.json").write_text(json.dumps({"bos_token_id": 0, "eos_token_id": 1}, indent=2) + "\n")
    weights = random_models.random_weights(KEYS, False, 7)
    save_file(weights, FOLDER / "model.safetensors", {"format": "pt"})
    print(sum(weight.numel() for weight in weights.values()), "weights")


if __name__ == "__main__":
    main()
