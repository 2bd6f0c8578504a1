"""Writes Sources/Tokenization/Unicode/CanonicalCompositionTables.swift and CombiningClassTables.swift: normalization form C as HuggingFace's NFC has it.

Needs: tokenizers (made with 0.23.3). Run from the repository's root.
"""
import random, unicodedata
import tokenizers
from tokenizers import normalizers

nfd, nfc = normalizers.NFD().normalize_str, normalizers.NFC().normalize_str
scalars = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
hangul = range(0xAC00, 0xD7A4)
decompositions = []
for c in scalars:
    d = nfd(chr(c))
    if d == chr(c) or c in hangul:
        continue
    composes = nfc(chr(c)) == chr(c)
    assert not composes or len(nfc(d[:-1])) == 1
    decompositions.append([c, len(d) + (0x10 if composes else 0)] + [ord(x) for x in d])

# Combining classes by their order: a mark sorts before U+0301 (230), after U+0345 (240), or keeps its place; the classes of Python, where this agrees.
classes = []
for c in scalars:
    k = unicodedata.combining(chr(c))
    if nfd(chr(c)) != chr(c):
        continue
    if k == 0:
        assert nfd("a\u0345" + chr(c))[1] == "\u0345", hex(c)
        continue
    if nfd("a\u0345" + chr(c))[1] != "\u0345" or k == 240:
        if classes and classes[-1][1] == c - 1 and classes[-1][2] == k:
            classes[-1][1] = c
        else:
            classes.append([c, c, k])


def literal(rows):
    lines, line = [], "       "
    for row in rows:
        item = "".join(f" 0x{x:x}," for x in row)
        if len(line) + len(item) > 118:
            lines.append(line)
            line = "       "
        line += item
    return "\n".join(lines + [line])


with open("Sources/Tokenization/Unicode/CanonicalCompositionTables.swift", "w") as out:
    out.write(f"""/// Normalization form C as HuggingFace tokenizers {tokenizers.__version__} knows it.
///
/// Tables, because the standard library's Unicode version may be another. Hangul is left out: it is composed by
/// calculation. Written by `Tests/Generators/canonical_composition.py`.
enum CanonicalCompositionTables {{
    /// A character, the length of its full decomposition (16 more if that composes to it again), and that; over and
    /// over.
    static let decompositions: [UInt32] = [
{literal(decompositions)}
    ]
}}
""")

with open("Sources/Tokenization/Unicode/CombiningClassTables.swift", "w") as out:
    out.write(f"""/// Canonical combining classes as HuggingFace tokenizers {tokenizers.__version__} knows them.
///
/// Written by `Tests/Generators/canonical_composition.py`.
enum CombiningClassTables {{
    /// The first and the last character of a range, and their combining class; over and over.
    static let ranges: [UInt32] = [
{literal(classes)}
    ]
}}
""")
