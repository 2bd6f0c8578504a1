#!/bin/bash
# Eight parts of a job as an array of Slurm, whose nodes, processes and tasks are killed meanwhile: all must be done in the end, and
# the output must be that of the single run, byte for byte.
#   slurm.sh NODES array.sh BINARY FOLDER JOB...
# FOLDER is empty or not there; JOB is a command of swage without its output, which is a GGUF file. KILLS says how often
# something is killed (4).
set -eu
. "$(dirname "$0")/job.sh" slurm "$@"
name=$(sed -n 's/^#SBATCH --job-name=//p' plan.slurm.sh)

# The processes of a job of this cluster whose command line begins with one of some words, by their numbers.
processes() {
    local file number
    for file in /proc/[0-9]*/environ; do
        number=${file//[!0-9]/}
        if tr '\0' '\n' <"$file" | grep -qx "SLURM_CONF=$SLURM_CONF" && tr '\0' '\n' <"$file" | grep -qx "SLURM_JOB_ID=$1"; then
            tr '\0' ' ' <"/proc/$number/cmdline" | grep -q "$2" && echo "$number"
        fi
    done 2>>"$CLUSTER/ending.log" || true
}

# What Slurm does not take back by itself.
revive() {
    [ -n "$lost" ] || return 0
    [ "$lost" = "${lost#off:}" ] || slurmd -N "${lost#off:}"
    scontrol update nodename="${lost#off:}" state=resume 2>>"$CLUSTER/ending.log" || true
    lost=
}

lost= rounds=0 kills=${KILLS:-4} done=0
: >kills.log
while [ ! -e joined.gguf ]; do
    rounds=$((rounds + 1))
    [ "$rounds" -le 4 ] || exit 1
    sh plan.slurm.sh
    for ((i = 0; i < 900; i++)); do
        [ -n "$(squeue --noheader)" ] || break
        [ $((i % 20)) != 19 ] || revive
        job= node=
        read -r job node < <(squeue --noheader --states=running --name="$name" --format='%A %N' | shuf -n 1) || true
        if [ "$done" -lt "$kills" ] && [ -n "$job" ] && [ $((RANDOM % 3)) = 0 ]; then
            script=$(processes "$job" slurm_script | head -1)
            [ -n "$script" ] || continue
            daemon=$(awk '/^PPid/ { print $2 }' "/proc/$script/status")
            case $((done % 4)) in
            0) # As the system does for want of memory.
                worker=$(processes "$job" "plan.json --part" | head -1)
                [ -n "$worker" ] || continue
                kill -KILL "$worker"
                what="SIGKILL to the program"
                ;;
            1)
                [ -z "$lost" ] || continue
                lost=$node
                scontrol update nodename="$node" state=down reason=test
                what="node down"
                ;;
            2) # As if somebody had pulled the plug.
                [ -z "$lost" ] || continue
                lost=off:$node
                kill -KILL "$(cat "$CLUSTER/$node.pid")" "$daemon" "$script" $(processes "$job" "plan.json --part")
                what="SIGKILL to slurmd, slurmstepd and all that they run"
                ;;
            3)
                scancel "$job"
                what="scancel"
                ;;
            esac
            done=$((done + 1))
            echo "$i s of round $rounds: $what, job $job on $node" >>kills.log
        fi
        sleep 1
    done
done
revive
cat kills.log
grep -ch requeue "$CLUSTER/slurmctld.log" | sed 's/$/ lines of requeues in the log of slurmctld/'
cmp single.gguf joined.gguf
echo "$done kills, $rounds rounds: the outputs are the same"
