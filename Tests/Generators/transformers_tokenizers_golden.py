"""Writes Fixtures/golden/transformers_tokenizers_golden.json.zst: what HuggingFace tokenizers makes of texts with each kind of tokenizer.json that transformers 5 saves.

Needs: transformers (made with 5.24.0), tokenizers (0.23.3), sentencepiece (0.2.3), protobuf, zstd.
Run from the repository's root: python3 Tests/Generators/transformers_tokenizers_golden.py
Seeds are fixed; the output is the same each time.

Contents, for each tokenizer: name, the files (tokenizer.json as transformers saved it, tokenizer_config.json), ids of texts with (ids) and without (ids_plain, where they differ) special tokens, texts of ids.
- sentencepiece models of various settings, as TokenizersBackend, LlamaTokenizer, GemmaTokenizer and T5Tokenizer save them;
- vocabularies of bytes, as GPT2Tokenizer, Qwen2Tokenizer, Qwen3_5Tokenizer and CohereTokenizer save them.
"""
import io, json, os, random, subprocess, tempfile

os.environ["TRANSFORMERS_VERBOSITY"] = "error"
import sentencepiece, tokenizers, transformers
from tokenizers import Tokenizer
from transformers import CohereTokenizer, GemmaTokenizer, GPT2Tokenizer, LlamaTokenizer, Qwen2Tokenizer, T5Tokenizer, XGLMTokenizer
from transformers.models.qwen3_5.tokenization_qwen3_5 import Qwen3_5Tokenizer
from transformers.tokenization_utils_tokenizers import TokenizersBackend

rng = random.Random(20260518)
corpus = []
for name in sorted(os.listdir("Fixtures/text/calib")):
    with open("Fixtures/text/calib/" + name, encoding="utf-8") as f:
        corpus += [line for line in f.read().splitlines() if line][:120 if "-en" in name else 3]

USER = ["xy", "[x y]", "<|im_start|>", "  ", "a.b", "in"]


def train(kind, **options):
    out = io.BytesIO()
    options = {"vocab_size": 700, "character_coverage": 0.98} | options
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(corpus), model_writer=out, model_type=kind, num_threads=1, minloglevel=2, normalization_rule_name="identity", hard_vocab_limit=False, **options)
    return out.getvalue()


atoms = [" ", "  ", "   ", "\u2581", "\n", "\t", "\u00a0", "0", "12", "a", "the", " the", "Hello", "in", " in ", "xy", "[x y]", "a.b", "\u00e9", "e\u0301", "\u4f60\u597d", "\u9f98", "\U0001f600", "<s>", "</s>", "<unk>",
         "<bos>", "<|im_start|>", "<|endoftext|>", "<extra_id_0>", "."]
texts = ["Hello world", " Hello world", "  Hello  ", "", " ", "   ", "<s>a", "a<s> a", "a</s>b", "a [x y] b", "[x y]", " [x y][x y]", "xy", "axyb", "the  in the", "\u2581a", " \u2581a", "a\n b\t c", "\n a",
         "<0x41>", "it's  I'M 2024"] + ["".join(rng.choice(atoms) for _ in range(rng.randint(1, 9))) for _ in range(45)]
items = []


def keep(name, directory):
    with open(directory + "/tokenizer.json", encoding="utf-8") as f:
        text = f.read()
    t = Tokenizer.from_str(text)
    cases = []
    for x in texts:
        t.encode_special_tokens = False
        ids = t.encode(x, add_special_tokens=False).ids
        t.encode_special_tokens = True
        plain = t.encode(x, add_special_tokens=False).ids
        t.encode_special_tokens = False
        cases.append({"text": x, "ids": ids} | ({"ids_plain": plain} if plain != ids else {}))
    count = t.get_vocab_size()
    lists = [[rng.randrange(count) for _ in range(rng.randint(1, 6))] for _ in range(20)]
    files = {"tokenizer.json": text}
    # The configuration of XGLMTokenizer names another BOS than the one that its texts begin with.
    if name != "XGLMTokenizer":
        with open(directory + "/tokenizer_config.json", encoding="utf-8") as f:
            files["tokenizer_config.json"] = json.dumps({k: v for k, v in json.load(f).items() if k != "vocab_file"})
    around = t.encode("Hello").ids
    items.append({"name": name, "files": files, "around": around, "cases": cases,
                  "decode": [{"ids": i, "text": t.decode(i, skip_special_tokens=False), "text_skipped": t.decode(i)} for i in lists]})


