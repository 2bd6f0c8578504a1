#!/bin/bash
# A server of ssh on this host, with keys of its own in a folder of its own, for as long as a command runs.
#   ssh.sh HOSTS COMMAND...
# The command sees CLUSTER, the folder, and PARALLEL_SSH, a client that knows node1 and so on: all are this host. Needs Debian's
# packages openssh-server and openssh-client, and root if there is no /run/sshd.
set -eu
hosts=$1
shift
folder=$(mktemp -d)
export CLUSTER=$folder PARALLEL_SSH="ssh -F $folder/ssh_config"
finish() {
    [ ! -s "$folder/sshd.pid" ] || kill "$(cat "$folder/sshd.pid")" || true
    rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT TERM

port=${SSH_PORT:-17022}
ssh-keygen -q -t ed25519 -N '' -f "$folder/host"
ssh-keygen -q -t ed25519 -N '' -f "$folder/user"
cp "$folder/user.pub" "$folder/authorized"
cat >"$folder/sshd_config" <<END
ListenAddress 127.0.0.1:$port
HostKey $folder/host
PidFile $folder/sshd.pid
AuthorizedKeysFile $folder/authorized
StrictModes no
PasswordAuthentication no
MaxStartups 100
END
cat >"$folder/ssh_config" <<END
Host node*
    HostName 127.0.0.1
    Port $port
    User $(id -un)
    IdentityFile $folder/user
    UserKnownHostsFile $folder/known
    StrictHostKeyChecking no
    LogLevel ERROR
END
mkdir -p /run/sshd
/usr/sbin/sshd -f "$folder/sshd_config" -E "$folder/sshd.log"
for ((i = 1; i <= hosts; i++)); do $PARALLEL_SSH "node$i" true; done
"$@"
