"""Writes Fixtures/golden/adversarial_text.json.zst: about 10 MB of difficult text, as a recipe that Python and Swift follow alike, and digests of the ids that
the reference implementations give for it with every kind of tokenizer.

Needs: tokenizers (made with 0.23.3), sentencepiece, zstd.
Run from the repository's root: python3 Tests/Generators/adversarial_text.py [PATH-OF-SWAGE]
With the path of the program, all ids of all kinds over the whole text are compared with those of Swage too. The suite compares a part of the text with each kind.

The recipe: sections, each of some texts. "scalars": Unicode scalars in ascending order, surrogates left out, so many in each text. Others: parts are drawn until
the text has so many bytes. A draw of n is the upper 32 bits of a state modulo n; before each draw the state becomes state * 6364136223846793005 + 1442695040888963407
modulo 2^64, beginning with the section's seed plus the number of the text. For a part an index is drawn, then, if the part may be repeated, the number of repeats
less one. The digest of a text: the number of its ids, and CRC-32 over them as little-endian int32.
"""
import base64, json, os, subprocess, sys, tempfile, time, zlib
import numpy, sentencepiece, tokenizers
from tokenizers import Tokenizer

letters = ["a", "e", "th", "Word", "HTTP", "camelCase", "\u00e9", "\u00c9", "\u0416\u0436", "\u4f60\u597d", "\u3042\u30ab", "\ud55c\uad6d", "\u0e01\u0e34", "\u05d0\u05b8", "\u0928\u092e\u0938\u094d\u0924\u0947", "\u0633\u0644\u0627\u0645", "\U00010400\U00010428"]
marks = ["\u0301", "\u0323", "\u0308", "\u0327", "\u0345", "\u0315", "\u05ae", "\u3099", "\u0334", "\u1dce", "\u0f71", "\u0f72", "\u0f74", "\U0001d165", "\U0001d16e", "\u20dd"]
specials = ["<s>", "</s>", "<unk>", "<pad>", "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|begin_of_text|>", "<|end_of_text|>", "<|x|>", "[INST]", "<0x0A>", "<0xE4>", "<s", "s>", "<|", "|>", "[T]", "qzq", "\u2581", "\u2581\u2581", "\u0120", "\u010a"]
spaces = [[" ", 40], ["\n", 30], ["\t", 20], ["\r\n", 10], ["\r", 6], ["\u00a0", 4], ["\u3000", 6], ["\u2028", 2], ["\u0085", 2], ["\u200b", 3], ["\u2003", 3], ["\u000b", 2], ["\u000c", 2], [" \n", 5], ["\n ", 5]]
words = ["the ", "of", " and", "ing", "'s", "'S", "'ll", "'RE", "'\u017f", "\u2019s", "1", "23", "4567", "\u0663", "\u00b2", "\u2167", "\uff13", ".", ",", "!?", "...", "//", "/\n", "$", "<=>", "\u3002", "\u300c", "\uff01", "_", "#", "\\", "\"", "(", ")"]
emoji = ["\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466", "\U0001f44d", "\U0001f3fb", "\U0001f3ff", "\U0001f1e9\U0001f1ea", "\U0001f1e9", "\U0001f1fa\U0001f1f8", "\u2764\ufe0f\u200d\U0001f525", "\u200d", "\ufe0f", "1\ufe0f\u20e3", "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "\U0001f9d1\U0001f3fd\u200d\U0001f680", "a", " "]
controls = [chr(c) for c in range(0x20)] + [chr(c) for c in range(0x7F, 0xA0)] + ["\u00ad", "\u200e", "\u202e", "\u2060", "\ufeff", "\ufffd", "\ufffe", "\U000e0001", "\U0010ffff", "a", " "]


def once(parts):
    return [[p, 1] for p in parts]


SECTIONS = [
    {"name": "scalars", "scalars": 69504},
    {"name": "everything", "seed": 11, "texts": 10, "bytes": 300_000, "parts": once(letters + words + specials + emoji) + spaces + [[m, 3] for m in marks]},
    {"name": "marks", "seed": 12, "texts": 2, "bytes": 300_000, "parts": once(["a", "e", "\u304b", "\u1100\u1161", "\uac00", "\u11a8", "q"]) + [[m, 12] for m in marks]},
    {"name": "long marks", "seed": 13, "texts": 1, "bytes": 200_000, "parts": [[m, 800] for m in marks] + [["a", 1], [" ", 1]]},
    {"name": "spaces", "seed": 14, "texts": 2, "bytes": 300_000, "parts": spaces + once(["a", "1", ".", "\u4f60"]) + [[" ", 700], ["\n", 500]]},
    {"name": "emoji", "seed": 15, "texts": 1, "bytes": 300_000, "parts": once(emoji)},
    {"name": "controls", "seed": 16, "texts": 1, "bytes": 200_000, "parts": [[c, 3] for c in controls]},
    {"name": "special tokens", "seed": 17, "texts": 2, "bytes": 200_000, "parts": once(specials) + [[" ", 3], ["a", 2], ["\n", 2], ["<", 3], ["|", 2]]},
    {"name": "one line", "seed": 18, "texts": 1, "bytes": 1_000_000, "parts": once(["a", "b", "ab", "the", "ing", "\u4f60", "\u597d\u7684", "\u3042", "A", "\u00e9"])},
]


def texts_of(section):
    if "scalars" in section:
        all = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
        return ["".join(map(chr, all[i:i + section["scalars"]])) for i in range(0, len(all), section["scalars"])]
    made = []
    parts = [(text, len(text.encode()), repeats) for text, repeats in section["parts"]]
    for number in range(section["texts"]):
        state = section["seed"] + number

        def draw(n):
            nonlocal state
            state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
            return (state >> 32) % n

        text, size = [], 0
        while size < section["bytes"]:
            part, length, repeats = parts[draw(len(parts))]
            count = 1 + draw(repeats) if repeats > 1 else 1
            text.append(part * count)
            size += length * count
        made.append("".join(text))
    return made


def golden(name):
    return json.loads(subprocess.run(["zstd", "-dc", f"Fixtures/golden/{name}.json.zst"], capture_output=True, check=True).stdout)


KINDS = [{"name": n, "folder": n} for n in ["xverse-moe-tiny", "xverse-ent-tiny", "apus-xdan-tiny"]]
for file, list, names in [
    ("byte_level_golden", "variants", ["gpt-2", "llama-bpe", "smaug-bpe", "ignored merges", "qwen2", "starcoder", "deepseek-llm", "deepseek-coder", "deepseek-v3", "composing"]),
    ("tokenizer_bytes_golden", "variants", ["tekken", "gpt-4o", "qwen35", "minicpm5", "missing bytes", "missing bytes, unknown token", "missing bytes, unknown token, fused"]),
    ("sentencepiece_golden", "variants", ["metaspace first True", "no prefix", "unigram metaspace always True", "unigram prepend", "unigram bytes"]),
    ("sentencepiece_golden", "models", ["identity", "nmt_nfkc"]),
]:
    KINDS += [{"name": name + (", of SentencePiece" if list == "models" else ""), "file": file, "list": list, "variant": name} for name in names]


def reference(kind, directory):
    """Puts the files of a checkpoint into `directory`, and returns what encodes texts with them."""
    if "folder" in kind:
        json_text = open(f"Fixtures/models/{kind['folder']}/tokenizer.json", encoding="utf-8").read()
    else:
        variant = next(v for v in golden(kind["file"])[kind["list"]] if v["name"] == kind["variant"])
        if kind["list"] == "models":
            data = base64.b64decode(variant["model"])
            open(directory + "/tokenizer.model", "wb").write(data)
            processor = sentencepiece.SentencePieceProcessor(model_proto=data)
            return processor.encode
        json_text = variant["tokenizer"]
    open(directory + "/tokenizer.json", "w", encoding="utf-8").write(json_text)
    tokenizer = Tokenizer.from_str(json_text)
    return lambda text: tokenizer.encode(text, add_special_tokens=False).ids


def digest(ids):
    data = numpy.array(ids, dtype="<i4").tobytes()
    return [len(ids), zlib.crc32(data)]


texts = [(section["name"], text) for section in SECTIONS for text in texts_of(section)]
print(len(texts), "texts,", sum(len(t.encode()) for _, t in texts), "bytes")
digests = {}
differences = 0
for kind in KINDS:
    start = time.time()
    with tempfile.TemporaryDirectory() as d:
        encode = reference(kind, d)
        found = [encode(text) for _, text in texts]
        if len(sys.argv) > 1:
            # SentencePiece never reads the text of a control token as that token.
            parse_special = [] if kind.get("list") == "models" else ["--parse-special"]
            different = []
            for (section, text), ids in zip(texts, found):
                open(d + "/text.txt", "w", encoding="utf-8", newline="").write(text)
                run = subprocess.run([sys.argv[1], "tokenize", d, "--file", d + "/text.txt", "--json"] + parse_special, capture_output=True)
                own = json.loads(run.stdout)["ids"] if run.returncode == 0 else []
                if own != ids:
                    at = next((i for i, (a, b) in enumerate(zip(own, ids)) if a != b), min(len(own), len(ids)))
                    different.append((section, at, ids[max(0, at - 2):at + 6], own[max(0, at - 2):at + 6], run.stderr.decode()[:200]))
            differences += len(different)
            print(kind["name"], sum(map(len, found)), "ids,", len(different), "texts differ", different[:3], flush=True)
    digests[kind["name"]] = [digest(ids) for ids in found]
    print(kind["name"], sum(map(len, found)), "ids", round(time.time() - start, 1), "s", flush=True)
made = {"made_by": f"Tests/Generators/adversarial_text.py, tokenizers {tokenizers.__version__}, sentencepiece {sentencepiece.__version__}", "sections": SECTIONS,
        "texts": [zlib.crc32(text.encode()) for _, text in texts], "kinds": [kind | {"digests": digests[kind["name"]]} for kind in KINDS]}
subprocess.run(["zstd", "-19", "-q", "-f", "-o", "Fixtures/golden/adversarial_text.json.zst"], check=True, input=json.dumps(made, separators=(",", ":")).encode())
sys.exit(1 if differences else 0)
