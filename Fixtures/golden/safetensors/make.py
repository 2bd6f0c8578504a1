"""Makes the file of this folder with the Python package safetensors."""

import os

import numpy as np
from safetensors import TensorSpec, serialize_file

HERE = os.path.dirname(os.path.abspath(__file__))


kept = []


def tensor(dtype, shape, data):
    kept.append(data)
    return TensorSpec(dtype=dtype, shape=shape, data_ptr=data.ctypes.data, data_len=data.nbytes)


brain = (np.arange(5, dtype=np.float32).view(np.uint32) >> 16).astype(np.uint16)
serialize_file(
    {
        "float": tensor("float32", [2, 3, 4], np.arange(24, dtype=np.float32)),
        "half": tensor("float16", [3, 2], np.arange(6, dtype=np.float16)),
        "brain": tensor("bfloat16", [5], brain),
        "double": tensor("float64", [2], np.array([0.1, -2.0])),
        "eight": tensor("float8_e4m3fn", [4], np.array([0, 0x38, 0x40, 0x44], dtype=np.uint8)),
        "truth": tensor("bool", [3], np.array([True, False, True])),
        "long": tensor("int64", [1, 2], np.array([-(2**40), 7])),
        "bytes": tensor("uint8", [1], np.array([255], dtype=np.uint8)),
        "number": tensor("float32", [], np.array(2.5, dtype=np.float32)),
        "empty": tensor("float32", [0, 3], np.zeros(0, dtype=np.float32)),
        "雪": tensor("float32", [1], np.array([1.0], dtype=np.float32)),
    },
    os.path.join(HERE, "types.safetensors"), metadata={"format": "np", "雪": "é"})
