"""Writes Fixtures/golden/tokenizer_bytes_golden.json.zst: what HuggingFace tokenizers and stock llama.cpp make of texts with byte-level vocabularies that lack
bytes, and with the splitting patterns of tekken, GPT-4o, Qwen3.5 and MiniCPM5.

Needs: tokenizers (made with 0.23.3), transformers (5.24), gguf, zstd, and xllamacpp (made with 2026.10.11549) or the path of a libllama.so in LIBLLAMA.
Run from the repository's root: python3 Tests/Generators/tokenizer_bytes_golden.py
Seeds are fixed; the output is the same each time.

Contents: variants, each a tokenizer.json, the name that llama.cpp has for its pattern, and cases: texts with the ids of HuggingFace (ids, ids_plain with
encode_special_tokens) and of llama.cpp on the same vocabulary (llama). And folders: files of checkpoints, with texts and the ids that transformers gives.
"""
import copy, json, os, random, re, subprocess, sys, tempfile, unicodedata
import gguf, tokenizers, transformers
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers
import llama_library

rng = random.Random(20260712)
atoms = [" ", "  ", "   ", "\n", "\n\n", "\r\n", "\t", "\u00a0", "\u3000", "\u0085", "0", "12", "3456", "\u00b2", "\u2167", "\u0663", "a", "B", "word", "WORD", "Word", "camelCase", "HTTPServer", "XMLHttp2Request",
         "'s", "'S", "'ll", "'RE", "'\u017f", "'t", "'d", "'M", "\u2019s", "'", "\"", ".", ",", "!?", "...", "/", "//", "/\n", "./a/b", "$", "+", "<=>", "\u3002", "\u300c", "\uff01", "\u20ac",
         "\u00e9", "\u00c9", "\u00c9cole", "e\u0301", "E\u0301", "\u0301", "\u0301\u0323", "\u01c5", "\u01c4", "\u01c6", "\u02b0", "\u30fc", "\u1e9e", "\u00df", "\u0130", "\u0131", "\u017f", "\u0416", "\u0436", "\u0416\u0436\u0416",
         "\u0410\u0411", "\u4f60", "\u597d\u7684", "\u4f60B", "a\u4f60B", "A\u4f60", "\u3042\u30ab", "\ud55c\uad6d", "\u0e01\u0e34", "\u05d0\u05b8", "\u0928\u092e\u0938\u094d\u0924\u0947", "\u10d0", "\u1c90", "\u13a0", "\uab70",
         "\U0001f600", "\U0001f468\u200d\U0001f469", "\U00010400", "\U00010428", "\U0001d400", "\U0001d41a", "\u24b6", "\u2160", "\u2170", "\u0000", "\u0004", "\u0006", "\u0013\u0014", "\u0016", "\u001d", "\u007f", "\ufeff", "_", "#", "\\", "<s>", "<|x|>"]


def text(limit):
    return "".join(rng.choice(atoms) if rng.random() < 0.85 else chr(rng.choice([rng.randrange(0x20, 0x3000), rng.randrange(0x4E00, 0x9FFF), rng.randrange(0xE000, 0x30000)]))
                   for _ in range(rng.randint(1, limit)))


def added(id, content, special=True):
    return {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": special}


alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
scalars = [c for c in range(256) if 0x21 <= c <= 0x7E or 0xA1 <= c <= 0xAC or c >= 0xAE]
spelled = {b: chr(b) for b in scalars}
spelled |= {b: chr(0x100 + i) for i, b in enumerate(b for b in range(256) if b not in spelled)}
# Those that a published model of 49 152 tokens lacks.
LACKING = [0x04, 0x06, 0x13, 0x14, 0x16, 0x1D, 0xC0, 0xC1, 0xF1, 0xF2] + list(range(0xF5, 0x100))


def trained(lacking, size):
    """A vocabulary whose merges cross every boundary."""
    corpus = [re.sub(r"<s>|<\|x\|>", "", text(60)) for _ in range(3000)]
    small = Tokenizer(models.BPE())
    small.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex("[\\s\\S]{1,12}"), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    small.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, show_progress=False))
    t = json.loads(small.to_str())
    gone = {spelled[b] for b in lacking}
    kept = [p for p, _ in sorted(t["model"]["vocab"].items(), key=lambda kv: kv[1]) if not gone & set(p)]
    t["model"]["vocab"] = {p: i for i, p in enumerate(kept)}
    t["model"]["merges"] = [m for m in t["model"]["merges"] if not gone & set(m[0] + m[1])]
    t["decoder"] = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    t["added_tokens"] = [added(len(kept), "<s>"), added(len(kept) + 1, "<|x|>", False)]
    return t


