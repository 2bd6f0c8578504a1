"""Writes Fixtures/golden/byte_level_golden.json.zst: what HuggingFace tokenizers and stock llama.cpp make of texts with byte-level vocabularies.

Needs: tokenizers (made with 0.23.3), gguf, zstd, and the path of a llama-tokenize (made with llama.cpp as vendored by llama-cpp-python 0.3.36).
Run from the repository's root: python3 Tests/Generators/byte_level_golden.py PATH-OF-LLAMA-TOKENIZE
Seeds are fixed; the output is the same each time.

Contents:
- evaluation: for every text under Fixtures/text/eval, the ids by xverse-ent-tiny's tokenizer.json: their number, the first 64, and FNV-1a (64 bits)
  over all ids as little-endian int32.
- fuzz, decode: random texts and ids of the same tokenizer.
- variants: a small vocabulary trained without splits, so that every split shows, under each splitting pattern, with the ids of
  HuggingFace (ids, ids_plain with encode_special_tokens) and of llama-tokenize on the same vocabulary (llama, llama_plain). Texts for llama.cpp alone that
  are not UTF-8 are in hexadecimal.
"""
import copy, json, os, random, re, subprocess, sys, tempfile
import gguf, tokenizers
from tokenizers import Tokenizer, Regex, models, pre_tokenizers, trainers, AddedToken

LLAMA_TOKENIZE = sys.argv[1]
DIRECTORY = "Fixtures/models/xverse-ent-tiny"
rng = random.Random(20260103)
tok = Tokenizer.from_file(DIRECTORY + "/tokenizer.json")


def fnv(ids):
    h = 0xCBF29CE484222325
    for i in ids:
        for b in i.to_bytes(4, "little"):
            h = (h ^ b) * 0x100000001B3 % 2**64
    return f"{h:016x}"


def encode(tokenizer, text):
    tokenizer.encode_special_tokens = False
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    tokenizer.encode_special_tokens = True
    plain = tokenizer.encode(text, add_special_tokens=False).ids
    tokenizer.encode_special_tokens = False
    return {"text": text, "ids": ids} | ({"ids_plain": plain} if plain != ids else {})


def llama(path, text, parse_special):
    with tempfile.NamedTemporaryFile() as f:
        f.write(text)
        f.flush()
        command = [LLAMA_TOKENIZE, "-m", path, "-f", f.name, "--ids", "--no-bos", "--no-escape", "--log-disable"]
        out = subprocess.run(command + ([] if parse_special else ["--no-parse-special"]), capture_output=True, check=True).stdout
    return json.loads(out.decode().strip().splitlines()[-1])


evaluation = []
for name in sorted(os.listdir("Fixtures/text/eval")):
    with open("Fixtures/text/eval/" + name, encoding="utf-8", newline="") as f:
        ids = tok.encode(f.read(), add_special_tokens=False).ids
    evaluation.append({"name": name, "count": len(ids), "first": ids[:64], "fnv1a": fnv(ids)})

atoms = [" ", "  ", "   ", "\n", "\n\n", "\r\n", "\t", "\u00a0", "\u3000", "\u0085", "\u2028", "\x0b", "0", "12", "345", "\u00b2", "\u2167", "\u0663", "\uff13", "\u3007",
         "a", "B", "word", "'s", "'S", "'ll", "'RE", "'\u017f", "'t", "\u2019s", "'", "\"", ".", ",", "!?", "...", "$", "+", "<=>", "^~|`", "\u3002", "\u300c", "\uff01", "\u20ac", "\u00e9", "e\u0301", "\u0301",
         "\u4f60", "\u597d\u7684", "\u3042\u30ab", "\ud55c\uad6d", "\U0001f600", "\U0001f468\u200d\U0001f469", "\u0000", "\u007f", "\ufeff", "\ufffd", "\u0928\u092e\u0938\u094d\u0924\u0947", "\u1c89", "\U00016ea0", "\U00010d40", "\u0bae\u0bbf",
         "_", "#", "/", "\\", "[T]", "<s>", "<|x|>", "\u0e01\u0e34", "\u05d0\u05b8", "\u216b", "\u2160", "\u24b6", "\U0001d7d8", "\u1e9e", "\u01c5", "\u02b0"]


def text(limit):
    return "".join(rng.choice(atoms) if rng.random() < 0.85 else chr(rng.choice([rng.randrange(0x20, 0x3000), rng.randrange(0x4E00, 0x9FFF), rng.randrange(0xE000, 0x30000)]))
                   for _ in range(rng.randint(1, limit)))


vocab = [t for t, _ in sorted(tok.get_vocab().items(), key=lambda kv: kv[1])]
fuzz = []
for _ in range(250):
    parts = [rng.choice(atoms) if rng.random() < 0.5 else tok.decode([rng.randrange(len(vocab) - 2)]) if rng.random() < 0.9 else rng.choice(vocab[-2:]) for _ in range(rng.randint(1, 24))]
    fuzz.append(encode(tok, "".join(parts)))
fuzz.append(encode(tok, "a" * 3000 + "\u7684" * 500 + " " * 300 + "1" * 500 + "the" * 700))

