#!/usr/bin/env python3
"""Writes Fixtures/golden/layer_golden.json.zst: what PyTorch makes of one decoder layer, and of some logits.

    python3 Tests/Generators/layer_golden.py

Written with torch 2.13.0 and transformers 5.24.0 on the CPU. Needs zstd.

"layers": cases of one layer, computed in float64 with torch's own functions (`scaled_dot_product_attention`, `rms_norm`,
`silu`, `softmax`, `topk`). Weights and inputs are whole numbers times "unit", so that float32 holds them exactly; "exponents" multiply
each row of the inputs by a power of two. Matrices are
listed row by row, their dimensions fastest first. Rotary embeddings rotate neighbouring pairs; the frequencies of scaled ones
are those of transformers. "attention", "attentionOutput", "feedForward" and "output" are a row for each token of all sequences:
the normalized inputs, all heads' mixed values, the second norm's output and the residual stream in the end. "gated" is what the
dense or the shared block's down matrix is multiplied with. "experts" has, for each expert, the tokens that are routed to it,
their weights, and what its down matrix is multiplied with.

"logits": rows with `logsumexp`, `argmax` and some of `log_softmax`.
"""
import json
import pathlib
import subprocess

import torch
import torch.nn.functional as F
from transformers import LlamaConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

OUTPUT = pathlib.Path(__file__).resolve().parents[2] / "Fixtures/golden/layer_golden.json.zst"
generator = torch.Generator().manual_seed(20261127)


def whole(*shape, limit=9):
    return torch.randint(-limit, limit + 1, shape, generator=generator)


def table(values):
    return [[float(f"{x:.7g}") for x in row] for row in values.tolist()]


def frequencies(rope, rotated):
    """The angle of each pair per position, and the factor on cosines and sines."""
    if rotated == 0:
        return torch.zeros(0, dtype=torch.float64), 1.0
    plain = rope["base"] ** (-torch.arange(0, rotated, 2, dtype=torch.float64) / rotated)
    if "type" not in rope:
        return plain, 1.0
    parameters = {"rope_type": rope["type"], "rope_theta": rope["base"], "factor": rope["factor"]}
    if rope["type"] != "linear":
        parameters["original_max_position_embeddings"] = rope["original"]
    if rope["type"] == "llama3":
        parameters |= {"low_freq_factor": rope["low"], "high_freq_factor": rope["high"]}
    config = LlamaConfig(hidden_size=rotated, num_attention_heads=1, head_dim=rotated, rope_theta=rope["base"],
                         max_position_embeddings=int(rope.get("original", 64) * rope["factor"]), rope_parameters=parameters)
    found, amplitude = ROPE_INIT_FUNCTIONS[rope["type"]](config, "cpu")
    return found.double(), float(amplitude)


def rotate(heads, rope, rotated):
    """`heads`: heads × tokens × head length."""
    angle, amplitude = frequencies(rope, rotated)
    if rope.get("factors"):
        angle = angle / torch.tensor(rope["factors"], dtype=torch.float64)
    angles = torch.arange(heads.shape[1], dtype=torch.float64)[:, None] * angle
    pairs = torch.view_as_complex(heads[..., :rotated].reshape(*heads.shape[:2], -1, 2).contiguous())
    turned = torch.view_as_real(pairs * torch.polar(torch.full_like(angles, amplitude), angles)).flatten(2)
    return torch.cat([turned, heads[..., rotated:]], dim=-1)


