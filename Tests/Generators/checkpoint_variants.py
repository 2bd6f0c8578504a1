#!/usr/bin/env python3
"""Writes Fixtures/golden/checkpoint_variants.json: the last logits of bundled random models in other forms, by transformers.

    python3 Tests/Generators/checkpoint_variants.py

Written with torch and transformers 5.24 on the CPU, in float32. A variant is a random model with changed keys in its
config.json (null as a text "absent" removes one) and, where `tensors` says so, other tensors. The configuration is read by
transformers, so that its order of preference and its defaults decide. `defaults` are what the configuration classes take for an
empty config.json: transformers' own, and XVERSE's, which are published beside its weights.
"""
import json
import pathlib
import subprocess

import torch
from safetensors.torch import load
from transformers import (LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM, MixtralConfig,
                          MixtralForCausalLM)

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "Fixtures"
RANDOM = FIXTURES / "models" / "random"
CLASSES = {"LlamaForCausalLM": (LlamaConfig, LlamaForCausalLM), "MistralForCausalLM": (MistralConfig, MistralForCausalLM),
           "MixtralForCausalLM": (MixtralConfig, MixtralForCausalLM)}

LINEAR = {"type": "linear", "factor": 4.0}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32}
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 64}
PLAIN = {"rope_type": "default", "rope_theta": 500.0}
DYNAMIC = "llama-dynamic"

# name, random model, keys of config.json, what happens to the tensors
CASES = [
    ("tied flag, stored head", DYNAMIC, {"tie_word_embeddings": True}, None),
    ("tied flag, equal head", DYNAMIC, {"tie_word_embeddings": True}, "head is embedding"),
    ("tied, head only", "llama-tied-head-80", {}, "embedding is called head"),
    ("linear beside plain parameters", DYNAMIC, {"rope_scaling": LINEAR, "rope_parameters": PLAIN}, None),
    ("linear without a base beside parameters with one", DYNAMIC,
     {"rope_scaling": LINEAR, "rope_parameters": PLAIN, "rope_theta": "absent"}, None),
    ("yarn beside plain parameters", "llama-yarn", {"rope_scaling": YARN, "rope_parameters": PLAIN}, None),
    ("llama3 beside plain parameters", "llama-yarn", {"rope_scaling": LLAMA3, "rope_parameters": PLAIN}, None),
    ("linear beside empty parameters", DYNAMIC, {"rope_scaling": LINEAR, "rope_parameters": {}}, None),
    ("empty scaling beside linear parameters", DYNAMIC,
     {"rope_scaling": {}, "rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 500.0}}, None),
    ("base inside the parameters", DYNAMIC, {"rope_scaling": "absent", "rope_parameters": PLAIN}, None),
    ("yarn with the original context beside it", "llama-yarn",
     {"rope_scaling": {"rope_type": "yarn", "factor": 4.0}, "original_max_position_embeddings": 32}, None),
    ("no key-value heads, null", "llama-linear", {"num_key_value_heads": None}, None),
    ("Mixtral without base", "mixtral-1-expert", {"rope_theta": "absent"}, None),
    ("Mistral with a window of the text's length", "mistral-window", {"sliding_window": 24}, None),
    ("Mistral with null for its window", "mistral-window", {"sliding_window": None}, None),
]
# config.json keys that decide numbers or shapes.
KEYS = ["vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
        "head_dim", "max_position_embeddings", "rms_norm_eps", "sliding_window", "num_local_experts", "num_experts_per_tok",
        "tie_word_embeddings"]
# XVERSE's classes are in no package. The dense one: the defaults of `XverseConfig` in the configuration_xverse.py of XVERSE-13B (it
# has no rope_theta; the model's code rotates with base 10000). That of the mixtures: the keys whose defaults are known, of XVERSE-MoE;
# num_key_value_heads is that of num_attention_heads in both.
PUBLISHED = {
    "XverseForCausalLM": {
        "vocab_size": 100278, "hidden_size": 5120, "intermediate_size": 13824, "num_hidden_layers": 40, "num_attention_heads": 40,
        "num_key_value_heads": 40, "max_position_embeddings": 8192, "rms_norm_eps": 1e-6, "tie_word_embeddings": False,
        "rope_theta": 10000.0},
    "XverseMoeForCausalLM": {
        "num_experts": 64, "moe_top_k": 6, "num_shared_experts": 2, "rope_theta": 10000.0, "tie_word_embeddings": False},
}


def fused(weights, keys):
    result = {name: weight for name, weight in weights.items() if "block_sparse_moe" not in name}
    for number in range(keys["num_hidden_layers"]):
        layer = f"model.layers.{number}"
        experts = [{w: weights[f"{layer}.block_sparse_moe.experts.{e}.{w}.weight"] for w in ("w1", "w2", "w3")}
                   for e in range(keys["num_local_experts"])]
        result[f"{layer}.mlp.gate.weight"] = weights[f"{layer}.block_sparse_moe.gate.weight"]
        result[f"{layer}.mlp.experts.gate_up_proj"] = torch.stack([torch.cat([e["w1"], e["w3"]]) for e in experts])
        result[f"{layer}.mlp.experts.down_proj"] = torch.stack([e["w2"] for e in experts])
    return result


def last_logits(base, changes, change, ids):
    keys = json.loads((RANDOM / base / "config.json").read_text()) | changes
    keys = {key: value for key, value in keys.items() if value != "absent"}
    packed = (RANDOM / base / "model.safetensors.zst").read_bytes()
    weights = load(subprocess.run(["zstd", "-dc"], input=packed, capture_output=True, check=True).stdout)
    weights = {name: weight.float() for name, weight in weights.items()}
    head = weights.get("lm_head.weight")
    kind, model = CLASSES[keys["architectures"][0]]
    options = {key: value for key, value in json.loads(json.dumps(keys)).items() if key not in ("architectures", "torch_dtype")}
    # A model that is not tied computes with whatever stands in its head.
    model = model(kind(**options | {"tie_word_embeddings": False}, attn_implementation="eager")).float().eval()
    if change == "head is embedding" or head is None:
        weights["lm_head.weight"] = weights["model.embed_tokens.weight"]
    if "num_local_experts" in keys:
        weights = fused(weights, keys)
    model.load_state_dict(weights)
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0, -1]
    return {"name": None, "model": base, "changes": changes, "tensors": change,
            "logits": [float(f"{value:.6g}") for value in logits.tolist()]}


def main():
    ids = {name: case["ids"] for name, case in json.loads((RANDOM / "cases.json").read_text()).items()}
    cases = [last_logits(base, changes, change, ids[base]) | {"name": name} for name, base, changes, change in CASES]
    defaults = {}
    for name, (kind, _) in CLASSES.items():
        configuration = kind()
        defaults[name] = {key: getattr(configuration, key) for key in KEYS if hasattr(configuration, key)}
        defaults[name]["rope_theta"] = configuration.rope_parameters["rope_theta"]
    defaults |= PUBLISHED
    path = FIXTURES / "golden" / "checkpoint_variants.json"
    lines = ",\n".join("  " + json.dumps(case) for case in cases)
    path.write_text(f'{{"defaults": {json.dumps(defaults)},\n "cases": [\n{lines}\n]}}\n')


main()
