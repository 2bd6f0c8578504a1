#!/usr/bin/env python3
"""Compares our encoders and decoders with ggml's on the same rows, one thread each, in one run.

    swift build -c release -Xcc -march=native --package-path Benchmarks --scratch-path .build-bench
    python3 Benchmarks/compare_encoders.py --ggml DIR [--model Fixtures/models/xverse-moe-tiny] [--types Q4_K,...]

DIR holds libggml-base.so (a build of llama.cpp); --build names another scratch folder than .build-bench, such as one for AVX2.
Needs numpy; reads safetensors by itself. Columns: relative weighted RMSE (importance as the weight), relative plain RMSE,
weighted and plain gain <Q,W>/<W,W>, million elements encoded per second and gigabytes of floats decoded per second, by the
thread's processor time, each the best of some rounds taken in turn; ours, then ggml's, then how many times faster ours is.
"""
import argparse
import ctypes
import json
import pathlib
import struct
import subprocess
import tempfile
import time

import numpy as np

TYPES = dict(Q4_0=(2, 32, 18), Q4_1=(3, 32, 20), Q5_0=(6, 32, 22), Q5_1=(7, 32, 24), Q8_0=(8, 32, 34),
             Q2_K=(10, 256, 84), Q3_K=(11, 256, 110), Q4_K=(12, 256, 144), Q5_K=(13, 256, 176), Q6_K=(14, 256, 210),
             IQ2_XXS=(16, 256, 66), IQ2_XS=(17, 256, 74), IQ2_S=(22, 256, 82), IQ3_XXS=(18, 256, 98), IQ3_S=(21, 256, 110),
             IQ1_S=(19, 256, 50), IQ1_M=(29, 256, 56), IQ4_NL=(20, 32, 18), IQ4_XS=(23, 256, 136),
             TQ1_0=(34, 256, 54), TQ2_0=(35, 256, 66), MXFP4=(39, 32, 17), NVFP4=(40, 64, 36), Q1_0=(41, 128, 18), Q2_0=(42, 64, 18),
             BF16=(30, 1, 2), F16=(1, 1, 2))
HERE = pathlib.Path(__file__).parent


class TypeTraits(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("block", ctypes.c_int64), ("interleave", ctypes.c_int64),
                ("size", ctypes.c_size_t), ("quantized", ctypes.c_bool), ("to_float", ctypes.c_void_p),
                ("from_float_ref", ctypes.c_void_p)]


class Ggml:
    def __init__(self, folder):
        self.library = ctypes.CDLL(str(pathlib.Path(folder) / "libggml-base.so"))
        self.chunk = self.library.ggml_quantize_chunk
        self.chunk.restype = ctypes.c_size_t
        self.chunk.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p] + [ctypes.c_int64] * 3 + [ctypes.c_void_p]
        self.library.ggml_get_type_traits.restype = ctypes.POINTER(TypeTraits)

    def encode(self, kind, rows, importance):
        number, length, size = TYPES[kind]
        self.library.ggml_quantize_init(number)
        blocks = np.zeros(rows.size // length * size, np.uint8)
        pointer = importance.ctypes.data if importance is not None else None
        start = time.thread_time()
        self.chunk(number, rows.ctypes.data, blocks.ctypes.data, 0, rows.shape[0], rows.shape[1], pointer)
        return blocks, time.thread_time() - start

    def decode(self, kind, blocks, shape):
        number = TYPES[kind][0]
        traits = self.library.ggml_get_type_traits(number).contents
        to_float = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)(traits.to_float)
        values = np.zeros(shape, np.float32)
        times = []
        for _ in range(5):
            start = time.thread_time()
            # Rows are whole blocks, one after the other.
            to_float(blocks.ctypes.data, values.ctypes.data, values.size)
            times.append(time.thread_time() - start)
        return values, min(times)


def ours(tool, kind, rows, importance, folder):
    rows.tofile(folder / "rows")
    if importance is not None:
        importance.tofile(folder / "importance")
    line = subprocess.run([tool, kind, str(rows.shape[1]), folder / "rows", folder / "importance" if importance is not None else "-",
                           folder / "blocks", folder / "values"], check=True, capture_output=True, text=True).stdout
    encoding, decoding = map(float, line.split())
    return np.fromfile(folder / "blocks", np.uint8), np.fromfile(folder / "values", np.float32).reshape(rows.shape), encoding, decoding


