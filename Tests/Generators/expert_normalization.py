#!/usr/bin/env python3
"""Writes Fixtures/golden/expert_normalization.json: what PyTorch makes of XVERSE-MoE with and without norm_topk_prob.

    python3 Tests/Generators/expert_normalization.py

Written with torch 2.13.0 and transformers 5.24.0 on the CPU, in float32: transformers' Llama with the sum of experts of
random_models.py in the feed-forward's place. Perplexity is llama.cpp's: BOS and the tokens of the whole text, windows that do not
overlap, BOS in place of each window's first token, and the second half of each scored. `nats` is the mean over all scored tokens;
`mass` is what the chosen experts' probabilities add up to before they are scaled, over all tokens and layers.
"""
import json
import pathlib

import torch
from safetensors import safe_open
from safetensors.torch import load
from tokenizers import Tokenizer
from transformers import LlamaConfig, LlamaForCausalLM

import random_models

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "Fixtures"
# The tokenizer of the random models has the 256 bytes, and these pieces.
LETTERS = ("abc ab a1 cab\n" * 24 + "In the year 1969 two people walked on the Moon, and a third one went around it.\n" * 4)
# model, text (of Fixtures, or written here), context, windows
CASES = [
    ("models/xverse-moe-tiny", "text/eval/fiction-en.txt", 512, 4),
    ("models/xverse-ent-tiny", "text/eval/fiction-zh.txt", 512, 4),
    ("models/random/xverse-moe-unnormalised-yarn", LETTERS, 64, 4),
]


class CountingExperts(random_models.XverseExperts):
    """Adds up the chosen experts' probabilities."""
    masses = []

    def forward(self, x):
        logits = torch.nn.functional.linear(x, self.weights[f"{self.block}.router.weight"])
        self.masses.append(logits.softmax(-1, torch.float32).topk(self.keys["moe_top_k"], dim=-1).values.sum(-1).flatten())
        return super().forward(x)


def stored(folder):
    packed = folder / "model.safetensors.zst"
    if packed.exists():
        plain = random_models.subprocess.run(["zstd", "-dc", packed], capture_output=True, check=True).stdout
        return {name: weight.float() for name, weight in load(plain).items()}
    weights = {}
    for path in sorted(folder.glob("model*.safetensors")):
        with safe_open(path, "pt") as file:
            weights |= {name: file.get_tensor(name).float() for name in file.keys()}
    return weights


def measured(folder, normalizes, windows):
    keys = json.loads((folder / "config.json").read_text()) | {"norm_topk_prob": normalizes}
    options = {key: value for key, value in keys.items() if key not in ("architectures", "torch_dtype", "auto_map", "model_type")}
    model = LlamaForCausalLM(LlamaConfig(**options, attn_implementation="eager")).float().eval()
    weights = stored(folder)
    for number, layer in enumerate(model.model.layers):
        layer.mlp = CountingExperts(keys, weights, f"model.layers.{number}.mlp")
    missing, unexpected = model.load_state_dict(
        {name: weight for name, weight in weights.items() if ".mlp." not in name}, strict=False)
    assert not missing and not unexpected, (missing, unexpected)
    CountingExperts.masses = []
    losses = []
    with torch.no_grad():
        for window in windows:
            ids = torch.tensor([window])
            first = len(window) // 2
            logits = model(ids).logits[0, first:-1]
            losses.append(torch.nn.functional.cross_entropy(logits, ids[0, first + 1:], reduction="none"))
    return torch.cat(losses).double().mean().item(), torch.cat(CountingExperts.masses).double().mean().item()


def main():
    torch.set_num_threads(1)
    result = []
    for model, text, context, count in CASES:
        folder = FIXTURES / model
        tokenizer = folder if (folder / "tokenizer.json").exists() else folder.parent / "tokenizer"
        bos = json.loads((folder / "config.json").read_text())["bos_token_id"]
        is_file = text.endswith(".txt")
        content = (FIXTURES / text).read_text() if is_file else text
        ids = [bos] + Tokenizer.from_file(str(tokenizer / "tokenizer.json")).encode(content, add_special_tokens=False).ids
        windows = [[bos] + ids[start + 1:start + context] for start in range(0, count * context, context)]
        assert all(len(window) == context for window in windows), "the text is too short"
        (on, mass), (off, _) = (measured(folder, normalizes, windows) for normalizes in (True, False))
        print(f"{model}: {on:.6f} nats normalised, {off:.6f} not, mass {mass:.4f}")
        result.append({"model": model, "file" if is_file else "text": text, "context": context, "windows": count,
                       "nats": {"on": on, "off": off}, "mass": mass})
    path = FIXTURES / "golden" / "expert_normalization.json"
    path.write_text("[\n" + ",\n".join(" " + json.dumps(case) for case in result) + "\n]\n")


main()
