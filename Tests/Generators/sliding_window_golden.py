#!/usr/bin/env python3
"""Writes Fixtures/golden/sliding_window.json: losses by HuggingFace's recipe for models of fixed length, of a bundled model.

    python3 Tests/Generators/sliding_window_golden.py

Written with torch 2.13.0, transformers 5.23.0 and numpy 2.4 on the CPU, in float32. The recipe is that of transformers'
"Perplexity of fixed-length models": windows begin every `stride` tokens, what an earlier window has seen is context only, and
all scored tokens count alike. The standard errors are the textbook's: of a mean, and by linearization of a ratio of two sums.
Special tokens stand for no text, and other tokens for what their pieces say.
"""
import json
import pathlib

import numpy
import torch
from tokenizers import Tokenizer
from transformers import MixtralConfig, MixtralForCausalLM

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "Fixtures"
MODEL = FIXTURES / "models" / "apus-xdan-tiny"
SPECIALS = {"<unk>", "<s>", "</s>"}


def first(name, count):
    """The first characters of a bundled text."""
    return (FIXTURES / "text" / "eval" / f"{name}.txt").read_text()[:count]


CASES = [
    {"text": first("fiction-en", 700), "context": 64, "stride": 16},
    {"text": first("fiction-zh", 300), "context": 64, "stride": 48},
    {"text": first("web-en", 500), "context": 50, "stride": 50},
    {"text": first("web-zh", 60), "context": 8, "stride": 1},
    {"text": first("fiction-en", 60), "context": 512, "stride": 256},
    {"text": "One.</s>Two.<s>" * 6 + "Three.", "context": 16, "stride": 8},
]


def losses(model, ids, context, stride):
    """The negative log-likelihood of each scored token and its place."""
    result, places, scored = [], [], 0
    for begin in range(0, len(ids), stride):
        end = min(begin + context, len(ids))
        wanted = end - scored
        with torch.no_grad():
            logits = model(torch.tensor([ids[begin:end]])).logits[0].double()
        chances = logits.log_softmax(-1)
        # The labels of all but the last `wanted` tokens are masked; the first token of a window has no prediction.
        for place in range(max(begin + 1, end - wanted), end):
            result.append(-chances[place - begin - 1, ids[place]].item())
            places.append(place)
        scored = end
        if end == len(ids):
            break
    return numpy.array(result), places


def mean(values):
    return [float(values.mean()), float(values.std(ddof=1) / numpy.sqrt(len(values)))]


def ratio(values, sizes):
    whole = values.sum() / sizes.sum()
    rest = values - whole * sizes
    return [float(whole), float(numpy.sqrt((rest**2).sum() / (len(values) - 1) * len(values)) / sizes.sum())]


def main():
    keys = json.loads((MODEL / "config.json").read_text())
    model = MixtralForCausalLM.from_pretrained(
        MODEL, config=MixtralConfig(**keys, attn_implementation="eager"), dtype=torch.float32).eval()
    tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    for case in CASES:
        ids = tokenizer.encode(case["text"]).ids
        values, places = losses(model, ids, case["context"], case["stride"])
        pieces = [tokenizer.id_to_token(ids[place]) for place in places]
        texts = [b"" if piece in SPECIALS else bytes([int(piece[3:5], 16)]) if piece.startswith("<0x")
                 else piece.replace("\u2581", " ").encode() for piece in pieces]
        lengths = numpy.array([len(text) for text in texts])
        characters = numpy.array([sum(byte & 0xC0 != 0x80 for byte in text) for text in texts])
        case |= {"tokens": len(ids), "scored": len(values), "perToken": mean(values), "perByte": ratio(values, lengths),
                 "perCharacter": ratio(values, characters)}
        print(case["context"], case["stride"], case["tokens"], case["scored"], case["perToken"], case["perByte"])
    (FIXTURES / "golden" / "sliding_window.json").write_text(json.dumps(CASES, indent=1, ensure_ascii=False) + "\n")


main()
