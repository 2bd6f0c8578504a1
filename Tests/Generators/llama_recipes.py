#!/usr/bin/env python3
"""Writes Fixtures/golden/llama_recipes.json: the types that llama-quantize chooses under its options, from its dry run.

    python3 Tests/Generators/llama_recipes.py --llama DIR

DIR holds llama-quantize (written with llama.cpp 0c1e570, October 2026). It is given GGUF files that have a real model's metadata and
tensor list and no data but holes: a dry run reads none.
"""
import argparse
import json
import pathlib
import re
import subprocess
import tempfile

import gguf
import numpy

ROOT = pathlib.Path(__file__).resolve().parents[2]
# layers, width, heads, key heads, feed-forward width, vocabulary, experts, whether there is an output matrix
MODELS = {"llama-2-70b": (80, 8192, 64, 8, 28672, 32000, 0, True), "llama-3.2-1b": (16, 2048, 32, 8, 8192, 128256, 0, False),
          "mixtral-8x7b": (32, 4096, 32, 8, 14336, 32000, 8, True)}
MIXES = ["Q1_0", "Q2_0", "Q4_0", "Q4_1", "MXFP4_MOE", "Q5_0", "Q5_1", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ2_M", "IQ1_S", "IQ1_M", "TQ1_0",
         "TQ2_0", "Q2_K", "Q2_K_S", "IQ3_XXS", "IQ3_S", "IQ3_M", "Q3_K", "IQ3_XS", "Q3_K_S", "Q3_K_M", "Q3_K_L", "IQ4_NL", "IQ4_XS",
         "Q4_K", "Q4_K_S", "Q4_K_M", "Q5_K", "Q5_K_S", "Q5_K_M", "Q6_K", "Q8_0"]
OPTIONS = [
    ("Q4_K_M", ["--tensor-type", "ATTN_V=q8_0", "--tensor-type", r"blk\.(0|1)\.ffn_down=Q5_K", "--tensor-type", "ffn_down=iq4_xs"]),
    ("Q4_K_M", ["--tensor-type", r"\.\d\.ffn_(up|gate)=q3_k", "--tensor-type", "norm=Q8_0", "--tensor-type", "ffn_gate_inp=Q8_0"]),
    ("IQ2_XXS", ["--imatrix", "", "--tensor-type", r"blk\.[0-2]\.ffn_down=q8_0", "--tensor-type", "token_embd=Q6_K"]),
    ("Q4_K_S", ["--tensor-type", r"blk\.[1-2]\.attn_v=q8_0"]),
    ("Q4_K_M", ["--pure"]), ("IQ3_XXS", ["--pure", "--tensor-type", "attn_=Q4_K", "--token-embedding-type", "Q8_0"]),
    ("Q4_K_M", ["--leave-output-tensor"]), ("Q2_K", ["--leave-output-tensor", "--pure"]),
    ("Q4_K_M", ["--output-tensor-type", "Q8_0"]), ("Q4_K_M", ["--token-embedding-type", "q8_0"]),
    ("IQ3_S", ["--output-tensor-type", "q5_k", "--token-embedding-type", "q8_0"]),
    ("Q5_K_M", ["--output-tensor-type", "q8_0", "--tensor-type", "token_embd=iq4_nl", "--tensor-type", "output=q3_K"]),
    ("Q5_K_M", ["--token-embedding-type", "q8_0", "--tensor-type", "token_embd=iq4_nl"]),
]
LINE = re.compile(r"\[ *\d+/ *\d+\] (\S+) .*type = +(\w+), size = .*?(?:MiB \((\w+)\))?$")
TOTAL = re.compile(r"quant size += +([\d.]+) MiB \(([\d.]+) BPW\)")


