"""Writes Sources/Tokenization/Unicode/NumericScalarTables.swift: the characters that HuggingFace's Digits isolates.

Needs: tokenizers (made with 0.23.3). Run from the repository's root.
"""
import tokenizers
from tokenizers import pre_tokenizers

digits = pre_tokenizers.Digits(individual_digits=True)
ranges = []
for scalar in range(0x110000):
    if 0xD800 <= scalar < 0xE000 or len(digits.pre_tokenize_str("a" + chr(scalar) + "a")) != 3:
        continue
    if ranges and ranges[-1][1] == scalar - 1:
        ranges[-1][1] = scalar
    else:
        ranges.append([scalar, scalar])

lines, line = [], "       "
for first, last in ranges:
    item = f" 0x{first:x}...0x{last:x},"
    if len(line) + len(item) > 118:
        lines.append(line)
        line = "       "
    line += item
lines.append(line)
with open("Sources/Tokenization/Unicode/NumericScalarTables.swift", "w") as out:
    out.write(f"""/// The numeric characters (Unicode categories Nd, Nl and No) as HuggingFace tokenizers {tokenizers.__version__} knows them.
///
/// A table, because the standard library's Unicode version may be another than the one tokenizers are made with.
/// Written by `Tests/Generators/numeric_scalars.py`.
enum NumericScalars {{
    static func contains(_ scalar: UInt32) -> Bool {{
        var (low, high) = (0, ranges.count)
        while low < high {{
            let middle = (low + high) / 2
            if scalar > ranges[middle].upperBound {{ low = middle + 1 }} else {{ high = middle }}
        }}
        return low < ranges.count && ranges[low].contains(scalar)
    }}

    private static let ranges: [ClosedRange<UInt32>] = [
""" + "\n".join(lines) + """
    ]
}
""")
