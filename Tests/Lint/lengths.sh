#!/bin/sh
# Fails on Swift files of more than 600 lines.
set -eu
cd "$(dirname "$0")/../.."

find Sources Tests Package.swift $([ -d Benchmarks ] && echo Benchmarks) -name '*.swift' -not -path '*/.build*' \
    -exec awk '
        FNR == 1 { files++ }
        FNR == 601 { print FILENAME ":601: more than 600 lines; split the file"; long++ }
        END { if (long) exit 1; print files " files have at most 600 lines" }' {} +
