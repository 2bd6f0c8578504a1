#!/bin/sh
# The tests of all readers under the address sanitizer.
#   address.sh SWIFT FLAG...
set -eu
cd "$(dirname "$0")/../.."
swift=$1
shift
# Leaks are not looked for: Swift's runtime keeps what it has made for good.
ASAN_OPTIONS=detect_leaks=0 "$swift" test --sanitize=address --scratch-path .build-address "$@" --disable-xctest \
    --filter '^(FilesTests|ByteJSONTests|GGUFTests|SafetensorsIOTests|TorchArchiveTests|TokenizersTests|CheckpointsTests|ImportanceTests|HessiansTests|RecipesTests|ChatTemplatesTests|BlockFormatsTests)\.'
