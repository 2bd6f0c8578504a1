"""Files as llama.cpp's and Ollama's security advisories describe them, in Fixtures/hostile/advisories.

    python3 Tests/Generators/advisory_files.py

Each is written number by number by the published description of the format and of the defect, and is a few kilobytes at
most. The model beside which they are wrong, `model.gguf`, is a whole one with one layer.
"""

import os
import struct

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(HERE, "..", "..", "Fixtures", "hostile", "advisories")

F32, F16, Q8_0 = 0, 1, 8
U8, I8, U16, I16, U32, I32, FLOAT, BOOL, STRING, ARRAY, U64, I64, DOUBLE = range(13)
PACKED = {U32: "<I", I32: "<i", FLOAT: "<f", U64: "<Q", I64: "<q", BOOL: "<?", U8: "<B", I8: "<b"}


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<Q", len(data)) + data


def encoded(kind, value):
    return text(value) if kind == STRING else struct.pack(PACKED[kind], value)


def entry(key, kind, value):
    if isinstance(value, list):
        body = struct.pack("<IIQ", ARRAY, kind, len(value)) + b"".join(encoded(kind, item) for item in value)
        return text(key) + body
    return text(key) + struct.pack("<I", kind) + encoded(kind, value)


def tensor(name, dimensions, offset, kind=F32):
    head = text(name) + struct.pack("<I", len(dimensions)) + struct.pack(f"<{len(dimensions)}Q", *dimensions)
    return head + struct.pack("<IQ", kind, offset)


def file(entries=(), tensors=(), data=b"", tensor_count=None, entry_count=None, alignment=32):
    counts = (len(tensors) if tensor_count is None else tensor_count, len(entries) if entry_count is None else entry_count)
    head = b"GGUF" + struct.pack("<IQQ", 3, *counts) + b"".join(entries) + b"".join(tensors)
    return head + b"\0" * (-len(head) % alignment) + data


def vocabulary(more=(), kinds=()):
    """A SentencePiece vocabulary: <unk>, <s>, </s>, 256 bytes, a space, a letter, and more."""
    pieces = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)] + ["\u2581", "a"] + list(more)
    kinds = [2, 3, 3] + [6] * 256 + [1, 1] + list(kinds)
    scores = [0.0] * len(pieces)
    return {
        "tokenizer.ggml.model": (STRING, "llama"),
        "tokenizer.ggml.tokens": (STRING, pieces),
        "tokenizer.ggml.scores": (FLOAT, scores),
        "tokenizer.ggml.token_type": (I32, kinds),
        "tokenizer.ggml.bos_token_id": (U32, 1),
        "tokenizer.ggml.eos_token_id": (U32, 2),
    }


def model(changes=None, vocab=None, alignment=32):
    """A model of one layer, 32 wide, with all its tensors, and some of its keys changed."""
    keys = {
        "general.architecture": (STRING, "llama"),
        "llama.block_count": (U32, 1),
        "llama.context_length": (U32, 64),
        "llama.embedding_length": (U32, 32),
        "llama.feed_forward_length": (U32, 32),
        "llama.attention.head_count": (U32, 2),
        "llama.attention.layer_norm_rms_epsilon": (FLOAT, 1e-5),
    }
    keys.update(vocabulary() if vocab is None else vocab)
    keys.update(changes or {})
    rows = len(keys["tokenizer.ggml.tokens"][1])
    shapes = [("token_embd.weight", [32, rows]), ("output_norm.weight", [32])]
    for name in ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"]:
        shapes.append((f"blk.0.{name}.weight", [32, 32]))
    shapes += [("blk.0.attn_norm.weight", [32]), ("blk.0.ffn_norm.weight", [32])]
    tensors, offset = [], 0
    for name, shape in shapes:
        kind = F32 if len(shape) == 1 else Q8_0
        tensors.append(tensor(name, shape, offset, kind))
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        size = 4 * count if kind == F32 else count // 32 * 34
        offset += size + -size % alignment
    entries = [entry(key, kind, value) for key, (kind, value) in keys.items()]
    return file(entries, tensors, b"\0" * offset, alignment=alignment)