def split(pattern):
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


def byte_level(use_regex):
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": use_regex}


U, L, BEFORE, C = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]", r"[^\r\n\p{L}\p{N}]?", "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
CASED = BEFORE + U + "*" + L + "+%s|" + BEFORE + U + "+" + L + r"*%s|%s| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
tekken = [split(CASED % ("", "", r"\p{N}")), byte_level(False)]
gpt4o = [split(CASED % (C, C, r"\p{N}{1,3}")), byte_level(False)]
smollm = [{"type": "Digits", "individual_digits": True}, byte_level(True)]


def gguf_file(path, t, pre):
    model = t["model"]
    tokens = [p for p, _ in sorted(model["vocab"].items(), key=lambda kv: kv[1])]
    kinds = [1] * len(tokens)
    for a in sorted(t["added_tokens"], key=lambda a: a["id"]):
        if a["id"] == len(tokens):
            tokens.append(a["content"])
            kinds.append(3 if a["special"] else 4)
        else:
            kinds[a["id"]] = 3 if a["special"] else 4
    w = gguf.GGUFWriter(path, "llama")
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre(pre)
    w.add_token_list([t.encode() for t in tokens])
    w.add_token_types(kinds)
    w.add_token_merges([" ".join(m) for m in model["merges"]])
    w.write_header_to_file(); w.write_kv_data_to_file(); w.write_tensors_to_file(); w.close()


variants = []


def variant(name, base, steps, pre, texts, change=None):
    t = copy.deepcopy(base)
    t["pre_tokenizer"] = steps[0] if len(steps) == 1 else {"type": "Sequence", "pretokenizers": steps}
    if change:
        change(t)
    t = json.dumps(t, ensure_ascii=False)
    v = Tokenizer.from_str(t)
    cases = []
    with tempfile.TemporaryDirectory() as d:
        gguf_file(os.path.join(d, "v.gguf"), json.loads(t), pre)
        stored = llama_library.Vocabulary(os.path.join(d, "v.gguf"))
        for x in texts:
            v.encode_special_tokens = False
            case = {"text": x, "ids": v.encode(x, add_special_tokens=False).ids, "llama": stored.encode(x.encode())}
            v.encode_special_tokens = True
            plain = v.encode(x, add_special_tokens=False).ids
            cases.append(case | ({"ids_plain": plain} if plain != case["ids"] else {}))
    variants.append({"name": name, "pre": pre, "tokenizer": t, "cases": cases})


def unknown(fuse):
    def change(t):
        t["model"]["vocab"]["<unk>"] = len(t["model"]["vocab"])
        for a in t["added_tokens"]:
            a["id"] += 1
        t["added_tokens"].append(added(t["added_tokens"][0]["id"] - 1, "<unk>"))
        t["model"].update(unk_token="<unk>", fuse_unk=fuse)
    return change


base = trained(LACKING, 1200)
gaps = [text(16) for _ in range(60)] + ["ab\u0004ab", "\u0004", "\u0004\u0006\u0013", " \u0004 \u0006 ", "wo\u0016rd", "\U00040000\U000c0000\U00100000", "1\u001d2", "a\u0004\u0006b\u0004"]
variant("missing bytes", base, smollm, "smollm", gaps)
variant("missing bytes, unknown token", base, smollm, "smollm", gaps, unknown(False))
variant("missing bytes, unknown token, fused", base, smollm, "smollm", gaps, unknown(True))
# Without the space and half of the letters.
variant("many missing bytes", trained(LACKING + [0x20, 0x0A] + list(range(0x61, 0x7B, 2)) + [0x81, 0xE4], 900), smollm, "smollm", gaps)

