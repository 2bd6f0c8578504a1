#!/bin/bash
# Parts of jobs on the engines that they are written for: Slurm, GNU parallel over ssh, and the commands of a Kubernetes job. Needs
# Debian, root and its package mirror, and PyPI; all daemons are its own, and end with it.
#   check.sh BINARY [KILLS]
set -eu
binary=$(realpath "$1")
kills=${2:-4}
here=$(realpath "$(dirname "$0")")
fixtures=$(realpath "$here/../../Fixtures")
missing=
for package in slurmctld slurmd slurm-client munge parallel openssh-server openssh-client; do
    dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
if [ -n "$missing" ]; then
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q kubernetes-validate

quantize=(quantize "$fixtures/models/xverse-moe-tiny" --type Q4_K_M --threads 1)
calibrate=("${quantize[@]}" --calibrate "$fixtures/text/calib/web-zh.txt" --calibration-chunks 8)
# A folder with what a shell, YAML and Slurm would take for something else.
odd="$folder/it's \"odd\" \$(x) {} 100%d"
mkdir "$odd"
echo "== Kubernetes"
PYTHON=$folder/venv/bin/python "$here/index.sh" "$binary" "$odd/kubernetes" "${quantize[@]}"
echo "== GNU parallel"
"$here/ssh.sh" 2 "$here/hosts.sh" "$binary" "$odd/parallel" "${calibrate[@]}"
echo "== Slurm"
KILLS=$kills "$here/slurm.sh" 4 "$here/array.sh" "$binary" "$odd/slurm" "${calibrate[@]}"