def filled(sizes, last):
    """Tensors of so many bytes, each beginning where the one before it ends if sums are taken modulo 2^64, and one more."""
    tensors, offset = [], 0
    for number, size in enumerate(sizes):
        tensors.append(tensor(f"t{number}", [size // 4], offset % 2**64))
        offset += size
    return tensors + [tensor("last", [last // 4], offset % 2**64)]


def aligned(kind, value):
    return file([entry("general.alignment", kind, value)], [tensor("t", [8], 0)], b"\0" * 32)


def array_head(key, kind, count):
    return text(key) + struct.pack("<IIQ", ARRAY, kind, count)


CASES = {
    # CVE-2025-53630: gguf_init_from_file_impl adds up the padded sizes of tensors in a size_t that wraps.
    "offset-sum-wraps": file(tensors=filled([2**62] * 4, 32), data=b"\0" * 32),
    # CVE-2026-27940: the sum stays just below 2^64 and wraps when ggml adds what describes the tensors.
    "offset-sum-almost-wraps": file(tensors=filled([2**62] * 3 + [2**62 - 256], 32), data=b"\0" * 288),
    # CVE-2026-33298: an element count that fits and whose bytes wrap, here to 16; then the same by two dimensions.
    "byte-count-wraps": file(tensors=[tensor("t", [2**62 + 4], 0)], data=b"\0" * 32),
    "byte-count-wraps-in-rows": file(tensors=[tensor("t", [2**31, 2**31 + 1], 0)], data=b"\0" * 32),
    # CVE-2026-7482: dimensions for which the file has no data, which was read beyond the buffer when it was quantized.
    "dimensions-beyond-the-data": file(tensors=[tensor("t", [1024, 1024], 0, F16)], data=b"\0" * 64),
    # CVE-2025-49847: a token whose length does not fit the 32 bits that it is copied with.
    "token-of-2-gib": file(
        [entry("general.architecture", STRING, "llama"),
         array_head("tokenizer.ggml.tokens", STRING, 2) + text("a") + struct.pack("<Q", 2**31 + 1) + b"aaaa"]),
    "token-of-negative-length": file(
        [entry("general.architecture", STRING, "llama"),
         array_head("tokenizer.ggml.tokens", STRING, 1) + struct.pack("<Q", 2**64 - 1) + b"aaaa"]),
    # CVE-2025-52566: numbers of tokens that are compared with and without a sign.
    "tokens-beyond-32-bits": file([array_head("tokenizer.ggml.tokens", STRING, 2**31 + 1) + text("a")]),
    "tokens-beyond-63-bits": file([array_head("tokenizer.ggml.tokens", STRING, 2**63 + 1) + text("a")]),
    # Bytes of vocabularies are read with strtol, which takes signs: the byte -1.
    "byte-token-of-minus-one": model(vocab=vocabulary(["<0x-1>"], [6])),
    # More layers than llama.cpp has room for (LLAMA_MAX_LAYERS is 512), and as many as 32 bits count.
    "513-layers": model({"llama.block_count": (U32, 513)}),
    "4-billion-layers": model({"llama.block_count": (U32, 2**32 - 1)}),
    # Alignments that make offsets overflow, that are no power of two, and that are of another type than uint32.
    "alignment-of-2-gib": aligned(U32, 2**31),
    "alignment-of-zero": aligned(U32, 0),
    "alignment-of-48": aligned(U32, 48),
    "alignment-as-text": aligned(STRING, "32"),
    "alignment-of-64-bits": aligned(U64, 32),
    "alignment-with-a-sign": aligned(I32, -32),
    # Nothing is wrong with this one.
    "model": model(),
}

if __name__ == "__main__":
    os.makedirs(FOLDER, exist_ok=True)
    for name, data in CASES.items():
        with open(os.path.join(FOLDER, name + ".gguf"), "wb") as out:
            out.write(data)
