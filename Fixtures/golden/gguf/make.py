"""Makes the GGUF files of this folder with the Python package gguf and, for the split, llama-gguf-split.

    python3 make.py [path of llama-gguf-split]
"""

import os
import subprocess
import sys

import gguf
import gguf.gguf_writer
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
T = gguf.GGUFValueType


def write(name, version, endianess=gguf.GGUFEndian.LITTLE, alignment=None):
    gguf.gguf_writer.GGUF_VERSION = version
    writer = gguf.GGUFWriter(os.path.join(HERE, name), "test", endianess=endianess)
    if alignment:
        writer.add_custom_alignment(alignment)
    for text, vtype, value in [
        ("uint8", T.UINT8, 250), ("int8", T.INT8, -7), ("uint16", T.UINT16, 65000), ("int16", T.INT16, -30000),
        ("uint32", T.UINT32, 4000000000), ("int32", T.INT32, -2000000000), ("float32", T.FLOAT32, 1e-5),
        ("bool", T.BOOL, True), ("string", T.STRING, "雪 é e\u0301"), ("uint64", T.UINT64, 2**64 - 1),
        ("int64", T.INT64, -(2**62)), ("float64", T.FLOAT64, 0.1),
    ]:
        writer.add_key_value("test." + text, value, vtype)
    for text, vtype, values in [
        ("uint8", T.UINT8, [0, 255]), ("int8", T.INT8, [-128, 127]), ("uint16", T.UINT16, [1, 65535]),
        ("int16", T.INT16, [-32768, 3]), ("uint32", T.UINT32, [0, 2**32 - 1]), ("int32", T.INT32, [-(2**31), 5]),
        ("float32", T.FLOAT32, [0.5, -3.25]), ("bool", T.BOOL, [True, False, True]),
        ("string", T.STRING, ["", "a", "雪"]), ("uint64", T.UINT64, [2**63, 1]), ("int64", T.INT64, [-1, 2**40]),
        ("float64", T.FLOAT64, [0.1, 1e300]),
    ]:
        writer.add_key_value("test.array." + text, values, T.ARRAY, sub_type=vtype)
    writer.add_token_list([b"<unk>", b"\xe9\x9b", "é".encode(), "e\u0301".encode()])
    writer.add_token_scores([0.0, -1.0, -2.0, -3.0])
    writer.add_token_types([2, 1, 1, 1])
    writer.add_tensor("cube.weight", np.arange(5 * 3 * 2, dtype=np.float32).reshape(2, 3, 5))
    writer.add_tensor("half.weight", np.arange(21, dtype=np.float16).reshape(3, 7))
    writer.add_tensor("row.bias", np.arange(9, dtype=np.float32))
    blocks = gguf.quants.quantize(
        np.linspace(-1, 1, 96 * 4, dtype=np.float32).reshape(4, 96), gguf.GGMLQuantizationType.Q8_0)
    writer.add_tensor("blocks.weight", blocks, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.add_tensor("numbers", np.array([1, -2, 3], dtype=np.int32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


write("values-v3.gguf", 3)
write("values-v2.gguf", 2)
write("values-aligned.gguf", 3, alignment=256)
write("values-big-endian.gguf", 3, endianess=gguf.GGUFEndian.BIG)
if len(sys.argv) > 1:
    subprocess.run(
        [sys.argv[1], "--split", "--split-max-tensors", "2", "values-v3.gguf", "values"], cwd=HERE, check=True)
