"""Writes Fixtures/golden/saved_tokenizers_golden.json.zst: what HuggingFace's libraries and sentencepiece make of tokenizers that various versions of them saved.

Needs: transformers (made with 5.24.0), tokenizers (0.23.3), sentencepiece (0.2.3), zstd, a llama.cpp with gguf-py (made with the one vendored by llama-cpp-python 0.3.36), and a Python with tokenizers 0.15.2.
Run from the repository's root: python3 Tests/Generators/saved_tokenizers_golden.py PATH-OF-LLAMA.CPP PATH-OF-PYTHON-WITH-TOKENIZERS-0.15
Seeds are fixed; the output is the same each time.

A tokenizer is given as the name of a bundled model and a head: the text that stands in its tokenizer.json before "vocab".

Contents:
- saved: heads as transformers 5 saves them, and as tokenizers 0.15 does with add_prefix_space; ids and texts by tokenizers 0.23, which refuses add_prefix_space false, there by 0.15.
- flags: for heads with various post-processors and members of tokenizer_config.json, whether BOS and EOS are added: by transformers where there is a post-processor, else by llama.cpp's converter.
- ties: tokenizer.model of apus-xdan-tiny with one score changed (its place in the file and the new one); "same": ids by tokenizers and by sentencepiece, which are equal; "differs": a text where they are not.
"""
import json, os, random, shutil, struct, subprocess, sys, tempfile

os.environ["TRANSFORMERS_VERBOSITY"] = "error"
sys.path.insert(0, sys.argv[1] + "/gguf-py")
import gguf, sentencepiece, tokenizers, transformers
from tokenizers import Tokenizer
from transformers import LlamaTokenizer, PreTrainedTokenizerFast
from transformers.tokenization_utils_tokenizers import TokenizersBackend

MODELS = "Fixtures/models/"
rng = random.Random(20260212)


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def definition(base):
    return json.loads(read(f"{MODELS}{base}/tokenizer.json"))


def head(base, t):
    t = json.loads(json.dumps(t))
    original = definition(base)["model"]
    assert t["model"]["vocab"] == original["vocab"], base
    assert [x if isinstance(x, list) else x.split(" ") for x in t["model"]["merges"]] == original["merges"], base
    members = {k: v for k, v in t["model"].items() if k not in ("vocab", "merges")}
    text = json.dumps({k: v for k, v in t.items() if k != "model"} | {"model": members | {"vocab": 0}}, ensure_ascii=False)
    return text[:text.index('"vocab"', text.index('"model"'))]


atoms = [" ", "  ", "   ", "\u2581", "\n", "\t", "\u00a0", "0", "12", "a", "the", " the", "Hello", "\u00e9", "\u4f60\u597d", "\u9f98", "\U0001f600", "\u0000", "<s>", "</s>", "<unk>", "<|startoftext|>", "."]
texts = ["Hello world", " Hello world", "  Hello", "", " ", "<s>a", "a<s> a", "a</s>b", "a [x y] b", "[x y]", " [x y][x y]"] + ["".join(rng.choice(atoms) for _ in range(rng.randint(1, 10))) for _ in range(40)]


def cases(tokenizer):
    result = []
    for text in texts:
        tokenizer.encode_special_tokens = False
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        tokenizer.encode_special_tokens = True
        plain = tokenizer.encode(text, add_special_tokens=False).ids
        tokenizer.encode_special_tokens = False
        result.append({"text": text, "ids": ids} | ({"ids_plain": plain} if plain != ids else {}))
    return result


def decode(tokenizer, count):
    lists = [[rng.randrange(count) for _ in range(rng.randint(1, 6))] for _ in range(20)]
    return [{"ids": i, "text": tokenizer.decode(i, skip_special_tokens=False), "text_skipped": tokenizer.decode(i, skip_special_tokens=True)} for i in lists]


saved = []


def keep(name, base, t):
    # transformers 5 lists the merges of one piece in another order if it makes them of tokenizer.model.
    merges = definition(base)["model"]["merges"]
    assert sorted(t["model"]["merges"]) == sorted(merges)
    t["model"]["merges"] = merges
    tokenizer = Tokenizer.from_str(json.dumps(t))
    saved.append({"name": name, "base": base, "head": head(base, t), "cases": cases(tokenizer), "decode": decode(tokenizer, 4096)})


def resave(name, cls, files, configuration, change=lambda t: None):
    base = "apus-xdan-tiny"
    with tempfile.TemporaryDirectory() as d, tempfile.TemporaryDirectory() as out:
        for file in files:
            shutil.copy(f"{MODELS}{base}/{file}", d)
        c = json.loads(read(f"{MODELS}{base}/tokenizer_config.json")) | configuration
        with open(d + "/tokenizer_config.json", "w") as f:
            json.dump(c, f)
        cls.from_pretrained(d).save_pretrained(out)
        t = json.loads(read(out + "/tokenizer.json"))
    change(t)
    keep("transformers 5, " + name, base, t)