class Layer:
    def __init__(self, name, width=16, heads=2, kv=None, head=None, rotated=None, rope=None, lengths=(12,), inner=20,
                 experts=None, sharpness=1, scales=None, unit=1 / 4, norm_experts_after=False, epsilon=1e-5):
        kv = kv or heads
        head = head or width // heads
        rotated = head if rotated is None else rotated
        self.name, self.width, self.heads, self.kv, self.head = name, width, heads, kv, head
        self.rope, self.rotated = {"base": 10000.0} | (rope or {}), rotated
        self.lengths, self.inner, self.experts, self.unit, self.epsilon = lengths, inner, experts, unit, epsilon
        self.after = norm_experts_after
        self.weights = {}
        norms = 32 + whole(width, limit=8)
        self.put("attn_norm", norms, 1 / 32)
        self.put("attn_q", whole(heads * head, width), sharpness / 16)
        self.put("attn_k", whole(kv * head, width), sharpness / 16)
        self.put("attn_v", whole(kv * head, width), 1 / 16)
        self.put("attn_output", whole(width, heads * head), 1 / 16)
        self.put("ffn_norm", 32 + whole(width, limit=8), 1 / 32)
        if experts:
            count, length = experts["count"], experts["length"]
            self.put("ffn_gate_inp", whole(count, width), 1 / 8)
            for matrix, shape in [("gate", (length, width)), ("up", (length, width)), ("down", (width, length))]:
                self.put(f"ffn_{matrix}_exps", whole(count, *shape), 1 / 16)
            if experts["shared"]:
                length *= experts["shared"]
                for matrix, shape in [("gate", (length, width)), ("up", (length, width)), ("down", (width, length))]:
                    self.put(f"ffn_{matrix}_shexp", whole(*shape), 1 / 16)
        else:
            for matrix, shape in [("gate", (inner, width)), ("up", (inner, width)), ("down", (width, inner))]:
                self.put(f"ffn_{matrix}", whole(*shape), 1 / 16)
        self.inputs = whole(sum(lengths), width)
        self.scales = scales

    def put(self, name, values, unit):
        self.weights[name] = (values, unit)

    def __getitem__(self, name):
        values, unit = self.weights[name]
        return values.double() * unit

    def normed(self, x, name):
        return F.rms_norm(x, (self.width,), self[name], self.epsilon)

    def attention(self, x):
        def heads(rows, count):
            return rows.view(rows.shape[0], count, self.head).transpose(0, 1)

        q = rotate(heads(x @ self["attn_q"].T, self.heads), self.rope, self.rotated)
        k = rotate(heads(x @ self["attn_k"].T, self.kv), self.rope, self.rotated)
        v = heads(x @ self["attn_v"].T, self.kv)
        mixed = F.scaled_dot_product_attention(q[None], k[None], v[None], is_causal=True, enable_gqa=True)[0]
        return mixed.transpose(0, 1).flatten(1)

    def gated(self, x, gate, up):
        return F.silu(x @ gate.T) * (x @ up.T)

    def result(self):
        x = self.inputs.double() * self.unit
        if self.scales:
            x = x * torch.tensor([2.0**e for e in self.scales], dtype=torch.float64)[:, None]
        case = {}
        normed = self.normed(x, "attn_norm")
        case["attention"] = table(normed)
        mixed = torch.cat([self.attention(rows) for rows in normed.split(self.lengths)])
        case["attentionOutput"] = table(mixed)
        x = x + mixed @ self["attn_output"].T
        normed = self.normed(x, "ffn_norm")
        case["feedForward"] = table(normed)
        if self.experts:
            x = x + self.routed(normed, case)
            if self.experts["shared"]:
                inner = self.gated(normed, self["ffn_gate_shexp"], self["ffn_up_shexp"])
                case["gated"] = table(inner)
                x = x + inner @ self["ffn_down_shexp"].T
        else:
            inner = self.gated(normed, self["ffn_gate"], self["ffn_up"])
            case["gated"] = table(inner)
            x = x + inner @ self["ffn_down"].T
        case["output"] = table(x)
        return case

    def routed(self, normed, case):
        e = self.experts
        logits = normed @ self["ffn_gate_inp"].T
        if self.after:
            best, chosen = logits.topk(e["used"])
            weights = best.softmax(-1)
        else:
            weights, chosen = logits.softmax(-1).topk(e["used"])
            if e["normalizes"]:
                weights = weights / weights.sum(-1, keepdim=True)
        weights = weights * e["scale"]
        result = torch.zeros_like(normed)
        case["experts"] = []
        for expert in range(e["count"]):
            rows, slots = (chosen == expert).nonzero(as_tuple=True)
            inner = self.gated(normed[rows], self["ffn_gate_exps"][expert], self["ffn_up_exps"][expert])
            share = weights[rows, slots]
            result[rows] += share[:, None] * (inner @ self["ffn_down_exps"][expert].T)
            case["experts"].append({"rows": rows.tolist(), "weights": [float(f"{w:.7g}") for w in share.tolist()],
                                    "gated": table(inner)})
        return result

    def json(self):
        weights = {name: {"dimensions": list(values.shape)[::-1], "unit": unit, "values": values.flatten().tolist()}
                   for name, (values, unit) in self.weights.items()}
        if self.rope.get("factors"):
            weights["rope_freqs"] = {"dimensions": [len(self.rope["factors"])], "unit": 1, "values": self.rope["factors"]}
        case = {"name": self.name, "width": self.width, "heads": self.heads, "keyValueHeads": self.kv, "headLength": self.head,
                "rotated": self.rotated, "rope": self.rope, "lengths": list(self.lengths), "inner": self.inner,
                "epsilon": self.epsilon, "weights": weights, "input": {
                    "unit": self.unit, "values": self.inputs.flatten().tolist(), "exponents": self.scales or []}}
        if self.experts:
            case["expertPlan"] = self.experts
        return case | self.result()


