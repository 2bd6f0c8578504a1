#!/bin/sh
# Tests of everything that works with threads, and commands with several threads, under the thread sanitizer, which must find
# nothing.
#   thread.sh SWIFT FLAG...
# Tests of the command line are left out: they start processes, of which the commands below are the most.
set -eu
cd "$(dirname "$0")/../.."
swift=$1
shift
build=.build-thread

"$swift" build --build-tests --sanitize=thread --scratch-path "$build" "$@"
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
check() {
    echo "$*" >&2
    LD_PRELOAD="$folder/apply.so $folder/mutex.so" \
        TSAN_OPTIONS="halt_on_error=0 exitcode=66 suppressions=$PWD/Tests/Slow/thread.suppressions" \
        "$@" || { echo "ended with $?: $*" >&2; status=1; }
}

run() { check "$swage" "$@" --threads 4; }

# Everything takes tens of times as long, so that what is done so far is told module by module. How much memory the system
# sees a process take is not asked for: the sanitizer takes several times as much.
for module in Files Digests Journals Numerics Tensors Importance Hessians Evaluation Calibration BlockFormats ErrorFeedback \
    Verification Runtime Pipelines; do
    check "$build/debug/swagePackageTests.xctest" --testing-library swift-testing \
        --filter "^${module}Tests\." --skip 'WorkingSetTests|MemoryBudgetTests'
done

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
run report --model a="$folder/model.gguf" --model b="$folder/Q4_K_M.gguf" --text t="$text" --context 64 --chunks 2 --weights \
    -o "$folder/report.json"
run compare "$model" "$folder/Q4_K_M.gguf"
run verify "$folder/Q4_K_M.gguf" --against "$model"
run hash "$folder/model.gguf" >"$folder/hashes"
run generate "$folder/Q4_K_M.gguf" --prompt Hello --max-new-tokens 4
exit $status