def added(t):
    t["added_tokens"] += [{"id": 4096 + i, "content": c, "single_word": False, "lstrip": False, "rstrip": False, "normalized": n, "special": False}
                          for i, (c, n) in enumerate([("[x y]", True), (" z", True), ("<|im_start|>", False)])]


both, model, only = ["tokenizer.json", "tokenizer.model"], ["tokenizer.model"], ["tokenizer.json"]
for legacy in [True, False]:
    resave(f"LlamaTokenizer of both files, legacy {legacy}", LlamaTokenizer, both, {"legacy": legacy})
    resave(f"LlamaTokenizer of tokenizer.model, legacy {legacy}", LlamaTokenizer, model, {"legacy": legacy})
    resave(f"TokenizersBackend of tokenizer.model, legacy {legacy}", TokenizersBackend, model, {"legacy": legacy})
    resave(f"TokenizersBackend of tokenizer.model, added tokens, legacy {legacy}", TokenizersBackend, model, {"legacy": legacy}, added)
resave("LlamaTokenizer, no prefix", LlamaTokenizer, only, {"legacy": False, "add_prefix_space": False})
resave("TokenizersBackend of tokenizer.json", TokenizersBackend, only, {})
t = definition("xverse-moe-tiny")
PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(json.dumps(t))).save_pretrained(tempfile.gettempdir() + "/saved")
keep("transformers 5, XVERSE", "xverse-moe-tiny", json.loads(read(tempfile.gettempdir() + "/saved/tokenizer.json")))

OLD = """
import json, sys
from tokenizers import Tokenizer
assert __import__("tokenizers").__version__.startswith("0.15")
request = json.load(sys.stdin)
t = Tokenizer.from_str(json.dumps(request["tokenizer"]))
ids = [t.encode(x, add_special_tokens=False).ids for x in request["texts"]]
texts = [[t.decode(i, skip_special_tokens=False), t.decode(i, skip_special_tokens=True)] for i in request["lists"]]
print(json.dumps({"tokenizer": json.loads(t.to_str()), "ids": ids, "texts": texts}))
"""
for base in ["xverse-moe-tiny", "apus-xdan-tiny"]:
    for adds in [True, False]:
        for scheme in ["first", "always"]:
            t = definition(base)
            metaspace = {"type": "Metaspace", "replacement": "\u2581", "add_prefix_space": adds, "prepend_scheme": scheme}
            t["normalizer"] = None
            others = [] if base == "apus-xdan-tiny" else t["pre_tokenizer"]["pretokenizers"][1:]
            t["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [metaspace] + others} if others else metaspace
            t["decoder"] = {"type": "Sequence", "decoders": [metaspace, {"type": "ByteFallback"}, {"type": "Fuse"}]}
            t["model"].pop("ignore_merges")
            t["model"]["merges"] = [" ".join(m) for m in t["model"]["merges"]]
            lists = [[rng.randrange(4096) for _ in range(rng.randint(1, 6))] for _ in range(20)]
            request = json.dumps({"tokenizer": t, "texts": texts, "lists": lists})
            answer = json.loads(subprocess.run([sys.argv[2], "-c", OLD], input=request.encode(), capture_output=True, check=True).stdout)
            name = f"tokenizers 0.15, {scheme}, add_prefix_space {adds}"
            if adds:
                # 0.15 takes the first text for the beginning also after a token; what is read today decides.
                keep(name, base, answer["tokenizer"] | {"model": t["model"] | {"merges": definition(base)["model"]["merges"]}})
                continue
            saved.append({"name": name, "base": base, "head": head(base, answer["tokenizer"]),
                          "cases": [{"text": x, "ids": i} for x, i in zip(texts, answer["ids"])],
                          "decode": [{"ids": i, "text": a, "text_skipped": b} for i, (a, b) in zip(lists, answer["texts"])]})

base = "xverse-ent-tiny"
BYTES = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True}
TEMPLATE = definition(base)["post_processor"]
TEXT = {"Sequence": {"id": "A", "type_id": 0}}
END = {"SpecialToken": {"id": "<|end_of_text|>", "type_id": 0}}
processors = {
    "template": TEMPLATE,
    "sequence": {"type": "Sequence", "processors": [BYTES, TEMPLATE]},
    "both": TEMPLATE | {"single": TEMPLATE["single"] + [END], "special_tokens": TEMPLATE["special_tokens"] | {"<|end_of_text|>": {"id": "<|end_of_text|>", "ids": [4095], "tokens": ["<|end_of_text|>"]}}},
    "bare": {"type": "TemplateProcessing", "single": [TEXT], "pair": [TEXT, {"Sequence": {"id": "B", "type_id": 1}}], "special_tokens": {}},
    "bytes": BYTES,
    "roberta": {"type": "RobertaProcessing", "sep": ["<|end_of_text|>", 4095], "cls": ["<|begin_of_text|>", 4094], "trim_offsets": True, "add_prefix_space": False},
    "bert": {"type": "BertProcessing", "sep": ["<|end_of_text|>", 4095], "cls": ["<|begin_of_text|>", 4094]},
    "none": None,
}
flags = []
for name, processor in processors.items():
    for c in [{}, {"add_bos_token": False}, {"add_bos_token": True}, {"add_eos_token": True}, {"add_bos_token": False, "add_eos_token": True}, {"add_bos_token": True, "add_eos_token": False}]:
        with tempfile.TemporaryDirectory() as d:
            t = definition(base) | {"post_processor": processor}
            configuration = json.loads(read(f"{MODELS}{base}/tokenizer_config.json")) | c
            for file, value in [("tokenizer.json", t), ("tokenizer_config.json", configuration)]:
                with open(d + "/" + file, "w", encoding="utf-8") as f:
                    json.dump(value, f)
            if processor:
                ids = PreTrainedTokenizerFast.from_pretrained(d).encode("Hello")
                bos, eos = ids[0] == 4094, ids[-1] == 4095
            else:
                adds = gguf.SpecialVocab(d, load_merges=False).add_special_token
                bos, eos = adds.get("bos", False), adds.get("eos", False)
        flags.append({"name": name, "base": base, "head": head(base, t), "configuration": json.dumps(configuration), "bos": bos, "eos": eos})

