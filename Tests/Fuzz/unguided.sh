#!/bin/sh
# Gives readers many inputs as fast as they take them: changes of the targets' own inputs and of those that guided.sh has kept.
#   unguided.sh COUNT [TARGET]
# Nothing notes what an input reaches. As many targets at a time as there are processors; a line for each. Findings stay in
# .build-fuzz. Ends with 1 if there is a finding. SEED chooses the changes, which are others each time.
set -eu
cd "$(dirname "$0")/../.."
count=$1
build=.build-fuzz-unguided
fuzz=$build/release/UnguidedFuzz
seed=${SEED:-$(date +%s)}

# Modules that only arrange are optimized too, since their time counts here.
SWAGE_FUZZ=1 ${SWIFT:-swift} build -c release -debug-info-format none -Xswiftc -O -Xcc "-march=${ARCH:-native}" \
    --scratch-path $build --product UnguidedFuzz

one='
    target=$4
    current=.build-fuzz/findings/$target-current-$$
    # One thread is enough for what these models multiply, and OpenBLAS would begin as many as there are processors.
    if said=$(OPENBLAS_NUM_THREADS=1 "$1" "$target" "$2" "$3" ".build-fuzz/corpus/$target" "$current" 2>&1); then
        printf "%-22s seed %s: %s\n" "$target" "$3" "$said"
        exit
    fi
    # Nothing was tried.
    [ -e "$current" ] || { echo "$said" >&2; exit 255; }
    finding=.build-fuzz/findings/$target-$3
    tail -c +9 "$current" | head -c "$(od -A n -t u8 -N 8 "$current" | tr -d " ")" >"$finding"
    rm "$current"
    printf "%-22s seed %s: %s\n    again: %s --tell %s %s\n" "$target" "$3" "$(echo "$said" | grep -m 1 .)" "$1" "$target" "$finding"
    exit 1'
mkdir -p .build-fuzz/findings
for target in ${2:-$($fuzz --list)}; do echo "$target"; done |
    xargs -P "$(getconf _NPROCESSORS_ONLN)" -n 1 sh -c "$one" one "$fuzz" "$count" "$seed" || exit 1