def write_model(path, layers, width, heads, key_heads, hidden, vocabulary, experts, has_output):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(layers)
    writer.add_context_length(4096)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(hidden)
    writer.add_head_count(heads)
    writer.add_head_count_kv(key_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(width // heads)
    writer.add_vocab_size(vocabulary)
    writer.add_tokenizer_model("no_vocab")
    writer.add_file_type(32)
    if experts:
        writer.add_expert_count(experts)
        writer.add_expert_used_count(2)
    size = 0

    def add(name, shape, kind=gguf.GGMLQuantizationType.BF16):
        nonlocal size
        count = int(numpy.prod(shape)) * (2 if kind == gguf.GGMLQuantizationType.BF16 else 4)
        writer.add_tensor_info(name + ".weight", shape[::-1], numpy.dtype(numpy.float16), count, raw_dtype=kind)
        size += (count + 31) // 32 * 32

    plain = gguf.GGMLQuantizationType.F32
    key_width = width // heads * key_heads
    add("token_embd", [width, vocabulary])
    add("output_norm", [width], plain)
    if has_output:
        add("output", [width, vocabulary])
    for layer in range(layers):
        shapes = {"attn_q": [width, width], "attn_k": [width, key_width], "attn_v": [width, key_width], "attn_output": [width, width]}
        if experts:
            add(f"blk.{layer}.ffn_gate_inp", [width, experts], plain)
            shapes |= {"ffn_gate_exps": [width, hidden, experts], "ffn_up_exps": [width, hidden, experts],
                       "ffn_down_exps": [hidden, width, experts]}
        else:
            shapes |= {"ffn_gate": [width, hidden], "ffn_up": [width, hidden], "ffn_down": [hidden, width]}
        add(f"blk.{layer}.attn_norm", [width], plain)
        add(f"blk.{layer}.ffn_norm", [width], plain)
        for stem, shape in shapes.items():
            add(f"blk.{layer}.{stem}", shape)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    with open(path, "r+b") as file:
        file.truncate((path.stat().st_size + 31) // 32 * 32 + size)


def write_importance(path):
    writer = gguf.GGUFWriter(path, "")
    writer.add_type("imatrix")
    writer.add_array("imatrix.datasets", ["none"])
    writer.add_uint32("imatrix.chunk_count", 1)
    writer.add_uint32("imatrix.chunk_size", 512)
    writer.add_tensor("blk.0.attn_q.weight.in_sum2", numpy.ones((1, 2048), numpy.float32))
    writer.add_tensor("blk.0.attn_q.weight.counts", numpy.ones((1, 1), numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def numbers(layers):
    """`0-2,5`, of a sorted list."""
    runs = []
    for layer in layers:
        if runs and runs[-1][1] == layer - 1:
            runs[-1][1] = layer
        else:
            runs.append([layer, layer])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def choices(llama, model, mix, options):
    run = subprocess.run([llama / "llama-quantize", "--dry-run", *options, model, mix], capture_output=True, text=True, check=True)
    layers = {}
    for line in run.stdout.splitlines() + run.stderr.splitlines():
        if match := LINE.match(line):
            name, before, after = match.groups()
            if "_norm" in name:
                continue
            parts = name.split(".")
            stem, layer = (parts[2], int(parts[1])) if parts[0] == "blk" else (name, 0)
            layers.setdefault(stem, {}).setdefault((after or before).upper(), []).append(layer)
    types = {stem: next(iter(by_type)) if len(by_type) == 1 else {kind: numbers(sorted(found)) for kind, found in by_type.items()}
             for stem, by_type in layers.items()}
    size, bits = TOTAL.search(run.stdout + run.stderr).groups()
    return {"MiB": float(size), "bpw": float(bits), "types": types}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llama", required=True, type=pathlib.Path)
    llama = parser.parse_args().llama
    cases = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        write_importance(folder / "importance.gguf")
        for model, geometry in MODELS.items():
            write_model(folder / "model.gguf", *geometry)
            requests = [(mix, options) for mix in MIXES for options in ([], ["--imatrix", ""])] if model != "mixtral-8x7b" else []
            for mix, options in requests + OPTIONS:
                arguments = [option or folder / "importance.gguf" for option in options]
                cases.append({"model": model, "mix": mix, "options": options} | choices(llama, folder / "model.gguf", mix, arguments))
    (ROOT / "Fixtures/golden/llama_recipes.json").write_text(
        "[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


main()
