"""Writes Fixtures/golden/token_defaults.json: what stock llama.cpp takes for granted of a vocabulary whose GGUF does not say it.

Needs: gguf (PyPI), xllamacpp (made with 2026.7).
Run from the repository's root: python3 Tests/Generators/token_defaults_golden.py
The output is the same each time.

Contents, a row for each vocabulary: model, pre (null: the key is absent), the keys that are there beside tokens, scores, kinds and merges; then what llama.cpp says: whether it adds BOS, EOS and a
separator, the ids of BOS, EOS and padding (-1: none), and the ids of "ab ab" with what it adds.
"""
import ctypes, importlib.metadata, json, os, tempfile
import gguf
from llama_library import Vocabulary

NAMES = ["llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano", "glm4", "glm5", "smaug-bpe", "dbrx", "chatglm-bpe", "qwen2", "deepseek-r1-qwen",
         "stablelm2", "hunyuan", "megrez", "kormo", "f2llmv2", "grok-2", "solar-open", "qwen35", "minicpm5", "tekken", "gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2", "gpt-2", "phi-2", "mpt", "olmo",
         "jais", "jina-es", "jina-de", "jina-v1-en", "jina-v2-es", "jina-v2-de", "jina-v2-code", "roberta-bpe", "modern-bert", "gigachat", "a.x-4.0", "mellum", "exaone4", "trillion", "granite-docling",
         "starcoder", "refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b", "mellum2", "deepseek-llm", "deepseek-coder", "deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4", "default"]
KEYS = "tokenizer.ggml."


def byte_alphabet():
    plain = list(range(0x21, 0x7F)) + list(range(0xA1, 0xAD)) + list(range(0xAE, 0x100))
    others = [b for b in range(256) if b not in plain]
    return [chr(b) if b in plain else chr(0x100 + others.index(b)) for b in range(256)]


def tokens(model):
    if model == "gpt2":
        return [(c, 0.0, 1) for c in byte_alphabet()] + [("ab", 0.0, 1), ("<|end|>", 0.0, 3)]
    special = [("<pad>", 0.0, 3), ("</s>", 0.0, 3), ("<unk>", 0.0, 2)] if model == "t5" else [("<unk>", 0.0, 2), ("<s>", 0.0, 3), ("</s>", 0.0, 3)]
    pieces = [("\u2581", -3.0, 1), ("a", -3.0, 1), ("b", -3.0, 1), ("ab", -2.0, 1), ("\u2581ab", -1.0, 1)]
    return special + ([] if model == "t5" else [(f"<0x{b:02X}>", 0.0, 6) for b in range(256)]) + pieces


def row(model, pre, keys={}):
    with tempfile.TemporaryDirectory() as d:
        path = d + "/v.gguf"
        w = gguf.GGUFWriter(path, "llama")
        w.add_tokenizer_model(model)
        if pre:
            w.add_tokenizer_pre(pre)
        list_ = tokens(model)
        w.add_token_list([t.encode() for t, _, _ in list_])
        if model == "gpt2":
            w.add_token_merges(["a b"])
        else:
            w.add_token_scores([s for _, s, _ in list_])
        w.add_token_types([k for _, _, k in list_])
        for key, value in keys.items():
            if isinstance(value, bool):
                w.add_bool(KEYS + key, value)
            else:
                w.add_uint32(KEYS + key, value)
        w.write_header_to_file(); w.write_kv_data_to_file(); w.write_tensors_to_file(); w.close()
        vocabulary = Vocabulary(path)
        lib, v = Vocabulary.library, vocabulary.vocabulary
        for name in ["bos", "eos", "pad", "get_add_bos", "get_add_eos", "get_add_sep"]:
            function = getattr(lib, "llama_vocab_" + name)
            function.argtypes, function.restype = [ctypes.c_void_p], ctypes.c_bool if "add" in name else ctypes.c_int32
        ids = (ctypes.c_int32 * 32)()
        text = b"ab ab"
        count = lib.llama_tokenize(v, text, len(text), ids, 32, True, False)
        return {"model": model, "pre": pre, "keys": keys, "add_bos": lib.llama_vocab_get_add_bos(v), "add_eos": lib.llama_vocab_get_add_eos(v), "add_sep": lib.llama_vocab_get_add_sep(v),
                "bos": lib.llama_vocab_bos(v), "eos": lib.llama_vocab_eos(v), "pad": lib.llama_vocab_pad(v), "ids": ids[:count]}


rows = []
for pre in NAMES + [None]:
    try:
        rows.append(row("gpt2", pre))
    except ValueError:
        print("not known to this llama.cpp:", pre)
for model in ["llama", "t5"]:
    rows.append(row(model, None))
    rows.append(row(model, "default"))
overrides = [{"add_bos_token": True}, {"add_bos_token": False}, {"add_eos_token": True}, {"add_eos_token": False}, {"add_sep_token": True}, {"add_sep_token": False}, {"add_space_prefix": True},
             {"add_space_prefix": False}, {"bos_token_id": 5, "eos_token_id": 6, "padding_token_id": 7}, {"bos_token_id": 4000, "eos_token_id": 4000, "padding_token_id": 4000}]
for model, pre in [("llama", "default"), ("t5", "default"), ("gpt2", "llama-bpe"), ("gpt2", "tekken"), ("gpt2", "roberta-bpe"), ("gpt2", "glm4"), ("gpt2", "qwen2")]:
    for keys in overrides:
        if keys.get("add_bos_token") and model == "t5":
            keys = keys | {"bos_token_id": 5}
        if pre == "glm4" and keys.get("add_bos_token"):
            keys = keys | {"bos_token_id": 5}
        rows.append(row(model, pre, keys))
golden = {"made_by": f"Tests/Generators/token_defaults_golden.py, xllamacpp {importlib.metadata.version('xllamacpp')}", "tokens": {m: [list(t) for t in tokens(m)] for m in ["gpt2", "llama", "t5"]}, "rows": rows}
with open("Fixtures/golden/token_defaults.json", "w", encoding="utf-8") as f:
    json.dump(golden, f, ensure_ascii=False, separators=(",", ":"))
    f.write("\n")
