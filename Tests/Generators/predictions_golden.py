#!/usr/bin/env python3
"""Writes Fixtures/golden/predictions: two tiny models with random weights, the predictions that stock llama.cpp stores of the
first, and the statistics that it prints of the second beside them.

Needs: gguf (PyPI), zstd, and the folder of llama-perplexity (made with llama.cpp as vendored by llama-cpp-python 0.3.36).
Run from the repository's root: python3 Tests/Generators/predictions_golden.py FOLDER

base.gguf.zst and model.gguf.zst are in float32, so that llama.cpp rounds no activations; the output matrix makes logits that
lie further apart than the 16 nats that its file holds, and the vocabulary is odd, so that its rows end in a filling code.
base_logits.bin.zst is of text.txt in windows of 32 tokens. statistics.json has each figure as (value, error) or alone.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import gguf
import numpy

OUTPUT = pathlib.Path(__file__).resolve().parents[2] / "Fixtures" / "golden" / "predictions"
LLAMA = pathlib.Path(sys.argv[1]) / "llama-perplexity"
WIDTH, INNER, LAYERS, EXPERTS, USED, HEADS, KEY_HEADS, CONTEXT = 32, 32, 2, 4, 2, 4, 2, 32
SPECIAL, NORMAL, BYTE = 3, 1, 6
PIECES = [("<unk>", 2, 0.0), ("<s>", SPECIAL, 0.0), ("</s>", SPECIAL, 0.0)]
PIECES += [(f"<0x{byte:02X}>", BYTE, 0.0) for byte in range(256)]
PIECES += [(piece, NORMAL, -float(rank)) for rank, piece in enumerate(
    ["th", "he", "\u2581a", "in", "\u2581", "e", "t", "a", "o", "\u2581the", "the", "n"])]
assert len(PIECES) % 2 == 1
# Runs of one character, which the models expect.
TEXT = "".join(character * (1 + number * 7 % 5) for number, character in enumerate(
    "The ferry lay at the landing; an old man put his hand on the rope and listened: \"not yet\". 春天来了，河水在冰下流动。\n"))


def weights(noise):
    """Small multiples of a power of two, so that they compress; `noise` is in sixteenths of a step."""
    random = numpy.random.default_rng(7)
    other = numpy.random.default_rng(8)

    def matrix(*shape, scale=1.0):
        steps = numpy.clip(numpy.round(3 * random.standard_normal(shape)), -7, 7)
        steps += noise * numpy.round(other.standard_normal(shape)) / 16
        return (steps * scale * 2.0 ** round(numpy.log2(0.5 / numpy.sqrt(shape[-1])))).astype(numpy.float32)

    head = WIDTH // HEADS
    result = {"token_embd.weight": matrix(len(PIECES), WIDTH, scale=4), "output_norm.weight": numpy.ones(WIDTH, numpy.float32)}
    result["output.weight"] = matrix(len(PIECES), WIDTH, scale=2) + result["token_embd.weight"] / 2
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        result |= {
            block + "attn_norm.weight": numpy.ones(WIDTH, numpy.float32),
            block + "ffn_norm.weight": numpy.ones(WIDTH, numpy.float32),
            block + "attn_q.weight": matrix(WIDTH, WIDTH), block + "attn_k.weight": matrix(KEY_HEADS * head, WIDTH),
            block + "attn_v.weight": matrix(KEY_HEADS * head, WIDTH), block + "attn_output.weight": matrix(WIDTH, WIDTH),
            block + "ffn_gate_inp.weight": matrix(EXPERTS, WIDTH, scale=4),
            block + "ffn_gate_exps.weight": matrix(EXPERTS, INNER, WIDTH),
            block + "ffn_up_exps.weight": matrix(EXPERTS, INNER, WIDTH),
            block + "ffn_down_exps.weight": matrix(EXPERTS, WIDTH, INNER),
        }
    return result


def write_model(path, noise):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(path.stem)
    writer.add_context_length(256)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEY_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_rope_freq_base(10000.0)
    writer.add_expert_count(EXPERTS)
    writer.add_expert_used_count(USED)
    writer.add_vocab_size(len(PIECES))
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_tokenizer_model("llama")
    writer.add_token_list([piece.encode() for piece, _, _ in PIECES])
    writer.add_token_scores([score for _, _, score in PIECES])
    writer.add_token_types([kind for _, kind, _ in PIECES])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(False)
    for name, tensor in weights(noise).items():
        writer.add_tensor(name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def pack(path):
    packed = subprocess.run(["zstd", "-19", "-c", path], capture_output=True, check=True).stdout
    (OUTPUT / (path.name + ".zst")).write_bytes(packed)
    print(path.name, len(packed))


def perplexity(model, *options):
    command = [LLAMA, "-m", model, "-c", str(CONTEXT), "-ctk", "f32", "-ctv", "f32", "-fa", "off", "-t", "2", *options]
    run = subprocess.run([str(word) for word in command], capture_output=True, check=True)
    return (run.stdout + run.stderr).decode()


def statistics(log):
    """The lines `name : value ± error` and `name: value`; percentages as they are printed."""
    number = r"(-?[0-9.]+)%?"
    result = {}
    for line in log.splitlines():
        if match := re.fullmatch(rf"\s*(.+?)\s*:\s+{number}(?: ±\s+{number})?\s*%?", line.strip()):
            name, value, error = match.groups()
            if any(word in name for word in ("PPL", "KLD", "Δp", "top p")):
                result[re.sub(r"\s+", " ", name)] = float(value) if error is None else [float(value), float(error)]
    return result


OUTPUT.mkdir(parents=True, exist_ok=True)
(OUTPUT / "text.txt").write_text(TEXT)
with tempfile.TemporaryDirectory() as folder:
    base, model, logits = (pathlib.Path(folder) / name for name in ("base.gguf", "model.gguf", "base_logits.bin"))
    write_model(base, 0)
    write_model(model, 2)
    perplexity(base, "-f", OUTPUT / "text.txt", "--kl-divergence-base", logits)
    figures = statistics(perplexity(model, "-f", OUTPUT / "text.txt", "--kl-divergence", "--kl-divergence-base", logits))
    (OUTPUT / "statistics.json").write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
    print(json.dumps(figures, ensure_ascii=False))
    for path in (base, model, logits):
        pack(path)
