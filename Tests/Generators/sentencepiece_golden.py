"""Writes Fixtures/golden/sentencepiece_golden.json.zst: what HuggingFace tokenizers, sentencepiece and stock llama.cpp make of texts with SentencePiece vocabularies.

Needs: tokenizers (made with 0.23.3), sentencepiece (0.2.3), transformers and torch (for the converter), gguf, zstd, and the folder of a llama.cpp (made with the one vendored by llama-cpp-python 0.3.36)
with build/bin/llama-tokenize. Run from the repository's root: python3 Tests/Generators/sentencepiece_golden.py PATH-OF-LLAMA.CPP
Seeds are fixed; the output is the same each time.

Contents:
- evaluation, fuzz, decode: as in byte_level_golden.json, by apus-xdan-tiny's tokenizer.json.
- converter: pieces (hexadecimal), scores and kinds as llama.cpp's converter reads them from apus-xdan-tiny.
- variants: apus-xdan-tiny's tokenizer.json with other ways to mark spaces and other added tokens; Unigram models of the same kinds.
- models: unigram models of sentencepiece (base64) with the ids of sentencepiece (ids) and of llama-tokenize (llama, llama_plain).
- llama: ids by llama-tokenize with apus-xdan-tiny's pieces.
"""
import base64, copy, io, json, os, random, struct, subprocess, sys, tempfile
import gguf, sentencepiece, tokenizers
from tokenizers import Tokenizer

LLAMA = sys.argv[1]
DIRECTORY = "Fixtures/models/apus-xdan-tiny"
rng = random.Random(20260104)
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
        command = [LLAMA + "/build/bin/llama-tokenize", "-m", path, "-f", f.name, "--ids", "--no-bos", "--no-escape", "--log-disable"]
        out = subprocess.run(command + ([] if parse_special else ["--no-parse-special"]), capture_output=True, check=True).stdout
    return json.loads(out.decode().strip().splitlines()[-1])


evaluation = []
for name in sorted(os.listdir("Fixtures/text/eval")):
    with open("Fixtures/text/eval/" + name, encoding="utf-8", newline="") as f:
        ids = tok.encode(f.read(), add_special_tokens=False).ids
    evaluation.append({"name": name, "count": len(ids), "first": ids[:64], "fnv1a": fnv(ids)})

vocab = [t for t, _ in sorted(tok.get_vocab().items(), key=lambda kv: kv[1])]
atoms = [" ", "  ", "   ", "\u2581", "\u2581\u2581", "\n", "\r\n", "\t", "\u00a0", "\u3000", "0", "12", "a", "the", " the", "Hello", "\u00e9", "e\u0301", "\u00c5", "\u212b", "\u4f60\u597d", "\u9f98", "\U0001f600",
         "\U0001f468\u200d\U0001f469", "\u0000", "\ufeff", "\ufffd", "\uff21\uff22", "\u2460", "\ufb01", "<0x41>", "<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>", "[x y]", "\u0e01\u0e34", "\ud55c", "."]


def text(limit):
    return "".join(rng.choice(atoms) if rng.random() < 0.6 else vocab[rng.randrange(259, len(vocab))].replace("\u2581", " ") if rng.random() < 0.9
                   else chr(rng.choice([rng.randrange(0x20, 0x3000), rng.randrange(0x4E00, 0x9FFF), rng.randrange(0xE000, 0x20000)])) for _ in range(rng.randint(1, limit)))


fuzz = [encode(tok, text(20)) for _ in range(250)]
fuzz.append(encode(tok, "a" * 3000 + "\u7684" * 500 + " " * 300 + "1" * 500 + "the" * 700))
decode = []
for _ in range(200):
    ids = [rng.randrange(len(vocab)) if rng.random() < 0.5 else rng.randrange(260) for _ in range(rng.randint(1, 12))]
    decode.append({"ids": ids, "text": tok.decode(ids, skip_special_tokens=False), "text_skipped": tok.decode(ids, skip_special_tokens=True)})

