#!/bin/sh
# Draws the bundled model down to 4, 2 and 1.5 bits and measures what each cost on texts that it was not fitted to.
#   demo.sh BINARY OUTPUT_FOLDER
set -eu

swage=$1
out=$2
fixtures=$(dirname "$0")
texts="fiction-en fiction-zh conversation-en conversation-zh web-en web-zh"
types="Q4_K_M IQ2_XXS IQ1_S"

echo "A small XVERSE-MoE model becomes a GGUF file and three quantized ones, measured on six texts: 1 to 3 minutes."
echo
mkdir -p "$out"
"$swage" convert "$fixtures/models/xverse-moe-tiny" --overwrite -o "$out/original.gguf"
"$swage" imatrix "$out/original.gguf" --text "$fixtures"/text/calib/*.txt --overwrite -o "$out/imatrix.gguf"

set -- --model "original=$fixtures/models/xverse-moe-tiny"
for type in $types; do
    "$swage" quantize "$out/original.gguf" --overwrite -o "$out/$type.gguf" --type "$type" --imatrix "$out/imatrix.gguf"
    set -- "$@" --model "$type=$out/$type.gguf"
done
for text in $texts; do
    set -- "$@" --text "$text=$fixtures/text/eval/$text.txt"
done
"$swage" report "$@" --group "fiction + conversation=fiction-en,fiction-zh,conversation-en,conversation-zh"

echo
echo "Each file is in $out/ and runs in stock llama.cpp. Let the smallest one write:"
echo
echo "    $swage generate $out/IQ1_S.gguf --prompt 'Human: What is 6 times 7?'"
