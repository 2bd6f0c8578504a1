#!/usr/bin/env bash
# Builds the examples, as a package that uses Swage's products, and holds what they print against Expected/.
#   check.sh [OPTIONS OF SWIFT BUILD…]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

build=(swift build --scratch-path ../.build-examples "$@")
"${build[@]}"
binaries=$("${build[@]}" --show-bin-path)
fixtures=../Fixtures

check() {
    local name=$1
    shift
    diff -u "Expected/$name.txt" <("$binaries/$name" "$@") || { echo "$name: not what is expected" && exit 1; }
}

check ReadMetadata $fixtures/golden/gguf/values-v3.gguf
check DequantizeTensor $fixtures/golden/gguf/values-v3.gguf blocks.weight 3
check ReadNumbers $fixtures/golden/safetensors/types.safetensors half
check TokenizeText $fixtures/models/apus-xdan-tiny "A house of four floors, 雪 in the yard."
check ScoreText $fixtures/models/apus-xdan-tiny $fixtures/text/eval/fiction-en.txt

# Readers of files need no library that computes, packs or signs; what needs one shows that it is looked for.
libraries() {
    if command -v ldd >/dev/null; then ldd "$binaries/$1"; else otool -L "$binaries/$1"; fi
}

for name in ReadMetadata ReadNumbers DequantizeTensor TokenizeText; do
    linked=$(libraries $name)
    if grep -E 'blas|zstd|crypto' <<<"$linked"; then
        echo "$name: links what it does not need"
        exit 1
    fi
done
for library in blas zstd crypto; do
    grep -q $library <<<"$(libraries ScoreText)" || { echo "ScoreText: no $library among its libraries" && exit 1; }
done

# The code in the products' pages is that of the examples.
same() {
    local page=../Sources/$1.md example=Sources/$2/main.swift
    if awk '/^```/ { inside = !inside; next } inside' "$page" | grep -Fxvf "$example"; then
        echo "$page: the lines above are not in Examples/$example"
        exit 1
    fi
}

same GGUF/GGUF.docc/GGUF ReadMetadata
same SafetensorsIO/SafetensorsIO.docc/SafetensorsIO ReadNumbers
same BlockFormats/BlockFormats.docc/BlockFormats DequantizeTensor
same Tokenizers/Tokenizers.docc/Tokenizers TokenizeText
same Swage/Swage.docc/Swage ScoreText
same ../Docs/Handbook.docc/SwageAsALibrary ScoreText

# What the products show is of the modules that they export.
../Tests/Lint/api.sh "$binaries"