decode = []
for _ in range(200):
    ids = [rng.randrange(len(vocab)) if rng.random() < 0.5 else rng.randrange(256) for _ in range(rng.randint(1, 12))]
    decode.append({"ids": ids, "text": tok.decode(ids, skip_special_tokens=False), "text_skipped": tok.decode(ids, skip_special_tokens=True)})

# A vocabulary whose merges cross every boundary.
corpus = [re.sub(r"\[T\]|<s>|<\|x\|>", "", text(60)) for _ in range(3000)]
small = Tokenizer(models.BPE())
small.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex("[\\s\\S]{1,12}"), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
small.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=1500, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
base = json.loads(small.to_str())
base["decoder"] = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
pieces = [t for t, _ in sorted(base["model"]["vocab"].items(), key=lambda kv: kv[1])]


def added(id, content, special=True, **flags):
    return {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": special} | flags


n = len(pieces)
base["added_tokens"] = [added(n, "<s>"), added(n + 1, "<|x|>", False)]
SOURCE = open("Sources/Tokenization/Splitting/SplitPatternTables.swift", encoding="utf-8").read()


def split(pattern):
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


def byte_level(use_regex, add_prefix_space=False):
    return {"type": "ByteLevel", "add_prefix_space": add_prefix_space, "trim_offsets": True, "use_regex": use_regex}


WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
CASED = re.sub(r'["+\s]', "", re.search(r'casedLetters =\n(.*?)\n\n', SOURCE, re.S).group(1))
CASED = re.sub(r"\\u\{([0-9a-f]+)\}", lambda m: chr(int(m.group(1), 16)), CASED).replace("\\\\s?[", "").removesuffix("]")
EAST = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"
llama3 = [split(WORDS % r"\p{N}{1,3}"), byte_level(False)]
qwen2 = [split(WORDS % r"\p{N}"), byte_level(False)]
deepseek_llm = [split("[\r\n]"), split("\\s?[" + CASED + "]+"), split("\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+"), split("\\s+$"), split(EAST),
                {"type": "Digits", "individual_digits": True}, byte_level(False)]
deepseek_coder = [split("[\r\n]"), split("\\s?\\p{L}+"), split("\\s?\\p{P}+"), split(EAST), {"type": "Digits", "individual_digits": True}, byte_level(False)]
deepseek_v3 = [split("\\p{N}{1,3}"), split("[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+"),
               split("[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"), byte_level(False)]
starcoder = [{"type": "Digits", "individual_digits": True}, byte_level(True)]

variants = []
shared = ["Bwordaword", "1Bwordaword-Bwordaword Bwordaword"] + [text(20) for _ in range(110)]
edges = sorted({c for c in range(0x80, 0x30000) if not 0xD800 <= c < 0xE000 and chr(c) and (lambda k: k(c) != k(c - 1))(lambda c: __import__("unicodedata").category(chr(c))[0])})
edge_texts = ["".join("a" + chr(c) + "1" + chr(c) + "." + chr(c) + " " + chr(c) for c in edges[i:i + 24]) for i in range(0, len(edges), 24)]


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


def broken():
    data = [rng.choice(atoms[:40]).encode() for _ in range(rng.randint(1, 12))]
    for _ in range(rng.randint(1, 4)):
        data.insert(rng.randrange(len(data) + 1), bytes([rng.choice([0x80, 0xBF, 0xC0, 0xC3, 0xE4, 0xED, 0xA0, 0xF0, 0xFF])]))
    return b"".join(data)


def variant(name, steps, change=None, pre=None, texts=shared, with_llama=40, conflict=False):
    t = copy.deepcopy(base)
    t["pre_tokenizer"] = steps[0] if len(steps) == 1 else {"type": "Sequence", "pretokenizers": steps}
    if change:
        change(t)
    t = json.dumps(t, ensure_ascii=False)
    v = Tokenizer.from_str(t)
    item = {"name": name, "tokenizer": t, "pre": pre, "conflict": conflict, "cases": [encode(v, x) for x in texts]}
    if pre:
        with tempfile.TemporaryDirectory() as d:
            path = os.path.join(d, "v.gguf")
            gguf_file(path, json.loads(t), pre)
            for case in item["cases"][:with_llama]:
                data = case["text"].encode()
                case["llama"], case["llama_plain"] = llama(path, data, True), llama(path, data, False)
            item["broken"] = [{"text": b.hex(), "llama": llama(path, b, True)} for b in (broken() for _ in range(12))]
    variants.append(item)


def ignoring(t):
    t["model"]["ignore_merges"] = True
    # A piece that no merge makes.
    t["model"]["vocab"]["Bwordaword"] = t["model"]["vocab"].pop(pieces[-1])
    t["model"]["merges"] = [m for m in t["model"]["merges"] if pieces[-1] not in (m[0], m[1], m[0] + m[1])]
    dropped = True
    while dropped:
        known = set(t["model"]["vocab"])
        dropped = [m for m in t["model"]["merges"] if not {m[0], m[1], m[0] + m[1]} <= known]
        t["model"]["merges"] = [m for m in t["model"]["merges"] if m not in dropped]


def single_digits(t):
    t["model"]["merges"] = [m for m in t["model"]["merges"] if not re.search(r"[0-9][0-9]|[\u00b2\u00c2\u00d9\u00db\u00e0-\u00f4]", m[0] + m[1]) and "\u0100" > max(m[0] + m[1])]
    keep = {p for p in pieces if len(p) == 1} | {m[0] + m[1] for m in t["model"]["merges"]}
    while True:
        merges = [m for m in t["model"]["merges"] if {m[0], m[1]} <= keep]
        if len(merges) == len(t["model"]["merges"]):
            break
        t["model"]["merges"] = merges
        keep = {p for p in pieces if len(p) == 1} | {m[0] + m[1] for m in merges}
    kept = [p for p in pieces if p in keep]
    t["model"]["vocab"] = {p: i for i, p in enumerate(kept)}
    for i, a in enumerate(t["added_tokens"]):
        a["id"] = len(kept) + i


def surroundings(t):
    t["added_tokens"] = [added(n, "<s>", rstrip=True), added(n + 1, "<|x|>", False, lstrip=True, rstrip=True), added(n + 2, "[T]", False, single_word=True),
                         added(n + 3, "qzq", False, normalized=True), added(n + 4, " qa", False, rstrip=True), added(n + 5, "Bq", True, normalized=True, single_word=True, lstrip=True)]


variant("gpt-2", [byte_level(True)], pre="gpt-2")
variant("prefix space", [byte_level(True, True)], conflict=True)
variant("llama-bpe", llama3, pre="llama-bpe", change=lambda t: t["model"].update(ignore_merges=True))
variant("smaug-bpe", llama3, pre="smaug-bpe", change=lambda t: (ignoring(t), t["model"].update(ignore_merges=False)))
variant("ignored merges", llama3, pre="llama-bpe", change=ignoring)
variant("qwen2", qwen2, pre="qwen2")
variant("qwen2, ignored merges", qwen2, change=ignoring, conflict=True)
variant("starcoder", starcoder, pre="starcoder")
variant("deepseek-llm", deepseek_llm, conflict=True)
variant("deepseek-llm, single digits", deepseek_llm, pre="deepseek-llm", change=single_digits)
variant("deepseek-coder", deepseek_coder, pre="deepseek-coder")
variant("deepseek-v3", deepseek_v3, pre="deepseek-v3")
variant("surroundings", llama3, change=surroundings, texts=["".join(rng.choice(["[T]", "<s>", "<|x|>", "qzq", " qa", "Bq", "Bq", " ", "  ", "\n", "\u3000", "x", "_", "-", "\u00e9", "\u4f60", "\u0301", "\u2581", "1", "a"])
                                                                   for _ in range(rng.randint(1, 14))) for _ in range(250)])
variant("edges, llama-bpe", llama3, pre="llama-bpe", texts=edge_texts, with_llama=1000)
variant("edges, deepseek-v3", deepseek_v3, pre="deepseek-v3", texts=edge_texts, with_llama=1000)
composing = ["A\u030a", "\u212b", "e\u0301\u0323", "e\u0323\u0301", "\u1100\u1161\u11a8", "\uac00\u11a8", "\uac01\u11a8", "\u0344", "\ufb1d", "\u0958", "\U0001d15e", "\uf900", "a\u0315\u0300\u05ae\u0300", "\u0061\u0345\u0301", "\u1e9b\u0323", "\u3099",
             "\u304b\u3099", "\u0301", "q\u0307\u0323", "<s>", "<|x|>", "x", " ", "\n", "\u4f60", "\u00e9\u0301", "\u00e9", "\u0f71\u0f72\u0f74", "\u09c7\u09be", "\u0cc6\u0cc2\u0cd5"]
everything = [chr(c) for c in range(0xA0, 0x30000) if not 0xD800 <= c < 0xE000 and (__import__("unicodedata").decomposition(chr(c)) or __import__("unicodedata").combining(chr(c))) and not 0xAC00 <= c < 0xD7A4]
variant("composing", qwen2, change=lambda t: t.update(normalizer={"type": "NFC"}), texts=["".join(rng.choice(composing) for _ in range(rng.randint(1, 12))) for _ in range(200)]
        + ["".join(everything[i:i + 60]) for i in range(0, len(everything), 60)]
        + ["".join(rng.choice(everything) if rng.random() < 0.6 else rng.choice(["a", "e", "o", "\u0301", "\u0323", "\u4f60"]) for _ in range(40)) for _ in range(60)])
# HuggingFace has no such steps; the ids are those of llama.cpp alone.
variant("default", [byte_level(True)], pre="default")

golden = {"made_by": f"Tests/Generators/byte_level_golden.py, tokenizers {tokenizers.__version__}, llama.cpp", "evaluation": evaluation, "fuzz": fuzz, "decode": decode, "variants": variants}
subprocess.run(["zstd", "-19", "--long=27", "-q", "-f", "-o", "Fixtures/golden/byte_level_golden.json.zst"], check=True,
               input=json.dumps(golden, ensure_ascii=False, separators=(",", ":")).encode())
