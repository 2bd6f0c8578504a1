#!/usr/bin/env python3
"""Writes Fixtures/models/random: tiny checkpoints with random weights and odd shapes, and the logits PyTorch computes with them.

    python3 Tests/Generators/random_models.py

Written with torch 2.13.0 and transformers 5.23.0 on the CPU, in float32. Llama, Mistral and Mixtral are transformers' own
classes; XVERSE, which it does not have, is its Llama, with the sum of experts written out below in the feed-forward's place.
The configuration is read by transformers, rope scaling included.

Every folder has config.json, model.safetensors.zst (bfloat16) and reference.safetensors (logits, one row for each of `ids` in
cases.json). Weights are small multiples of a power of two, so that they compress. All share the tokenizer in tokenizer/: the
form of XVERSE's, with the 256 bytes and a few characters. rope.json holds the frequencies and amplitudes of transformers'
ROPE_INIT_FUNCTIONS for some configurations of realistic size.
"""
import json
import math
import pathlib
import subprocess
import zlib

import torch
from safetensors.torch import save, save_file
from torch import nn
from transformers import (LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM, MixtralConfig,
                          MixtralForCausalLM)
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

OUTPUT = pathlib.Path(__file__).resolve().parents[2] / "Fixtures" / "models" / "random"
VOCABULARY = 272


def config(architecture, **changes):
    base = {
        "architectures": [architecture], "hidden_act": "silu", "hidden_size": 32, "intermediate_size": 48,
        "num_hidden_layers": 2, "num_attention_heads": 4, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
        "max_position_embeddings": 128, "vocab_size": VOCABULARY, "tie_word_embeddings": False, "bos_token_id": 0,
        "eos_token_id": 1, "torch_dtype": "bfloat16",
    } | changes
    return {key: value for key, value in base.items() if value != "absent"}


def xverse(**changes):
    return config("XverseForCausalLM", **changes)


def xverse_moe(**changes):
    return xverse(**({"num_experts": 3, "moe_top_k": 2, "num_shared_experts": 1, "intermediate_size": 32} | changes))


def mixtral(**changes):
    return config("MixtralForCausalLM", **(
        {"num_local_experts": 3, "num_experts_per_tok": 2, "num_key_value_heads": 2, "intermediate_size": 32,
         "rope_theta": 1e6, "sliding_window": None} | changes))


def llama(**changes):
    return config("LlamaForCausalLM", **changes)


def mistral(**changes):
    return config("MistralForCausalLM", **({"num_key_value_heads": 2} | changes))


YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32}
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 64}
# hidden 64 and one head: 32 pairs, so that the ramps have something to run over.
WIDE = {"hidden_size": 64, "num_attention_heads": 1, "rope_theta": 500.0}