base = "apus-xdan-tiny"
data = open(f"{MODELS}{base}/tokenizer.model", "rb").read()
hf = Tokenizer.from_file(f"{MODELS}{base}/tokenizer.json")
original = sentencepiece.SentencePieceProcessor(model_proto=data)
scores = {i: original.get_score(i) for i in range(original.vocab_size())}


def tied(piece):
    """The model in which the piece has the score of the one before it."""
    text = original.id_to_piece(piece).encode()
    field = b"\x0a" + bytes([len(text)]) + text + b"\x15"
    place = data.index(field + struct.pack("<f", scores[piece])) + len(field)
    score = struct.pack("<f", scores[piece - 1])
    return place, score, sentencepiece.SentencePieceProcessor(model_proto=data[:place] + score + data[place + 4:])


def ids(text):
    return hf.encode(text, add_special_tokens=False).ids


merges = [tuple(m) for m in definition(base)["model"]["merges"]]
makers = {}
for left, right in merges:
    makers.setdefault(left + right, []).append((left, right))
ties = []
piece = next(i for i in scores if scores[i] == -2688.0)
corpus = read("Fixtures/text/eval/" + sorted(os.listdir("Fixtures/text/eval"))[0])[:20000].split("\n")
place, score, changed = tied(piece)
lines = [line for line in corpus if line][:40] + ["".join(original.id_to_piece(i).replace("\u2581", " ") for i in (piece - 1, piece)), "".join(original.id_to_piece(i).replace("\u2581", " ") for i in (piece, piece - 1))]
assert all(ids(line) == changed.encode(line) for line in lines)
ties.append({"name": "same", "place": place, "score": score.hex(), "cases": [{"text": line, "ids": ids(line)} for line in lines]})
for piece in range(300, original.vocab_size()):
    left_pairs = [(a, b, c) for a, b in makers.get(original.id_to_piece(piece), []) for d, c in makers.get(original.id_to_piece(piece - 1), []) if b == d]
    found = None
    for parts in left_pairs:
        text = "\n" + "".join(parts).replace("\u2581", " ")
        place, score, changed = tied(piece)
        if ids(text) != changed.encode(text):
            found = {"name": "differs", "place": place, "score": score.hex(), "piece": piece, "text": text, "ids": ids(text), "sentencepiece": changed.encode(text)}
            break
    if found:
        ties.append(found)
        break
print([t["name"] for t in ties], ties[-1].get("text"), [s["name"] for s in saved])

golden = {"made_by": f"Tests/Generators/saved_tokenizers_golden.py, transformers {transformers.__version__}, tokenizers {tokenizers.__version__} and 0.15, sentencepiece {sentencepiece.__version__}, llama.cpp",
          "saved": saved, "flags": flags, "ties": ties}
subprocess.run(["zstd", "-19", "--long=27", "-q", "-f", "-o", "Fixtures/golden/saved_tokenizers_golden.json.zst"], check=True, input=json.dumps(golden, ensure_ascii=False, separators=(",", ":")).encode())
