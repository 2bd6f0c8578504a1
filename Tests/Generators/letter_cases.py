"""Writes Sources/Tokenization/Unicode/LetterCaseTables.swift: the letters with a case, as splitting patterns tell them apart.

Needs: tokenizers (made with 0.23.3).
Run from the repository's root: python3 Tests/Generators/letter_cases.py
"""
import tokenizers
from tokenizers import Regex, pre_tokenizers

scalars = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
text = "".join(map(chr, scalars))


def matching(pattern):
    found = set(scalars)
    for _, (start, end) in pre_tokenizers.Split(Regex(pattern), "removed").pre_tokenize_str(text):
        found.difference_update(scalars[start:end])
    return sorted(found)


def literal(members):
    # Letters of many alphabets come in pairs, so ranges have a step of 1 or 2.
    ranges, i = [], 0
    while i < len(members):
        best = (members[i], members[i], 1, 1)
        for step in (1, 2):
            j = i
            while j + 1 < len(members) and members[j + 1] == members[j] + step:
                j += 1
            if j - i + 1 > best[3]:
                best = (members[i], members[j], step, j - i + 1)
        ranges.append(best[:3])
        i += best[3]
    lines, line = [], "       "
    for first, last, step in ranges:
        item = f" 0x{first:x}, 0x{last:x}, {step},"
        if len(line) + len(item) > 118:
            lines.append(line)
            line = "       "
        line += item
    return "\n".join(lines + [line])


tables = [("upper", r"[\p{Lu}\p{Lt}]", "`\\p{Lu}` and `\\p{Lt}`."), ("lower", r"\p{Ll}", "`\\p{Ll}`.")]
with open("Sources/Tokenization/Unicode/LetterCaseTables.swift", "w") as out:
    out.write(f"""/// The letters that have a case, as HuggingFace tokenizers {tokenizers.__version__} knows them.
///
/// Each is a list of ranges: first, last, step, first, last, step, …. Written by `Tests/Generators/letter_cases.py`.
enum LetterCaseTables {{
""" + "\n".join(f"    /// {comment}\n    static let {name}: [UInt32] = [\n{literal(matching(pattern))}\n    ]\n" for name, pattern, comment in tables) + """}
""")