full = trained([], 1500)
texts = [text(20) for _ in range(150)]
edges = sorted({c for c in range(0x80, 0x30000) if not 0xD800 <= c < 0xE000 and unicodedata.category(chr(c)) != unicodedata.category(chr(c - 1))})
edge_texts = ["".join("a" + chr(c) + "A" + chr(c) + "b" + chr(c) + "1" + chr(c) + "." + chr(c) + " " + chr(c) for c in edges[i:i + 40]) for i in range(0, len(edges), 40)]
variant("tekken", full, tekken, "tekken", texts, lambda t: t["model"].update(ignore_merges=True))
variant("gpt-4o", full, gpt4o, "gpt-4o", texts)
variant("edges, tekken", full, tekken, "tekken", edge_texts, lambda t: t["model"].update(ignore_merges=True))
variant("edges, gpt-4o", full, gpt4o, "gpt-4o", edge_texts)

QWEN35 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
MINICPM5 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
for name, these in [("qwen35", texts), ("edges, qwen35", edge_texts)]:
    variant(name, full, [split(QWEN35), byte_level(False)], "qwen35", these)
variant("minicpm5", full, [split(r"\p{N}{1,3}"), split(MINICPM5), byte_level(False)], "minicpm5", texts, lambda t: t["model"].update(ignore_merges=True))

# Whole folders, as transformers reads them.
folders = []
cut = trained([], 500)
count = len(cut["model"]["vocab"])
cut["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": gpt4o}
piece = sorted(cut["model"]["vocab"], key=cut["model"]["vocab"].get)[300]
tokens = cut["added_tokens"] + [added(300, piece), added(count + 2, "<|late|>"), added(count + 3, "<later>", False) | {"lstrip": True}, added(count + 4, "Zyxw", False) | {"single_word": True}]
listed = {str(a["id"]): {k: v for k, v in a.items() if k != "id"} for a in tokens}
words = ["<|late|>", " <later>", "<later>", "<s>", "<|x|>", " Zyxw", "Zyxw", "Zyxws", "a", " ", "\n", "\u4f60", piece]


def folder(name, files, words):
    texts = ["".join(rng.choice(words) for _ in range(rng.randint(1, 12))) for _ in range(80)]
    with tempfile.TemporaryDirectory() as d:
        for file, content in files.items():
            with open(os.path.join(d, file), "w", encoding="utf-8") as f:
                f.write(content)
        t = transformers.AutoTokenizer.from_pretrained(d)
        folders.append({"name": name, "files": files, "cases": [{"text": x, "ids": t(x, add_special_tokens=False)["input_ids"]} for x in texts]})


folder("tokens only in added_tokens_decoder", {
    "tokenizer.json": json.dumps(cut, ensure_ascii=False),
    "tokenizer_config.json": json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "added_tokens_decoder": listed, "clean_up_tokenization_spaces": False})}, words)
old = json.loads(json.dumps(cut["model"]))
old["vocab"]["<|endoftext|>"] = count
turns = {str(count): {"content": "<|endoftext|>", "special": True, "normalized": False}, str(count + 1): {"content": "<|im_start|>", "special": True, "normalized": False}}
for name in ["GPT2Tokenizer", "Qwen2Tokenizer"]:
    folder("vocab.json and merges.txt of " + name, {
        "vocab.json": json.dumps(old["vocab"], ensure_ascii=False), "merges.txt": "#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in old["merges"]),
        "config.json": json.dumps({"model_type": {"G": "gpt2", "Q": "qwen2"}[name[0]]}),
        "tokenizer_config.json": json.dumps({"tokenizer_class": name, "added_tokens_decoder": turns, "clean_up_tokenization_spaces": False})},
        words + ["<|endoftext|>", "<|im_start|>", "e\u0301", "it's", "IT'S", "123"])

golden = {"made_by": f"Tests/Generators/tokenizer_bytes_golden.py, tokenizers {tokenizers.__version__}, llama.cpp", "variants": variants, "folders": folders}
subprocess.run(["zstd", "-19", "--long=27", "-q", "-f", "-o", "Fixtures/golden/tokenizer_bytes_golden.json.zst"], check=True,
               input=json.dumps(golden, ensure_ascii=False, separators=(",", ":")).encode())