# name: (configuration, GGUF architecture, tokens)
CASES = {
    "xverse-moe-10-experts": (xverse_moe(num_experts=10, moe_top_k=3, intermediate_size=96, num_key_value_heads=2), "bailingmoe", 24),
    "xverse-moe-1-expert-head-80": (xverse_moe(num_experts=1, moe_top_k=1, num_shared_experts=2, hidden_size=160, num_attention_heads=2, intermediate_size=32), "bailingmoe", 12),
    "xverse-moe-width-1728": (xverse_moe(num_experts=2, moe_top_k=1, hidden_size=16, num_attention_heads=2, intermediate_size=1728), "bailingmoe", 12),
    "xverse-moe-all-experts-gqa-8": (xverse_moe(num_experts=3, moe_top_k=3, num_attention_heads=8, num_key_value_heads=1), "bailingmoe", 24),
    "xverse-moe-no-shared": (xverse_moe(num_shared_experts=0, num_experts=5, moe_top_k=2), "llama", 24),
    "xverse-moe-no-shared-tied-llama3": (xverse_moe(num_shared_experts="absent", tie_word_embeddings=True, rope_scaling=LLAMA3), "llama", 24),
    "xverse-moe-tied-linear": (xverse_moe(tie_word_embeddings=True, rope_scaling={"type": "linear", "factor": 2.5}), "bailingmoe", 24),
    "xverse-moe-unnormalised-yarn": (xverse_moe(norm_topk_prob=False, rope_scaling=YARN, **WIDE), "bailingmoe", 48),
    "xverse-moe-wide-vocabulary": (xverse_moe(vocab_size=333, head_dim=6), "bailingmoe", 12),
    "xverse-dense": (xverse(), "xverse", 24),
    "xverse-dense-gqa-2": (xverse(num_key_value_heads=2, num_experts=None), "xverse", 24),
    "xverse-dense-tied": (xverse(tie_word_embeddings=True), "llama", 24),
    "xverse-dense-llama3": (xverse(rope_scaling=LLAMA3, **WIDE), "llama", 48),
    "mixtral-1-expert": (mixtral(num_local_experts=1, num_experts_per_tok=1), "llama", 12),
    "mixtral-10-experts-gqa-8": (mixtral(num_local_experts=10, num_experts_per_tok=1, num_attention_heads=8, num_key_value_heads=1, intermediate_size=96), "llama", 24),
    "mixtral-fused-all-experts": (mixtral(num_experts_per_tok=3), "llama", 24),
    "mixtral-fused-head-80": (mixtral(num_attention_heads=2, num_key_value_heads=1, head_dim=80, rope_theta="absent", rope_parameters={"rope_type": "default", "rope_theta": 20000.0}), "llama", 12),
    "llama-tied-head-80": (llama(hidden_size=160, num_attention_heads=2, num_key_value_heads=1, tie_word_embeddings=True), "llama", 12),
    "llama-dynamic": (llama(rope_scaling={"type": "dynamic", "factor": 4.0}), "llama", 24),
    "llama-linear": (llama(rope_theta="absent", rope_parameters={"rope_type": "linear", "factor": 4.0, "rope_theta": 10000.0}), "llama", 24),
    "llama-yarn": (llama(rope_scaling=YARN, **WIDE), "llama", 48),
    "llama-yarn-attention-factor": (llama(rope_scaling=YARN | {"attention_factor": 0.75}, **WIDE), "llama", 48),
    "llama-yarn-mscale": (llama(rope_scaling=YARN | {"mscale": 1.0, "mscale_all_dim": 0.5}, **WIDE), "llama", 48),
    "llama-yarn-other-ramp": (llama(rope_scaling=YARN | {"beta_fast": 4.0, "beta_slow": 0.5, "truncate": False}, **WIDE), "llama", 48),
    "llama-llama3": (llama(rope_scaling=LLAMA3, tie_word_embeddings=True, **WIDE), "llama", 48),
    "mistral-window": (mistral(sliding_window=128, head_dim=10), "llama", 24),
    # XVERSE-MoE-A36B scaled down: another class name, grouped heads of length 128, experts of whole blocks.
    "xverse-moe-a36b": (xverse_moe(architectures=["XverseMoeForCausalLM"], num_hidden_layers=1, hidden_size=256, num_attention_heads=2, num_key_value_heads=1, intermediate_size=256, num_experts=4, moe_top_k=3, num_shared_experts=2), "bailingmoe", 24),
}

