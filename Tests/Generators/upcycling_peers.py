#!/usr/bin/env python3
"""Compares what `swage upcycle` makes of dense checkpoints with them, in PyTorch, transformers and llama.cpp.

    python3 Tests/Generators/upcycling_peers.py SWAGE [LLAMA_PERPLEXITY]

SWAGE is the program, LLAMA_PERPLEXITY llama.cpp's. Written with torch 2.13.0 and transformers 5.23.0. For several dense models,
granularities, shared blocks and seeds, in float32: the logits of the dense model and of the upcycled one (transformers' Mixtral, and
random_models.py's XVERSE-MoE), and whether each token's experts are whole virtual groups. Then the same Mixtral in bfloat16, whose
router computes in 16 bits: how many tokens get parts of groups. With LLAMA_PERPLEXITY, both as GGUF in llama.cpp.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import AutoModelForCausalLM

import random_models

ROOT = pathlib.Path(__file__).resolve().parents[2]
SWAGE = sys.argv[1]
LLAMA = sys.argv[2] if len(sys.argv) > 2 else None
TEXT = ROOT / "Fixtures/text/eval/fiction-en.txt"
TYPES = {"xverse-dense": "xverse", "llama-tied-head-80": "llama", "mistral-window": "mistral"}
# experts, top-k, granularity, shared
SHAPES = [(4, 2, 1, 0), (8, 4, 2, 0), (8, 4, 4, 0), (6, 2, 2, 1), (8, 6, 4, 2), (6, 3, 4, 1)]


def swage(*arguments):
    return subprocess.run([SWAGE, *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def dense_checkpoint(name, folder):
    """A bundled random model in float32."""
    shutil.copytree(ROOT / "Fixtures/models/random/tokenizer", folder)
    source = ROOT / "Fixtures/models/random" / name
    keys = json.loads((source / "config.json").read_text()) | {"torch_dtype": "float32"}
    packed = subprocess.run(["zstd", "-dc", source / "model.safetensors.zst"], check=True, capture_output=True).stdout
    (folder / "packed").write_bytes(packed)
    weights = {name: weight.float() for name, weight in load_file(folder / "packed").items()}
    (folder / "packed").unlink()
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    (folder / "config.json").write_text(json.dumps(keys))
    return keys, weights


def weights_of(folder):
    weights = {}
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, "pt") as file:
            weights |= {name: file.get_tensor(name) for name in file.keys()}
    return weights


def split_tokens(logits, used, size):
    """How many of the tokens get parts of groups."""
    chosen = logits.topk(used, dim=-1).indices
    counts = torch.stack([(chosen // size == group).sum(-1) for group in range(logits.shape[-1] // size)], -1)
    return int(((counts != 0) & (counts != size)).any(-1).sum())


def run(model, ids, used, size, routers):
    seen = []
    hooks = [router.register_forward_hook(lambda module, inputs, _: seen.append(
        nn.functional.linear(inputs[0].reshape(-1, inputs[0].shape[-1]), module.weight))) for router in routers]
    with torch.no_grad():
        logits = model(ids[None]).logits[0].float()
    for hook in hooks:
        hook.remove()
    return logits, sum(split_tokens(found.float(), used, size) for found in seen)


def main():
    torch.manual_seed(0)
    worst, split = 0.0, 0
    with tempfile.TemporaryDirectory() as temporary:
        temporary = pathlib.Path(temporary)
        for name in TYPES:
            keys, weights = dense_checkpoint(name, temporary / name)
            ids = torch.randint(0, keys["vocab_size"], (100,), generator=torch.Generator().manual_seed(5))
            with torch.no_grad():
                expected = random_models.reference(keys, False, weights)(ids[None]).logits[0]
            for experts, used, granularity, shared in SHAPES:
                for seed in (1, 2, 3):
                    for form in ["xverse-moe"] if shared else ["xverse-moe", "mixtral"]:
                        output = temporary / "out"
                        shutil.rmtree(output, ignore_errors=True)
                        swage("upcycle", temporary / name, "-o", output, "--experts", experts, "--top-k", used,
                              "--granularity", granularity, "--shared", shared, "--seed", seed, "--form", form)
                        found = json.loads((output / "config.json").read_text())
                        if form == "mixtral":
                            model = AutoModelForCausalLM.from_pretrained(
                                output, dtype=torch.float32, attn_implementation="eager").eval()
                            logits, parts = run(model, ids, used, granularity, [l.mlp.gate for l in model.model.layers])
                            split += parts
                        else:
                            moe = weights_of(output)
                            model = random_models.reference(found, False, moe)
                            with torch.no_grad():
                                logits = model(ids[None]).logits[0]
                        worst = max(worst, float((logits - expected).abs().max()))
        print(f"greatest difference of logits, float32: {worst:.2e}; tokens with parts of groups: {split}")

        output = temporary / "bf16"
        swage("upcycle", ROOT / "Fixtures/models/xverse-dense-tiny", "-o", output, "--experts", 64, "--top-k", 8,
              "--granularity", 4, "--form", "mixtral")
        ids = torch.randint(0, 272, (250,), generator=torch.Generator().manual_seed(5))
        for dtype in (torch.float32, torch.bfloat16):
            model = AutoModelForCausalLM.from_pretrained(output, dtype=dtype, attn_implementation="eager").eval()
            _, parts = run(model, ids, 8, 4, [layer.mlp.gate for layer in model.model.layers])
            print(f"transformers in {dtype}: {parts} of {2 * len(ids)} tokens get parts of groups")
        if LLAMA:
            compare_in_llama(temporary)


def compare_in_llama(temporary):
    dense = ROOT / "Fixtures/models/xverse-dense-tiny"
    cases = {"dense": None, "mixtral 64 x 1/4": ("--experts", 64, "--top-k", 8, "--granularity", 4, "--form", "mixtral"),
             "xverse-moe 64 x 1/4, 2 shared": ("--experts", 64, "--top-k", 6, "--granularity", 4, "--shared", 2),
             "xverse-moe 8, coarse": ("--experts", 8, "--top-k", 2)}
    for number, (name, options) in enumerate(cases.items()):
        folder = dense
        if options:
            folder = temporary / f"llama{number}"
            swage("upcycle", dense, "-o", folder, *options)
        file = temporary / f"{number}.gguf"
        swage("convert", folder, "-o", file)
        found = None
        # The program may end before its last line is out.
        while not found:
            outcome = subprocess.run([LLAMA, "-m", file, "-f", TEXT, "-c", "128", "-t", "2", "--chunks", "32"],
                                     capture_output=True, text=True, check=True)
            found = re.search(r"Final estimate: PPL = ([0-9.]+)", outcome.stdout + outcome.stderr)
        print(f"llama.cpp, {name}: {found.group(1)}")


if __name__ == "__main__":
    main()
