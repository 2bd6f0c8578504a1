#!/bin/bash
# A Slurm cluster of several nodes on one host, of its own daemons in a folder of its own, for as long as a command runs.
#   slurm.sh NODES COMMAND...
# The command sees SLURM_CONF and CLUSTER, the folder: CLUSTER/NODE.pid is the process of each node's slurmd. Needs root and
# Debian's packages slurmctld, slurmd, slurm-client and munge.
set -eu
nodes=$1
shift
folder=$(mktemp -d)
export CLUSTER=$folder SLURM_CONF=$folder/slurm.conf
chmod 755 "$folder"

# Only processes whose number stands in the folder are ended.
finish() {
    local file i
    scancel --user="$(id -un)" 2>>"$folder/ending.log" || true
    for ((i = 0; i < 10; i++)); do
        [ -n "$(squeue --noheader 2>>"$folder/ending.log")" ] || break
        sleep 1
    done
    for file in "$folder"/node*.pid "$folder/slurmctld.pid" "$folder/munged.pid"; do
        [ -s "$file" ] && kill "$(cat "$file")" 2>>"$folder/ending.log" || true
    done
    sleep 2
    rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT TERM

mkdir "$folder/munge" "$folder/state" "$folder/spool"
chmod 700 "$folder/munge"
head -c 1024 /dev/urandom >"$folder/munge/key"
chmod 400 "$folder/munge/key"
munged --force --num-threads 2 --key-file "$folder/munge/key" --seed-file "$folder/munge/seed" \
    --socket "$folder/munge.socket" --log-file "$folder/munged.log" --pid-file "$folder/munged.pid"

port=${SLURM_PORT:-17100}
host=$(hostname -s)
cat >"$SLURM_CONF" <<END
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool/%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/%n.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
ReturnToService=2
SlurmdTimeout=10
SlurmctldTimeout=10
InactiveLimit=0
KillWait=5
MinJobAge=600
JobRequeue=1
BatchStartTimeout=10
SchedulerParameters=batch_sched_delay=1,sched_interval=2,requeue_delay=1
NodeName=node[1-$nodes] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$((port + 1))-$((port + nodes))] CPUs=2 RealMemory=4000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
END

slurmctld
for ((i = 1; i <= nodes; i++)); do
    mkdir "$folder/spool/node$i"
    slurmd -N "node$i"
done
for ((i = 0; i < 60; i++)); do
    [ "$(sinfo --noheader --Node --states=idle --format=%N 2>>"$folder/ending.log" | wc -l)" = "$nodes" ] && break
    sleep 1
done
if [ "$i" = 60 ]; then
    echo "The nodes do not come up:" >&2
    sinfo >&2 || true
    tail -5 "$folder"/*.log >&2
    exit 1
fi
"$@"