ROPES = {
    "plain": {},
    "linear": {"rope_scaling": {"type": "linear", "factor": 8.0}},
    "dynamic": {"rope_scaling": {"type": "dynamic", "factor": 4.0}},
    "yarn": {"rope_scaling": {"type": "yarn", "factor": 16.0, "original_max_position_embeddings": 8192}},
    "yarn-qwen": {"rope_theta": 1e6, "rope_scaling": {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}},
    "yarn-deepseek": {"head_dim": 64, "rope_scaling": {"type": "yarn", "factor": 40, "beta_fast": 32, "beta_slow": 1, "mscale": 1.0, "mscale_all_dim": 0.707, "original_max_position_embeddings": 4096}},
    "yarn-oss": {"head_dim": 64, "rope_theta": 150000, "rope_scaling": {"rope_type": "yarn", "factor": 32.0, "beta_fast": 32.0, "beta_slow": 1.0, "truncate": False, "original_max_position_embeddings": 4096}},
    "llama3.1": {"rope_theta": 500000.0, "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}},
    "llama3.2": {"head_dim": 64, "rope_theta": 500000.0, "rope_scaling": {"rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}},
}


class XverseExperts(nn.Module):
    """Softmax over all experts, the best of them, renormalised unless the configuration says no, beside the shared block."""

    def __init__(self, keys, weights, block):
        super().__init__()
        self.keys, self.weights, self.block = keys, weights, block

    def expert(self, name, x):
        def linear(matrix, x):
            return nn.functional.linear(x, self.weights[f"{self.block}.{name}.{matrix}_proj.weight"])
        return linear("down", nn.functional.silu(linear("gate", x)) * linear("up", x))

    def forward(self, x):
        probabilities = nn.functional.linear(x, self.weights[f"{self.block}.router.weight"]).softmax(-1, torch.float32)
        best, experts = probabilities.topk(self.keys["moe_top_k"], dim=-1)
        if self.keys.get("norm_topk_prob", True):
            best = best / best.sum(-1, keepdim=True)
        result = torch.zeros_like(x)
        for expert in range(self.keys["num_experts"]):
            weight = (best * (experts == expert)).sum(-1, keepdim=True)
            result += weight * self.expert(f"experts.{expert}", x)
        if self.keys.get("num_shared_experts"):
            result += self.expert("shared_experts", x)
        return result


def shapes(keys, fused):
    """The checkpoint's tensors."""
    width, heads = keys["hidden_size"], keys["num_attention_heads"]
    head = keys.get("head_dim") or width // heads
    inner, vocabulary = keys["intermediate_size"], keys["vocab_size"]
    result = {"model.embed_tokens.weight": (vocabulary, width), "model.norm.weight": (width,)}
    if not keys["tie_word_embeddings"]:
        result["lm_head.weight"] = (vocabulary, width)

    def block(prefix, inner, names=("gate_proj", "up_proj", "down_proj")):
        gate, up, down = names
        result.update({f"{prefix}.{gate}.weight": (inner, width), f"{prefix}.{up}.weight": (inner, width),
                       f"{prefix}.{down}.weight": (width, inner)})

    for number in range(keys["num_hidden_layers"]):
        layer = f"model.layers.{number}"
        for norm in ("input_layernorm", "post_attention_layernorm"):
            result[f"{layer}.{norm}.weight"] = (width,)
        pairs = keys.get("num_key_value_heads") or heads
        for name, count in (("q", heads), ("k", pairs), ("v", pairs)):
            result[f"{layer}.self_attn.{name}_proj.weight"] = (count * head, width)
        result[f"{layer}.self_attn.o_proj.weight"] = (width, heads * head)
        if count := keys.get("num_experts"):
            result[f"{layer}.mlp.router.weight"] = (count, width)
            for expert in range(count):
                block(f"{layer}.mlp.experts.{expert}", inner)
            if shared := keys.get("num_shared_experts"):
                block(f"{layer}.mlp.shared_experts", inner * shared)
        elif (count := keys.get("num_local_experts")) and fused:
            result[f"{layer}.mlp.gate.weight"] = (count, width)
            result[f"{layer}.mlp.experts.gate_up_proj"] = (count, 2 * inner, width)
            result[f"{layer}.mlp.experts.down_proj"] = (count, width, inner)
        elif count:
            result[f"{layer}.block_sparse_moe.gate.weight"] = (count, width)
            for expert in range(count):
                block(f"{layer}.block_sparse_moe.experts.{expert}", inner, ("w1", "w3", "w2"))
        else:
            block(f"{layer}.mlp", inner)
    return result


def random_weights(keys, fused, seed):
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, shape in shapes(keys, fused).items():
        steps = (3 * torch.randn(shape, generator=generator)).round().clamp(-7, 7)
        if len(shape) == 1:
            weights[name] = 1 + steps / 16
        elif "embed_tokens" in name and not keys["tie_word_embeddings"]:
            weights[name] = steps / 4
        else:
            sharpness = 4 if "router" in name or name.endswith("gate.weight") else 1
            weights[name] = steps * sharpness * 2.0 ** round(math.log2(0.5 / math.sqrt(shape[-1])))
    return {name: weight.to(torch.bfloat16).contiguous() for name, weight in weights.items()}


def fuse(keys, weights):
    """Experts that are stored one by one, as transformers holds them."""
    result = {name: weight for name, weight in weights.items() if "block_sparse_moe" not in name}
    for number in range(keys["num_hidden_layers"]):
        layer = f"model.layers.{number}"
        experts = [{w: weights[f"{layer}.block_sparse_moe.experts.{expert}.{w}.weight"] for w in ("w1", "w2", "w3")}
                   for expert in range(keys["num_local_experts"])]
        result[f"{layer}.mlp.gate.weight"] = weights[f"{layer}.block_sparse_moe.gate.weight"]
        result[f"{layer}.mlp.experts.gate_up_proj"] = torch.stack([torch.cat([e["w1"], e["w3"]]) for e in experts])
        result[f"{layer}.mlp.experts.down_proj"] = torch.stack([e["w2"] for e in experts])
    return result


def reference(keys, fused, weights):
    """transformers' model with these weights, in float32."""
    architecture = keys["architectures"][0]
    options = {key: value for key, value in json.loads(json.dumps(keys)).items()
               if key not in ("architectures", "torch_dtype")}
    kind, model = {
        "MixtralForCausalLM": (MixtralConfig, MixtralForCausalLM), "MistralForCausalLM": (MistralConfig, MistralForCausalLM),
    }.get(architecture, (LlamaConfig, LlamaForCausalLM))
    model = model(kind(**options, attn_implementation="eager")).float().eval()
    state = {name: weight.float() for name, weight in weights.items()}
    if architecture == "MixtralForCausalLM" and not fused:
        state = fuse(keys, state)
    if keys.get("num_experts"):
        for number, layer in enumerate(model.model.layers):
            layer.mlp = XverseExperts(keys, state, f"model.layers.{number}.mlp")
        state = {name: weight for name, weight in state.items() if ".mlp." not in name}
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected and set(missing) <= {"lm_head.weight"}, (missing, unexpected)
    model.tie_weights()
    return model


def write_model(name, keys, architecture, count):
    fused = "fused" in name
    seed = zlib.crc32(name.encode())
    weights = random_weights(keys, fused, seed)
    ids = torch.randint(0, keys["vocab_size"], (count,), generator=torch.Generator().manual_seed(seed + 1))
    with torch.no_grad():
        logits = reference(keys, fused, weights)(ids[None]).logits[0].contiguous()
    folder = OUTPUT / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(keys, indent=2) + "\n")
    packed = subprocess.run(["zstd", "-19", "-c"], input=save(weights, {"format": "pt"}), capture_output=True, check=True)
    (folder / "model.safetensors.zst").write_bytes(packed.stdout)
    save_file({"logits": logits}, folder / "reference.safetensors")
    print(f"{name}: {sum(w.numel() for w in weights.values())} weights, {len(packed.stdout)} bytes, "
          f"logits of standard deviation {logits.std():.2f}")
    return {"architecture": architecture, "ids": ids.tolist()}


def write_tokenizer():
    pieces = ["<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)] + ["▁", "\n", "a", "b", "c", "1", "ab", "abc", "▁a"]
    assert len(pieces) < VOCABULARY
    special = {"special": True, "normalized": False, "single_word": False, "lstrip": False, "rstrip": False}
    tokenizer = {
        "version": "1.0",
        "added_tokens": [{"id": number, "content": pieces[number]} | special for number in (0, 1)],
        "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": "▁"}, "behavior": "MergedWithNext", "invert": False},
            {"type": "Split", "pattern": {"Regex": "\\n+"}, "behavior": "Isolated", "invert": False},
            {"type": "Digits", "individual_digits": True}]},
        "post_processor": None,
        "decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}]},
        "model": {"type": "BPE", "byte_fallback": True, "unk_token": None, "fuse_unk": False,
                  "vocab": {piece: number for number, piece in enumerate(pieces)},
                  "merges": [["a", "b"], ["ab", "c"], ["▁", "a"]]},
    }
    folder = OUTPUT / "tokenizer"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False, indent=1) + "\n")
    (folder / "tokenizer_config.json").write_text(json.dumps(
        {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>", "add_bos_token": True},
        indent=1) + "\n")


def write_ropes():
    result = {}
    for name, changes in ROPES.items():
        keys = {"head_dim": 128, "hidden_size": 4096, "num_attention_heads": 32, "rope_theta": 10000.0,
                "max_position_embeddings": 131072} | changes
        options = LlamaConfig(**json.loads(json.dumps(keys)))
        kind = options.rope_parameters["rope_type"]
        if kind == "default":
            exponent = torch.arange(0, keys["head_dim"], 2, dtype=torch.int64).float() / keys["head_dim"]
            frequencies, amplitude = 1 / (keys["rope_theta"] ** exponent), 1.0
        else:
            frequencies, amplitude = ROPE_INIT_FUNCTIONS[kind](options, "cpu")
        result[name] = {"config": keys, "frequencies": frequencies.tolist(), "amplitude": amplitude}
    (OUTPUT / "rope.json").write_text(json.dumps(result) + "\n")


def main():
    torch.set_num_threads(1)
    write_tokenizer()
    write_ropes()
    cases = {name: write_model(name, *case) for name, case in CASES.items()}
    (OUTPUT / "cases.json").write_text(json.dumps(cases, indent=None) + "\n")


if __name__ == "__main__":
    main()
