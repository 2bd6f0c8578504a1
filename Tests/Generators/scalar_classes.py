"""Writes Sources/Tokenization/Unicode/ScalarClassTables.swift: the character classes that splitting patterns are made of.

Needs: tokenizers (made with 0.23.3), and the path of a libllama.so (made with llama.cpp as vendored by llama-cpp-python 0.3.36).
Run from the repository's root: python3 Tests/Generators/scalar_classes.py PATH-OF-LIBLLAMA
"""
import ctypes, sys
import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, models, pre_tokenizers

scalars = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
text = "".join(map(chr, scalars))


def matching(pattern):
    found = set(scalars)
    for _, (start, end) in pre_tokenizers.Split(Regex(pattern), "removed").pre_tokenize_str(text):
        found.difference_update(scalars[start:end])
    return found


classes = {name: matching(pattern) for name, pattern in
           [("letters", r"\p{L}"), ("numbers", r"\p{N}"), ("marks", r"\p{M}"), ("punctuation", r"\p{P}"), ("symbols", r"\p{S}"), ("spaces", r"\s")]}
digits = pre_tokenizers.Digits(individual_digits=True)
assert all(len(digits.pre_tokenize_str("a" + chr(c) + "a")) == 3 for c in classes["numbers"])

# A token with single_word is found beside everything but word characters.
beside = Tokenizer(models.WordLevel({"[T]": 0, "?": 1}, unk_token="?"))
beside.add_tokens([AddedToken("[T]", single_word=True, normalized=False)])
classes["words"] = {c for c in scalars if 0 not in beside.encode(chr(c) + "[T]").ids}

flags = ctypes.CDLL(sys.argv[1])._Z26unicode_cpt_flags_from_cptj
flags.restype, flags.argtypes = ctypes.c_uint16, [ctypes.c_uint32]
known = {"numbers": 0x2, "letters": 0x4, "marks": 0x10, "punctuation": 0x20, "symbols": 0x40, "spaces": 0x100}
newer = set()
for name, bit in known.items():
    of_llama = {c for c in scalars if flags(c) & bit}
    assert of_llama <= classes[name]
    newer |= classes[name] - of_llama
assert all(flags(c) & 0x7E == 0 for c in newer)
classes["newerThanLlama"] = newer


def literal(members):
    ranges = []
    for c in sorted(members):
        if ranges and ranges[-1][1] == c - 1:
            ranges[-1][1] = c
        else:
            ranges.append([c, c])
    lines, line = [], "       "
    for first, last in ranges:
        item = f" 0x{first:x}, 0x{last:x},"
        if len(line) + len(item) > 118:
            lines.append(line)
            line = "       "
        line += item
    return "\n".join(lines + [line])


comments = {
    "letters": "`\\p{L}`.", "numbers": "`\\p{N}`.", "marks": "`\\p{M}`.", "punctuation": "`\\p{P}`.", "symbols": "`\\p{S}`.", "spaces": "`\\s`.",
    "words": "`\\w`, beside which an added token that is a single word is not found.",
    "newerThanLlama": "Characters that are not assigned yet in the tables of stock llama.cpp (as of October 2026).",
}
with open("Sources/Tokenization/Unicode/ScalarClassTables.swift", "w") as out:
    out.write(f"""/// The classes of characters in splitting patterns as HuggingFace tokenizers {tokenizers.__version__} knows them.
///
/// Tables, because the standard library's Unicode version may be another than the one tokenizers are made with. Each
/// is a list of ranges: first, last, first, last, …. Written by `Tests/Generators/scalar_classes.py`.
enum ScalarClassTables {{
""" + "\n".join(f"    /// {comments[name]}\n    static let {name}: [UInt32] = [\n{literal(classes[name])}\n    ]\n" for name in classes).rstrip("\n") + """
}
""")
