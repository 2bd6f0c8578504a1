"""Writes Fixtures/golden/llama_scores_golden.json.zst: what stock llama.cpp's llama-tokenize makes of texts with made-up `llama` vocabularies.

Needs: gguf (PyPI), zstd, and the path of a llama-tokenize (made with llama.cpp as vendored by llama-cpp-python 0.3.36).
Run from the repository's root: python3 Tests/Generators/llama_scores_golden.py PATH-OF-LLAMA-TOKENIZE
Bytes are written as hexadecimal, since pieces and texts need not be UTF-8.
"""
import json, os, random, subprocess, sys, tempfile
import gguf

LLAMA_TOKENIZE = sys.argv[1]
rng = random.Random(20260102)
NORMAL, UNKNOWN, CONTROL, USER, UNUSED, BYTE = 1, 2, 3, 4, 5, 6


def run(path, text, parse_special):
    with tempfile.NamedTemporaryFile() as f:
        f.write(text)
        f.flush()
        command = [LLAMA_TOKENIZE, "-m", path, "-f", f.name, "--ids", "--no-bos", "--no-escape", "--log-disable"]
        out = subprocess.run(command + ([] if parse_special else ["--no-parse-special"]), capture_output=True, check=True).stdout
    return json.loads(out.decode().strip().splitlines()[-1])


def vocabulary(kind):
    tokens = [("<unk>", UNKNOWN, 0.0), ("<s>", CONTROL, 0.0), ("</s>", CONTROL, 0.0)]
    tokens += [(f"<0x{b:02X}>", BYTE, 0.0) for b in range(256)]
    letters = "abcd\u2581\n1\u7684x" if kind != "missing characters" else "ab\u2581"
    tokens += [(c, NORMAL, -100.0) for c in letters]
    alphabet = "abcd\u2581\n1\u7684x\u00e9"
    scores = [-1.0, -2.0, -3.5] if kind == "ties" else [-rng.random() * 10 for _ in range(50)]
    seen = {t for t, _, _ in tokens}
    for _ in range(120):
        piece = "".join(rng.choice(alphabet[:5] if rng.random() < 0.6 else alphabet) for _ in range(rng.choice([2, 2, 2, 3, 3, 4, 5])))
        if piece not in seen:
            seen.add(piece)
            tokens.append((piece, UNUSED if rng.random() < 0.05 else NORMAL, rng.choice(scores)))
    for piece, k in [("ab cd", NORMAL), ("<|im_end|>", NORMAL), ("<|start|>", NORMAL), ("ab|cd", USER), ("b|c", USER), ("d|ab|cd|x", CONTROL), ("<s>a", USER), ("a\u2581", USER),
                     ("cd|x", CONTROL), ("[PAD9]", UNUSED)]:
        if piece not in seen:
            tokens.append((piece, k, -1.0))
    return tokens


def text():
    parts = ["a", "b", "c", "d", " ", "  ", "\u2581", "\n", "1", "\u7684", "x", "\u00e9", "\u4f60", "\U0001f600", "<s>", "</s>", "<unk>", "ab|cd", "b|c", "d|ab|cd|x", "<|im_end|>", "<|start|>", "aaaa", "ab cd",
             "<0x41>", "[PAD9]"]
    data = [rng.choice(parts[:11] if rng.random() < 0.7 else parts).encode() for _ in range(rng.randint(1, 30))]
    if rng.random() < 0.2:
        for _ in range(rng.randint(1, 4)):
            data.insert(rng.randrange(len(data) + 1), bytes([rng.choice([0x80, 0xBF, 0xC0, 0xC3, 0xE4, 0xED, 0xF0, 0xF5, 0xFF])]))
    return b"".join(data)


vocabularies = []
for kind, prefix in [("random", False), ("ties", False), ("missing characters", False), ("random", True), ("ties", True)]:
    tokens = vocabulary(kind)
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "v.gguf")
        w = gguf.GGUFWriter(path, "llama")
        w.add_tokenizer_model("llama")
        w.add_tokenizer_pre("default")
        w.add_token_list([t.encode() for t, _, _ in tokens])
        w.add_token_scores([s for _, _, s in tokens])
        w.add_token_types([k for _, k, _ in tokens])
        w.add_add_space_prefix(prefix)
        w.write_header_to_file(); w.write_kv_data_to_file(); w.write_tensors_to_file(); w.close()
        cases = []
        for _ in range(70):
            t = text()
            cases.append({"text": t.hex(), "ids": run(path, t, True), "ids_plain": run(path, t, False)})
    vocabularies.append({"pieces": [t for t, _, _ in tokens], "kinds": [k for _, k, _ in tokens],
                         "scores": [s for _, _, s in tokens], "space_prefix": prefix, "cases": cases})

golden = {"made_by": "Tests/Generators/llama_scores_golden.py, llama-tokenize of llama.cpp", "vocabularies": vocabularies}
subprocess.run(["zstd", "-19", "-q", "-f", "-o", "Fixtures/golden/llama_scores_golden.json.zst"], check=True,
               input=json.dumps(golden, ensure_ascii=False, separators=(",", ":")).encode())
