#!/bin/sh
# Builds the readers with libFuzzer and gives each of them inputs for some time.
#   guided.sh SECONDS [TARGET]
# A line for each target: inputs given, inputs per second, inputs that are kept because they reached something new, and
# whether there is a finding. Kept inputs and findings stay in .build-fuzz. Ends with 1 if there is a finding.
set -eu
cd "$(dirname "$0")/../.."
seconds=$1
build=.build-fuzz
fuzz=$build/release/Fuzz

# Modules that only arrange are optimized too, since their time counts here.
SWAGE_FUZZ=1 ${SWIFT:-swift} build -c release -Xcc "-march=${ARCH:-native}" -Xswiftc -O -Xswiftc -sanitize=fuzzer \
    --scratch-path $build --product Fuzz

mkdir -p $build/corpus $build/findings $build/seeds $build/logs
status=0
printf '%-22s %12s %10s %8s  %s\n' target inputs 'per second' kept finding
for target in ${2:-$($fuzz --list)}; do
    log=$build/logs/$target
    corpus=$build/corpus/$target
    mkdir -p "$corpus"
    $fuzz --seeds "$target" "$build/seeds/$target"
    finding=none
    # The guards of libFuzzer are for what never comes back; the limits of an input are the program's own.
    $fuzz "$target" "$corpus" "$build/seeds/$target" -max_total_time="$seconds" -dict="$build/seeds/$target.dict" \
        -timeout=30 -rss_limit_mb=2048 -malloc_limit_mb=512 -artifact_prefix="$build/findings/$target-" \
        -print_final_stats=1 >"$log" 2>&1 || finding=$(sed -n 's/.*Test unit written to //p' "$log" | tail -1)
    executed=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    speed=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")
    printf '%-22s %12s %10s %8s  %s\n' "$target" "${executed:-?}" "${speed:-?}" "$(ls "$corpus" | wc -l)" \
        "${finding:-see $log}"
    [ "$finding" = none ] && continue
    status=1
    grep -m 1 -E '^finding:|Fatal error|ERROR: libFuzzer' "$log" | sed 's/^/    /' || true
    [ -z "$finding" ] || echo "    again: $fuzz $target $finding"
done
exit $status