def save(name, cls, data, **configuration):
    with tempfile.TemporaryDirectory() as d, tempfile.TemporaryDirectory() as out:
        with open(d + "/tokenizer.model", "wb") as f:
            f.write(data)
        with open(d + "/tokenizer_config.json", "w") as f:
            json.dump({"tokenizer_class": cls.__name__} | configuration, f)
        cls.from_pretrained(d).save_pretrained(out)
        keep(name, out)


plain = dict(byte_fallback=True, remove_extra_whitespaces=False)
models = {
    "bpe": train("bpe", **plain),
    "bpe, extra spaces removed": train("bpe", byte_fallback=True, remove_extra_whitespaces=True),
    "bpe, user-defined pieces": train("bpe", user_defined_symbols=USER, **plain),
    "bpe, user-defined pieces, extra spaces removed": train("bpe", byte_fallback=True, user_defined_symbols=USER),
    "bpe, user-defined pieces, no prefix": train("bpe", add_dummy_prefix=False, user_defined_symbols=USER, **plain),
    "unigram": train("unigram", remove_extra_whitespaces=False),
    "unigram, extra spaces removed": train("unigram"),
    "unigram, extra spaces removed, no prefix": train("unigram", add_dummy_prefix=False),
    "unigram, user-defined pieces": train("unigram", user_defined_symbols=USER, remove_extra_whitespaces=False),
    "unigram, bytes": train("unigram", **plain),
}
for name, data in models.items():
    for legacy in [True, False]:
        save(f"TokenizersBackend, {name}, legacy {legacy}", TokenizersBackend, data, legacy=legacy)
for legacy in [True, False]:
    save(f"LlamaTokenizer, legacy {legacy}", LlamaTokenizer, models["bpe"], legacy=legacy)
    save(f"LlamaTokenizer, user-defined pieces, legacy {legacy}", LlamaTokenizer, models["bpe, user-defined pieces"], legacy=legacy)
gemma = train("bpe", pad_id=0, eos_id=1, bos_id=2, unk_id=3, pad_piece="<pad>", eos_piece="<eos>", bos_piece="<bos>", add_dummy_prefix=False, **plain)
save("GemmaTokenizer", GemmaTokenizer, gemma)
t5 = train("unigram", pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
save("T5Tokenizer", T5Tokenizer, t5, extra_ids=3)
save("XGLMTokenizer", XGLMTokenizer, train("unigram", bos_id=0, pad_id=1, eos_id=2, unk_id=3, pad_piece="<pad>"))

byte_level = tokenizers.ByteLevelBPETokenizer()
byte_level.train_from_iterator(corpus, vocab_size=420, show_progress=False)
of_bytes = json.loads(byte_level.to_str())["model"]


def save_bytes(name, cls, **options):
    vocab = dict(of_bytes["vocab"])
    for token in options.pop("tokens"):
        vocab[token] = len(vocab)
    t = cls(vocab=vocab, merges=[tuple(m) for m in of_bytes["merges"]], **options)
    with tempfile.TemporaryDirectory() as out:
        t.save_pretrained(out)
        keep(name, out)


save_bytes("GPT2Tokenizer", GPT2Tokenizer, tokens=["<|endoftext|>"])
save_bytes("GPT2Tokenizer, prefix", GPT2Tokenizer, tokens=["<|endoftext|>"], add_prefix_space=True)
save_bytes("GPT2Tokenizer, BOS", GPT2Tokenizer, tokens=["<|endoftext|>"], add_bos_token=True)
save_bytes("Qwen2Tokenizer", Qwen2Tokenizer, tokens=["<|endoftext|>"])
save_bytes("Qwen3_5Tokenizer", Qwen3_5Tokenizer, tokens=["<|endoftext|>"])
save_bytes("CohereTokenizer", CohereTokenizer, tokens=["<PAD>", "<UNK>", "<CLS>", "<SEP>", "<MASK_TOKEN>", "<BOS_TOKEN>", "<|END_OF_TURN_TOKEN|>"])
golden = {"made_by": f"Tests/Generators/transformers_tokenizers_golden.py, transformers {transformers.__version__}, tokenizers {tokenizers.__version__}, sentencepiece {sentencepiece.__version__}", "items": items}
subprocess.run(["zstd", "-19", "--long=27", "-q", "-f", "-o", "Fixtures/golden/transformers_tokenizers_golden.json.zst"], check=True, input=json.dumps(golden, ensure_ascii=False, separators=(",", ":")).encode())