def tensors(model):
    for shard in sorted(pathlib.Path(model).glob("model*.safetensors")):
        data = shard.read_bytes()
        size = struct.unpack("<Q", data[:8])[0]
        for name, entry in json.loads(data[8:8 + size]).items():
            if name != "__metadata__" and entry["dtype"] == "BF16" and len(entry["shape"]) == 2:
                begin, end = entry["data_offsets"]
                bits = np.frombuffer(data[8 + size + begin:8 + size + end], np.uint16).astype(np.uint32) << 16
                yield name, bits.view(np.float32).reshape(entry["shape"])


def model_rows(model):
    """Rows of 256 from every matrix, each kind of matrix about equally often; narrower ones padded with zeros."""
    chosen = []
    for name, matrix in tensors(model):
        if "norm" in name or "router" in name or matrix.shape[1] < 128:
            continue
        width = (matrix.shape[1] + 255) // 256 * 256
        padded = np.zeros((matrix.shape[0], width), np.float32)
        padded[:, :matrix.shape[1]] = matrix
        chosen.append(padded[::max(1, matrix.shape[0] // 16)].reshape(-1, 256)[:32])
    return np.ascontiguousarray(np.concatenate(chosen))


def figures(rows, decoded, importance):
    weight = importance if importance is not None else np.ones(rows.shape[1], np.float32)
    error = (decoded - rows).astype(np.float64) ** 2
    plain = rows.astype(np.float64) ** 2
    return (np.sqrt((error * weight).sum() / (plain * weight).sum()), np.sqrt(error.sum() / plain.sum()),
            (decoded.astype(np.float64) * rows * weight).sum() / (plain * weight).sum(),
            (decoded.astype(np.float64) * rows).sum() / plain.sum())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ggml", required=True)
    parser.add_argument("--model", default=str(HERE.parent / "Fixtures/models/xverse-moe-tiny"))
    parser.add_argument("--types", default=",".join(TYPES))
    parser.add_argument("--no-importance", action="store_true")
    parser.add_argument("--build", default=str(HERE.parent / ".build-bench"))
    parser.add_argument("--rows", default="heavy-tailed,model")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    ggml = Ggml(options.ggml)
    tool = next(pathlib.Path(options.build).glob("*/release/EncodeRows"))
    random = np.random.default_rng(7)
    length = 2048
    # Mean squares of activations: log-normal over columns, with a few massive ones.
    importance = np.exp(random.normal(0, 1.2, length)).astype(np.float32)
    importance[random.choice(length, 8, replace=False)] *= 300
    sets = {"heavy-tailed": ((random.standard_t(5, (256, length)) * 0.02).astype(np.float32), importance),
            "model": (model_rows(options.model), importance[:256].copy())}
    print(f"{'rows':13}{'type':9}{'weighted RMSE':>18}{'plain RMSE':>18}{'weighted gain':>15}{'plain gain':>15}"
          f"{'M/s encoding':>22}{'GB/s decoding':>22}")
    with tempfile.TemporaryDirectory() as name:
        for label in options.rows.split(","):
            rows, weights = sets[label]
            weights = None if options.no_importance else weights
            for kind in options.types.split(","):
                rounds = []
                for _ in range(options.rounds):
                    blocks, values, encoding, decoding = ours(tool, kind, rows, weights, pathlib.Path(name))
                    theirs, their_encoding = ggml.encode(kind, rows, weights)
                    rounds.append((encoding, decoding, their_encoding))
                encoding, decoding, their_encoding = map(min, zip(*rounds))
                expanded, their_decoding = ggml.decode(kind, theirs, rows.shape)
                check, _ = ggml.decode(kind, blocks, rows.shape)
                assert (check.view(np.uint32) == values.view(np.uint32)).all(), kind
                a, b = figures(rows, values, weights), figures(rows, expanded, weights)
                print(f"{label:13}{kind:9}" + "".join(f"{x:9.5f}{y:9.5f}" for x, y in zip(a[:2], b[:2]))
                      + f"{a[2]:8.4f}{b[2]:7.4f}{a[3]:8.4f}{b[3]:7.4f}"
                      + f"{rows.size / encoding / 1e6:8.1f}{rows.size / their_encoding / 1e6:8.1f}{their_encoding / encoding:6.1f}"
                      + f"{rows.nbytes / decoding / 1e9:8.2f}{rows.nbytes / their_decoding / 1e9:8.2f}"
                      + f"{their_decoding / decoding:6.1f}", flush=True)


if __name__ == "__main__":
    main()
