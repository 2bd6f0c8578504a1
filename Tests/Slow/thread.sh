#!/bin/sh
# Commands with several threads under the thread sanitizer, which must find nothing and change no result.
#   thread.sh SWIFT FLAG...
# The tests themselves are not run under it: their runner waits through Dispatch, which the sanitizer does not understand.
set -eu
cd "$(dirname "$0")/../.."
swift=$1
shift
build=.build-thread

"$swift" build --product swage --sanitize=thread --scratch-path "$build" "$@"
status=0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# Mutexes are told of in Swift's calling convention, which the toolchain's C compiler knows.
clang=$(dirname "$(command -v "$swift")")/clang
for name in apply mutex; do "$clang" -shared -fPIC -O1 -o "$folder/$name.so" "Tests/Slow/$name.c"; done
swage=$PWD/$build/debug/swage
model=Fixtures/models/xverse-moe-tiny
text=Fixtures/text/calib/fiction-en.txt

# A report does not end a command: what it writes is there for the next ones, and all reports are seen.
run() {
    echo "swage $*" >&2
    LD_PRELOAD="$folder/apply.so $folder/mutex.so" TSAN_OPTIONS="halt_on_error=0 exitcode=66 suppressions=$PWD/Tests/Slow/thread.suppressions" \
        "$swage" "$@" --threads 4 || { echo "ended with $?: swage $*" >&2; status=1; }
}

run convert "$model" -o "$folder/model.gguf" --verify
run imatrix "$model" -o "$folder/importance.gguf" --hessian "$folder/moments.hessian" --text "$text" --context 64 --chunks 2
for type in Q4_K_M IQ2_XXS Q1_0; do
    run quantize "$model" -o "$folder/$type.gguf" --type "$type" --imatrix "$folder/importance.gguf" --verify
done
run quantize "$model" -o "$folder/moments.gguf" --type Q2_K --hessian "$folder/moments.hessian"
run quantize "$model" -o "$folder/calibrated.gguf" --type Q4_K_M --calibrate "$text" --calibration-context 64 \
    --calibration-chunks 2
run perplexity "$folder/Q4_K_M.gguf" --reference "$folder/model.gguf" --text "$text" --context 64 --chunks 2 \
    --save-scores "$folder/scores.jsonl"
run sensitivity "$model" -o "$folder/sensitivity.json" --text "$text" --context 64 --chunks 2 --held-out 1
run compare "$model" "$folder/Q4_K_M.gguf"
run verify "$folder/Q4_K_M.gguf" --against "$model"
run hash "$folder/model.gguf" >"$folder/hashes"
run generate "$folder/Q4_K_M.gguf" --prompt Hello --max-new-tokens 4
exit $status