def experts(count, used, normalizes, shared=0, scale=1.0, length=12):
    return {"count": count, "used": used, "normalizes": normalizes, "shared": shared, "scale": scale, "length": length}


LAYERS = [
    Layer("causal"),
    Layer("grouped-query", heads=4, kv=2),
    Layer("one key head", heads=4, kv=1),
    Layer("heads wider than the stream", head=16, kv=2),
    Layer("windows", lengths=(5, 1, 9, 2), kv=2),
    Layer("several panels", width=4, heads=2, kv=1, lengths=(520, 20), inner=4),
    Layer("sharp", sharpness=4, lengths=(24,)),
    Layer("no rope", rotated=0),
    Layer("part of each head", rotated=4, lengths=(17,)),
    Layer("linear", rope={"type": "linear", "factor": 4.0}, lengths=(40,)),
    Layer("yarn", head=16, rope={"type": "yarn", "factor": 4.0, "original": 32, "base": 500.0}, lengths=(40,)),
    Layer("llama3", head=16, lengths=(40,),
          rope={"type": "llama3", "factor": 8.0, "original": 32, "low": 1.0, "high": 4.0, "base": 500.0}),
    Layer("frequency factors", rope={"factors": [1, 2, 4, 8]}, lengths=(40,)),
    Layer("sizes", width=40, heads=5, lengths=(6,), scales=(-30, -12, 0, 12, 40, 70)),
    Layer("dense", inner=40, lengths=(17,), unit=2),
    Layer("shared", experts=experts(4, 2, True, shared=2), lengths=(17,)),
    Layer("normalised", experts=experts(6, 2, True), lengths=(18,)),
    Layer("plain probabilities", experts=experts(6, 3, False), lengths=(18,)),
    Layer("softmax of the chosen", experts=experts(6, 3, True), norm_experts_after=True, lengths=(18,)),
    Layer("scaled weights", experts=experts(5, 2, True, shared=1, scale=2.5), lengths=(18,)),
    Layer("all experts", experts=experts(3, 3, False), lengths=(17,)),
    Layer("one expert", experts=experts(1, 1, True), lengths=(17,)),
]


def logit_rows():
    rows = []
    for count in [1, 2, 15, 16, 17, 255, 256, 257, 1000]:
        for unit in [1 / 64, 1, 8]:
            values = whole(count, limit=100).double() * unit
            tokens = sorted({0, count // 2, count - 1, int(values.argmax())})
            rows.append({"logits": values.tolist(), "tokens": tokens, "logSum": values.logsumexp(0).item(),
                         "best": int(values.argmax()), "logProbabilities": values.log_softmax(0)[tokens].tolist()})
    return rows


if __name__ == "__main__":
    text = json.dumps({"layers": [layer.json() for layer in LAYERS], "logits": logit_rows()})
    subprocess.run(["zstd", "-19", "-q", "-f", "-o", OUTPUT], input=text.encode(), check=True)
    print(f"{OUTPUT}: {OUTPUT.stat().st_size} bytes, {len(text)} as text")
