"""Writes Fixtures/golden/tokenizer_golden.json.zst: what HuggingFace tokenizers makes of texts.

Needs: tokenizers (made with 0.23.3), zstd. Run from the repository's root. Seeds are fixed; the output is the same each time.

Contents:
- evaluation: for every text under Fixtures/text/eval, the ids by xverse-moe-tiny's tokenizer.json: their number, the first
  64, and FNV-1a (64 bits) over all ids as little-endian int32.
- fuzz: random strings of spaces, marks, line feeds, digits of many scripts, CJK, emoji, pieces of the vocabulary and special tokens:
  ids, and ids_plain with encode_special_tokens (specials stay text) where those differ.
- decode: random id sequences (many byte tokens) with their text, specials kept and skipped.
- variants: changes of a small tokenizer (added tokens that overlap, normalized ones, no splits, the
  edges of all ranges of digits), with cases for each.
"""
import copy, json, os, random, subprocess
import tokenizers
from tokenizers import Tokenizer, pre_tokenizers

MODEL = "Fixtures/models/xverse-moe-tiny/tokenizer.json"
tok = Tokenizer.from_file(MODEL)
rng = random.Random(20260101)


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


evaluation = []
for name in sorted(os.listdir("Fixtures/text/eval")):
    with open("Fixtures/text/eval/" + name, encoding="utf-8", newline="") as f:
        ids = tok.encode(f.read(), add_special_tokens=False).ids
    evaluation.append({"name": name, "count": len(ids), "first": ids[:64], "fnv1a": fnv(ids)})

vocab = [t for t, _ in sorted(tok.get_vocab().items(), key=lambda kv: kv[1])]
atoms = (
    [" ", "  ", "\u2581", "\u2581\u2581", "\n", "\n\n", "\r\n", "\t", "0", "12", "\u00b2", "\u2167", "\u2460", "\u0663", "\uff13", "\u3007", "\u5341", "\U0001d7d8",
     "\u00bc", "\u0be7", "\U00010107", "\u00e9", "e\u0301", "\u00c5", "\u212b", "\U0001f600", "\U0001f468\u200d\U0001f469", "\u4f60\u597d", "\u9f98", "\u0000", "\u007f", "\ufeff", "\ufffd",
     "\uff41", "\u3000", "<0x41>", "<0x", "<pad>", "<|startoftext|>", "<|endoftext|>", "<|endof", "|>", "aaaa", "abab", "\ud7ff", "\ue000", "\U0010ffff"]
)
fuzz = []
for _ in range(300):
    parts = []
    for _ in range(rng.randint(1, 24)):
        kind = rng.random()
        if kind < 0.45:
            parts.append(rng.choice(atoms))
        elif kind < 0.9:
            parts.append(vocab[rng.randrange(259, len(vocab))].replace("\u2581", " "))
        else:
            parts.append(chr(rng.choice([rng.randrange(0x20, 0x3000), rng.randrange(0x4E00, 0x9FFF), rng.randrange(0xE000, 0x110000)])))
    fuzz.append(encode(tok, "".join(parts)))
fuzz.append(encode(tok, "a" * 3000 + "\u7684" * 500 + "the" * 700))

decode = []
for _ in range(200):
    ids = []
    for _ in range(rng.randint(1, 14)):
        kind = rng.random()
        if kind < 0.35:
            ids.append(3 + rng.randrange(256))
        elif kind < 0.6:
            ids += [3 + b for b in chr(rng.choice([0x4F60, 0xE9, 0x1F600, 0x9F98])).encode()]
        elif kind < 0.7:
            ids.append(rng.randrange(3))
        else:
            ids.append(rng.randrange(259, len(vocab)))
    decode.append({"ids": ids, "text": tok.decode(ids, skip_special_tokens=False), "text_skipped": tok.decode(ids, skip_special_tokens=True)})

# A small tokenizer: 256 bytes, a few characters, hand-made merges.
pieces = ["<unk>", "<s>"] + [f"<0x{b:02X}>" for b in range(256)] + list("\u2581\nabcdxy12<>|s[]")
merges = []
def merge(a, b):
    merges.append([a, b])
    if a + b not in pieces:
        pieces.append(a + b)