with tempfile.TemporaryDirectory() as d:
    for name in os.listdir(DIRECTORY):
        os.symlink(os.path.abspath(DIRECTORY) + "/" + name, d + "/" + name)
    with open(d + "/config.json", "w") as f:
        json.dump({"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 1, "num_attention_heads": 2,
                   "vocab_size": len(vocab) + 4, "max_position_embeddings": 64, "rms_norm_eps": 1e-5}, f)
    path = d + "/v.gguf"
    subprocess.run([sys.executable, LLAMA + "/convert_hf_to_gguf.py", d, "--vocab-only", "--outfile", path], check=True, capture_output=True)
    fields = gguf.GGUFReader(path).fields
    converter = {"pieces": [bytes(fields["tokenizer.ggml.tokens"].parts[i]).hex() for i in fields["tokenizer.ggml.tokens"].data],
                 "scores": [float(x) for x in fields["tokenizer.ggml.scores"].contents()], "kinds": [int(x) for x in fields["tokenizer.ggml.token_type"].contents()]}
    of_llama = []
    for t in [text(16) for _ in range(60)]:
        data = t.encode()
        if rng.random() < 0.2:
            place = rng.randrange(len(data) + 1)
            data = data[:place] + bytes([rng.choice([0x80, 0xC3, 0xE4, 0xF0, 0xFF])]) + data[place:]
        of_llama.append({"text": data.hex(), "llama": llama(path, data, True), "llama_plain": llama(path, data, False)})

PREPEND = {"type": "Prepend", "prepend": "\u2581"}
REPLACE = {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}


def metaspace(scheme, split):
    return {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": scheme, "split": split}


def added(id, content, special=True, **flags):
    return {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": special} | flags


base = json.load(open(DIRECTORY + "/tokenizer.json", encoding="utf-8"))
n = len(vocab)
variants = []
shared = [text(14) for _ in range(90)]


def variant(name, base, change, texts=shared):
    t = copy.deepcopy(base)
    change(t)
    t = json.dumps(t, ensure_ascii=False)
    v = Tokenizer.from_str(t)
    ids = [[rng.randrange(len(v.get_vocab())) for _ in range(5)] for _ in range(20)]
    variants.append({"name": name, "tokenizer": t, "cases": [encode(v, x) for x in texts],
                     "decode": [{"ids": i, "text": v.decode(i, skip_special_tokens=False), "text_skipped": v.decode(i)} for i in ids]})


def spaces(normalizer=None, pre=None):
    def change(t):
        t["normalizer"], t["pre_tokenizer"] = normalizer, pre
    return change


chat = [added(n, "<|im_start|>", False), added(n + 1, "<|im_end|>"), added(n + 2, "[x y]", False, normalized=True)]
for scheme in ["first", "always", "never"]:
    for split in [False, True]:
        variant(f"metaspace {scheme} {split}", base, lambda t: (spaces(None, metaspace(scheme, split))(t), t.update(added_tokens=t["added_tokens"] + chat)))
variant("old metaspace", base, spaces(None, {"type": "Metaspace", "replacement": "\u2581", "add_prefix_space": True}))
variant("no prefix", base, lambda t: (spaces(REPLACE)(t), t["decoder"]["decoders"].pop()))
variant("chat", base, lambda t: t.update(added_tokens=t["added_tokens"] + chat[:2]))
variant("normalized", base, lambda t: t.update(added_tokens=t["added_tokens"] + [chat[0] | {"normalized": True}, chat[1] | {"normalized": True, "rstrip": True}, chat[2] | {"lstrip": True}]))
variant("surroundings", base, lambda t: t.update(added_tokens=[a | {"lstrip": True, "rstrip": a["id"] == 2} for a in t["added_tokens"]] + chat))

models = []
corpus = []
for name in sorted(os.listdir("Fixtures/text/calib")):
    with open("Fixtures/text/calib/" + name, encoding="utf-8") as f:
        corpus += [line for line in f.read().splitlines() if line][:300 if "-en" in name else 4]


def train(**options):
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(corpus), model_writer=out, model_type="unigram", vocab_size=900, character_coverage=0.98, num_threads=1,
                                             minloglevel=2, **options)
    return out.getvalue()


def unigram(data):
    return sentencepiece.SentencePieceProcessor(model_proto=data)


CHARSMAPS = {}


def charsmap(data):
    # normalizer_spec is field 3 of the model, precompiled_charsmap field 2 of that.
    def fields(b):
        i = 0
        def varint():
            nonlocal i
            v = s = 0
            while True:
                v |= (b[i] & 127) << s
                s += 7
                i += 1
                if b[i - 1] < 128:
                    return v
        while i < len(b):
            tag = varint()
            if tag & 7 == 2:
                size = varint()
                yield tag >> 3, b[i:i + size]
                i += size
            elif tag & 7 == 5:
                i += 4
            else:
                varint()
    return next((v for k, v in fields(next(v for k, v in fields(data) if k == 3)) if k == 2), b"")


def model(name, **options):
    data = train(**options)
    p = unigram(data)
    size = p.vocab_size()
    kinds = [2 if p.is_unknown(i) else 3 if p.is_control(i) else 5 if p.is_unused(i) else 4 if p.id_to_piece(i) in options.get("user_defined_symbols", []) else 1 for i in range(size)]
    cases = []
    with tempfile.TemporaryDirectory() as d:
        path = d + "/v.gguf"
        w = gguf.GGUFWriter(path, "llama")
        w.add_tokenizer_model("t5")
        w.add_tokenizer_pre("default")
        w.add_token_list([p.id_to_piece(i).encode() for i in range(size)])
        w.add_token_scores([p.get_score(i) for i in range(size)])
        w.add_token_types(kinds)
        w.add_add_space_prefix(options.get("add_dummy_prefix", True))
        w.add_remove_extra_whitespaces(options.get("remove_extra_whitespaces", True))
        if charsmap(data):
            w.add_precompiled_charsmap(charsmap(data))
        w.add_unk_token_id(p.unk_id())
        w.write_header_to_file(); w.write_kv_data_to_file(); w.write_tensors_to_file(); w.close()
        for t in [text(14) for _ in range(60)] + ["", " ", "   ", "the\u9f98\u9f98 a", "  the  of  "] + [corpus[i] for i in range(0, len(corpus), 97)]:
            item = {"text": t.encode().hex(), "llama": llama(path, t.encode(), True), "llama_plain": llama(path, t.encode(), False)}
            if "\0" not in t:
                item["ids"] = p.encode(t)
            cases.append(item)
        for _ in range(10):
            b = bytes(rng.choice([0x61, 0x20, 0x80, 0xC3, 0xE4, 0xED, 0xA0, 0xFF]) for _ in range(rng.randint(1, 12)))
            cases.append({"text": b.hex(), "llama": llama(path, b, True), "llama_plain": llama(path, b, False)})
    models.append({"name": name, "model": base64.b64encode(data).decode(), "cases": cases})
    return p


identity = model("identity", normalization_rule_name="identity", remove_extra_whitespaces=False, add_dummy_prefix=False)
model("identity, prefix", normalization_rule_name="identity", remove_extra_whitespaces=False, user_defined_symbols=["<|im_start|>", "[x y]"])
model("nmt_nfkc", split_by_whitespace=False)

vocabulary = [[identity.id_to_piece(i), identity.get_score(i)] for i in range(identity.vocab_size())]
plain = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [added(0, "<unk>"), added(1, "<s>"), added(2, "</s>")], "normalizer": None, "pre_tokenizer": None,
         "post_processor": None, "decoder": base["decoder"], "model": {"type": "Unigram", "unk_id": 0, "vocab": vocabulary, "byte_fallback": False}}
