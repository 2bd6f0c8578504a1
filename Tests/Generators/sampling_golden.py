#!/usr/bin/env python3
"""Writes Fixtures/golden/sampling_golden.json.zst: what transformers' logits processors leave of some logits, and greedy
continuations with a repetition penalty.

    python3 Tests/Generators/sampling_golden.py

Written with torch 2.13.0 and transformers 5.23.0 on the CPU. Needs zstd.

"distributions": the processors one after the other, in the order of transformers' `generate`, in float64 (float32 is checked
to leave the same tokens). Where equal tokens are on both sides of a limit of top-p, which of them stay is chance: the tokens
that are left are given for cases without that, else only their probabilities.

"continuations": `generate` without sampling, by the bundled models in float32; the classes are those of random_models.py. The
greedy texts of their reference.json are made first, to check that. "margin" is the smallest distance between the best two of
the processed logits.
"""
import json
import pathlib
import subprocess

import torch
from safetensors.torch import load_file
from transformers import (LogitsProcessorList, MinPLogitsWarper, RepetitionPenaltyLogitsProcessor, TemperatureLogitsWarper,
                          TopKLogitsWarper, TopPLogitsWarper)

from random_models import reference

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "Fixtures"
MODELS = ["xverse-moe-tiny", "xverse-ent-tiny", "apus-xdan-tiny"]
PENALTY = 1.1


def processors(options):
    kinds = {"repetitionPenalty": RepetitionPenaltyLogitsProcessor, "temperature": TemperatureLogitsWarper,
             "topK": TopKLogitsWarper, "topP": TopPLogitsWarper, "minP": MinPLogitsWarper}
    return LogitsProcessorList([kind(options[name]) for name, kind in kinds.items() if name in options])


def distribution(options, logits, history):
    scores = processors(options)(torch.tensor([history], dtype=torch.long), logits[None].clone())[0]
    return scores, scores.softmax(-1)


def case(name, logits, history, **options):
    options.setdefault("temperature", 1.0)
    logits = torch.as_tensor(logits, dtype=torch.float32)
    scores, probabilities = distribution(options, logits.double(), history)
    single, _ = distribution(options, logits, history)
    kept = scores.isfinite()
    full = dict(options)
    full.pop("topP", None)
    before, _ = distribution(full, logits.double(), history)
    ties = set(scores[kept].tolist()) & set(before[~kept].tolist())
    if not ties:
        assert torch.equal(kept, single.isfinite()), name
    result = {"name": name, "options": options, "history": history, "logits": logits.tolist(),
              "probabilities": sorted(probabilities[kept].tolist(), reverse=True)}
    if not ties:
        result["tokens"] = kept.nonzero().flatten().tolist()
        result["ofTokens"] = probabilities[kept].tolist()
    return result


def distributions():
    generator = torch.Generator().manual_seed(20)

    def random(count, scale=3.0):
        return scale * torch.randn(count, generator=generator)

    def choice(*values):
        return values[int(torch.randint(len(values), (1,), generator=generator))]

    cases = [
        case("plain", random(50), []),
        case("hot", random(50), [], temperature=2.5),
        case("cold", random(50), [], temperature=0.1),
        case("penalty on both signs", [2.0, -2.0, 0.0, 1.0, -1.0], [0, 1, 2], repetitionPenalty=1.25),
        case("penalty once for each token", [3.0, 1.0, -1.0], [0, 0, 0, 2, 2], repetitionPenalty=1.5),
        case("penalty that makes a tie", [2.0, 1.0, 0.5], [0], repetitionPenalty=2.0, topK=1),
        case("penalty below 1", [3.0, 1.0, -1.0], [1, 2], repetitionPenalty=0.5),
        case("k of ties", [1.0, 3.0, 2.0, 2.0, 2.0, 0.0], [], topK=2),
        case("k of all equal", [1.0] * 8, [], topK=3),
        case("k above the vocabulary", random(5), [], topK=100),
        case("k of one", random(100), [], topK=1),
        case("p of equal ones", [0.0] * 4, [], topP=0.5),
        case("p just above", [0.0] * 4, [], topP=0.50001),
        case("p of one", random(100), [], topP=1e-9),
        case("p of a sure one", [50.0, 0.0, 0.0], [], topP=0.9),
        case("p of nearly all", random(1000, 0.5), [], topP=0.9999),
        case("min-p of equal ones", [1.0, 1.0, 0.0, 0.0], [], minP=1.0),
        case("min-p at a limit", [0.0, -1.0, -1.0 - 1e-3, 5.0], [], minP=float(torch.tensor(-6.0).exp()) * 0.999),
        case("infinite ones", [float("-1e30"), 1.0, 0.0, -1e30], [], topK=4, topP=0.999),
    ]
    for number in range(80):
        count = choice(7, 60, 300)
        logits = random(count, choice(0.5, 2.0, 6.0))
        if choice(True, False):
            logits = (logits * 2).round() / 2
        history = torch.randint(0, count, (choice(0, 3, 40),), generator=generator).tolist()
        options = {"temperature": choice(0.5, 0.7, 1.0, 1.75)}
        if choice(True, False):
            options["repetitionPenalty"] = choice(1.1, 1.3, 2.0)
        if choice(True, False):
            options["topK"] = choice(1, 5, 40)
        if choice(True, False):
            options["topP"] = choice(0.3, 0.8, 0.95)
        if choice(True, False):
            options["minP"] = choice(0.01, 0.05, 0.3)
        cases.append(case(f"random {number}", logits, history, **options))
    return cases


def load(name):
    folder = FIXTURES / "models" / name
    keys = json.loads((folder / "config.json").read_text())
    weights = {key: value for file in sorted(folder.glob("model*.safetensors")) for key, value in load_file(file).items()}
    return reference(keys, False, weights), json.loads((folder / "reference.json").read_text())


def generate(model, ids, **options):
    output = model.generate(
        torch.tensor([ids]), do_sample=False, max_new_tokens=64, return_dict_in_generate=True, output_scores=True, **options)
    best = torch.stack(output.scores)[:, 0].topk(2).values
    return output.sequences[0, len(ids):].tolist(), float((best[:, 0] - best[:, 1]).min())


def continuations():
    for name in MODELS:
        model, expected = load(name)
        for text in expected["greedy_generation"]:
            tokens, _ = generate(model, text["prompt_ids"])
            assert tokens == text["generated_ids"], (name, text["prompt"])
            tokens, margin = generate(model, text["prompt_ids"], repetition_penalty=PENALTY)
            assert margin > 1e-3, (name, margin)
            print(f"{name}: margin {margin:.4f}")
            yield {"model": name, "prompt": text["prompt"], "repetitionPenalty": PENALTY, "tokens": tokens, "margin": margin}


def main():
    torch.set_num_threads(1)
    golden = {"distributions": distributions(), "continuations": list(continuations())}
    packed = subprocess.run(["zstd", "-19", "-c"], input=json.dumps(golden).encode(), capture_output=True, check=True)
    (FIXTURES / "golden" / "sampling_golden.json.zst").write_bytes(packed.stdout)
    print(f"{len(golden['distributions'])} distributions, {len(packed.stdout)} bytes")


if __name__ == "__main__":
    main()
