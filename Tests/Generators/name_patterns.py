#!/usr/bin/env python3
"""Writes Fixtures/golden/name_patterns.json: which tensor names regular expressions find, by the C++ library.

    python3 Tests/Generators/name_patterns.py

llama-quantize makes the letters of a --tensor-type pattern small and calls std::regex_search (ECMAScript); so does this, with the C++
compiler at hand (written with libstdc++ 12). Patterns that the library refuses are left out.
"""
import json
import pathlib
import random
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = r"""
#include <algorithm>
#include <iostream>
#include <regex>
#include <string>
int main() {
    for (std::string pattern, name; std::getline(std::cin, pattern) && std::getline(std::cin, name);) {
        std::transform(pattern.begin(), pattern.end(), pattern.begin(), ::tolower);
        try { std::cout << std::regex_search(name, std::regex(pattern)) << "\n"; }
        catch (std::regex_error &) { std::cout << "refused\n"; }
    }
}
"""
NAMES = ["token_embd.weight", "output.weight", "output_norm.weight", "blk.0.attn_v.weight", "blk.7.attn_output.weight",
         "blk.12.ffn_down_exps.weight", "blk.27.ffn_gate_shexp.weight", "blk.3.ffn_up.weight", "a-b]c}d", "aab", ""]
PATTERNS = ["attn_v", "ATTN_V", r"blk\.(0|1)\.", r"blk\.(?:[0-9]|1[0-3])\.ffn_(?:up|down)", "^output", "weight$", r"^output\.weight$",
            "(?=output)", "blk(?!.*exps)", r"\bffn_up\b", r"[[:digit:]]{2}", r"[^[:alpha:]_.]{1,}", r"\d+\.ffn_(gate|up)_.*exp", "", "a|",
            "()", "]", "}", "[]a]", "[^]", "[a-]", "[-a]", r"[\]}]", r"a{2}b", r"a{3}", "a{2,}", "a{0,1}b$", "(a+)+b", "(a*)*c", "a**b",
            "a+?b", r"\_v", r"attn\-v", "x{2}{3}", "(?:(?:a|b)(?=b))b", "^$", "^a|d$", r"[\d.]{3}", "(?!)", "(?=)", r"\w+\s", ".{17}"]
ALPHABET = ["a", "b", "_", r"\.", ".", "0", "[ab]", "[^a]", r"\d", r"\w", "ffn", "attn", "blk", "weight", "(", "(?:", "(?=", "(?!", ")", ")", "|",
            "*", "+", "?", "{2}", "{0,2}", "{1,}", "^", "$", r"\b", "[0-9]", "down", "W"]


def main():
    generator = random.Random(1)
    patterns = PATTERNS + ["".join(generator.choices(ALPHABET, k=generator.randint(2, 9))) for _ in range(4000)]
    cases = [(pattern, name) for pattern in dict.fromkeys(patterns) for name in NAMES]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "search.cpp").write_text(PROGRAM)
        subprocess.run(["c++", "-O1", "-o", folder / "search", folder / "search.cpp"], check=True)
        text = "".join(f"{pattern}\n{name}\n" for pattern, name in cases)
        lines = subprocess.run([folder / "search"], input=text, check=True, capture_output=True, text=True).stdout.splitlines()
    found = {}
    for (pattern, name), line in zip(cases, lines, strict=True):
        if line != "refused":
            found.setdefault(pattern, []).append(int(line))
    # Most random patterns find everything or nothing: those that tell names apart say more.
    telling = [pattern for pattern, hits in found.items() if 0 < sum(hits) < len(hits)]
    kept = dict.fromkeys([pattern for pattern in PATTERNS if pattern in found] + telling[:400])
    result = {"source": "std::regex of libstdc++, patterns in small letters", "names": NAMES,
              "patterns": {pattern: "".join(map(str, found[pattern])) for pattern in kept}}
    (ROOT / "Fixtures/golden/name_patterns.json").write_text(json.dumps(result, indent=1) + "\n")


main()