for a, b in [("a", "b"), ("b", "c"), ("ab", "c"), ("a", "a"), ("aa", "aa"), ("\u2581", "a"), ("\u2581", "\u2581"), ("\n", "\n"), ("\n\n", "\n\n"),
             ("1", "2"), ("x", "\u2581"), ("x\u2581", "y"), ("d", "\n"), ("\u2581a", "b"), ("c", "d"), ("ab", "cd"), ("a", "bc"), ("x", "y"), ("\u2581", "x")]:
    merge(a, b)
base = json.load(open(MODEL, encoding="utf-8"))
base["added_tokens"] = []
base["model"]["vocab"] = {p: i for i, p in enumerate(pieces)}
base["model"]["merges"] = merges

def added(id, content, special, normalized=False):
    return {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": normalized, "special": special}

n = len(pieces)
texts = ["", "abc", "abcd aabc", "aaaaaaaaa", "a  ab   a", "\u2581a\u2581 b", "x y", "x\u2581y", "d\nd\n\nd\n\n\n\n", "1212 12", "<s>abc<s>", "[x][xy][x y]", "[x y]y]", "[x\u2581y]", "<|a|><|a|>b|>",
         "ab|c|d", "abc|cd", "a bcd|abc", "<s> <unk>", "s>abs>", "bcd", "abcdabcd", "xyxyx y x", "xx yy", "  ", "aab"]
for _ in range(60):
    texts.append("".join(rng.choice(["a", "b", "c", "d", "x", "y", " ", "\u2581", "\n", "1", "2", "<s>", "[x y]", "bc", "|", "cd", "<|a|>", "\u00e9"]) for _ in range(rng.randint(1, 18))))

variants = []
def variant(name, change):
    t = copy.deepcopy(base)
    change(t)
    t = json.dumps(t, ensure_ascii=False)
    v = Tokenizer.from_str(t)
    variants.append({"name": name, "tokenizer": t, "cases": [encode(v, x) for x in texts]})

def plain(t): pass
def no_splits(t): t["pre_tokenizer"] = None
def overlapping(t):
    t["added_tokens"] = [added(0, "<unk>", True), added(1, "<s>", True), added(n, "abc|", False), added(n + 1, "c|d", False), added(n + 2, "bc|cd|e", False),
                         added(n + 3, "<|a|>", True), added(n + 4, "<|a|>b", False), added(n + 5, "s>ab", True), added(n + 6, "x y", False)]
def normalized(t):
    t["added_tokens"] = [added(1, "<s>", True, True), added(n, "[x y]", False, True), added(n + 1, "[x\u2581y]y]", False, True), added(n + 2, "[x]", True, False),
                         added(n + 3, " a", False, False), added(pieces.index("cd"), "cd", False, True)]
def string_merges(t):
    t["model"]["merges"] = [" ".join(m) for m in t["model"]["merges"]]
    t["pre_tokenizer"]["pretokenizers"] = t["pre_tokenizer"]["pretokenizers"][2:]
    t["model"]["unk_token"] = "<unk>"
for f in [plain, no_splits, overlapping, normalized, string_merges]:
    variant(f.__name__, f)

# Which characters are digits: the edges of every range, each mergeable with the letter before it unless it is split off.
isolates = pre_tokenizers.Digits(individual_digits=True)
numeric = [not 0xD800 <= c < 0xE000 and len(isolates.pre_tokenize_str("a" + chr(c) + "a")) == 3 for c in range(0x110000)]
edges = [c for c in range(0x80, 0x10FFFF) if (numeric[c] != numeric[c - 1] or numeric[c] != numeric[c + 1]) and not 0xD800 <= c < 0xE000]
def digits(t):
    all_pieces = pieces + [chr(c) for c in edges] + ["a" + chr(c) for c in edges]
    t["model"]["vocab"] = {p: i for i, p in enumerate(all_pieces)}
    t["model"]["merges"] = [["a", chr(c)] for c in edges]
texts = ["".join("a" + chr(c) for c in edges[i:i + 16]) for i in range(0, len(edges), 16)]
variant("digits", digits)

golden = {"made_by": f"Tests/Generators/tokenizer_golden.py, tokenizers {tokenizers.__version__}", "evaluation": evaluation,
          "fuzz": fuzz, "decode": decode, "variants": variants}
subprocess.run(["zstd", "-19", "-q", "-f", "-o", "Fixtures/golden/tokenizer_golden.json.zst"], check=True,
               input=json.dumps(golden, ensure_ascii=False, separators=(",", ":")).encode())
