#!/bin/bash
# Eight parts of a job by GNU parallel over ssh, of which one is killed; then parallel itself is, and the same command goes on. The
# output must be that of the single run, byte for byte.
#   ssh.sh 2 hosts.sh BINARY FOLDER JOB...
# FOLDER is empty or not there; JOB is a command of swage without its output, which is a GGUF file.
set -eu
. "$(dirname "$0")/job.sh" parallel "$@"

# The program on a host that works at a part: what sshd has started has no terminal, and works in the folder.
worker() {
    local file number
    for file in /proc/[0-9]*/cwd; do
        number=${file//[!0-9]/}
        if [ "$(readlink "$file")" = "$folder" ] && tr '\0' ' ' <"/proc/$number/cmdline" | grep -q "plan.json --part [1-8]" &&
            tr '\0' '\n' <"/proc/$number/environ" | grep -q '^SSH_CONNECTION='; then
            echo "$number"
            return
        fi
    done 2>>"$CLUSTER/search.log"
}

setsid sh plan.parallel.sh node1 node2 >first.log 2>&1 &
first=$!
killed=
for ((i = 0; i < 200; i++)); do
    sleep 0.1
    if [ -z "$killed" ]; then
        killed=$(worker)
        [ -z "$killed" ] || kill -KILL "$killed" || killed=
    elif [ "$(grep -c . swage-plan*.joblog)" -gt 3 ]; then
        break
    fi
done
kill -TERM -- "-$first" || true
wait "$first" || true
echo "killed a part, process ${killed:-none}, and parallel after $(($(grep -c . swage-plan*.joblog) - 1)) parts"
sh plan.parallel.sh node1 node2
cmp single.gguf joined.gguf
echo "the outputs are the same"