old = copy.deepcopy(plain) | {"decoder": metaspace("always", True)}
falling = copy.deepcopy(plain)
falling["model"]["vocab"] += [[f"<0x{b:02X}>", 0.0] for b in range(256)]
falling["model"]["byte_fallback"] = True
for scheme in ["first", "always", "never"]:
    for split in [False, True]:
        variant(f"unigram metaspace {scheme} {split}", old, spaces(None, metaspace(scheme, split)))
m = len(vocabulary)
variant("unigram prepend", plain, spaces({"type": "Sequence", "normalizers": [PREPEND, REPLACE]}))
variant("unigram bytes", falling, spaces(REPLACE))
variant("unigram added", plain, lambda t: (spaces(None, metaspace("first", True))(t), t.update(added_tokens=t["added_tokens"] + [added(m, "<|im_start|>", False), added(m + 1, "<|im_end|>"), added(m + 2, "[x y]", False, normalized=True)])))

golden = {"made_by": f"Tests/Generators/sentencepiece_golden.py, tokenizers {tokenizers.__version__}, sentencepiece {sentencepiece.__version__}, llama.cpp", "evaluation": evaluation, "fuzz": fuzz,
          "decode": decode, "converter": converter, "llama": of_llama, "variants": variants, "models": models}
subprocess.run(["zstd", "-19", "--long=27", "-q", "-f", "-o", "Fixtures/golden/sentencepiece_golden.json.zst"], check=True,
               input=json.dumps(golden, ensure_ascii=False, separators=(",", ":")).encode())
