#!/usr/bin/env bash
# Uses the packed tool in a root without Swift that debootstrap makes, of the oldest system that it is for.
#   clean_root.sh TARBALL SUITE MIRROR
# Needs debootstrap and the rights of root.
set -euo pipefail
tarball=$(readlink -f "$1")
suite=$2
mirror=$3
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
fail() { echo "$*" >&2 && exit 1; }

command -v debootstrap >/dev/null || fail "debootstrap is missing; sudo apt-get install debootstrap"
[ "$(id -u)" -eq 0 ] || exec sudo "${BASH_SOURCE[0]}" "$tarball" "$suite" "$mirror"

root=$(mktemp -d)
trap 'rm -rf --one-file-system "$root"' EXIT
debootstrap --variant=minbase "$suite" "$root" "$mirror" >"$root.log" || fail "$(tail -5 "$root.log")"
rm "$root.log"

mkdir "$root/try"
cp -r Fixtures/models/xverse-moe-tiny "$root/try/model"
cp Fixtures/text/calib/fiction-en.txt "$root/try/text"
cp "$tarball" "$root/try/swage.tar.gz"
# Swift reads the arguments of a program from /proc, which every running system has. The mount ends with its namespace.
# shellcheck disable=SC2016 # the words are of the shell in the root
unshare --mount sh -euc 'mount -t proc proc "$1/proc" && exec chroot "$1" /bin/sh -euxc "$2"' sh "$root" '
    . /etc/os-release && echo "$PRETTY_NAME"
    ! command -v swift
    cd /try
    tar -xzf swage.tar.gz
    PATH=$(echo "$PWD"/swage-*/bin):$PATH
    swage --version
    swage convert model -o original.gguf
    swage imatrix original.gguf --text text --context 64 --chunks 2 -o importance.gguf
    swage quantize original.gguf -o small.gguf --type IQ2_XXS --imatrix importance.gguf
    swage quantize original.gguf -o near.gguf --type Q4_K_M --calibrate text --calibration-context 64 \
        --calibration-chunks 2
    swage verify small.gguf --against model
    swage perplexity near.gguf --reference model --text text --context 64 --chunks 2 >figures
    grep "KL divergence, mean" figures
    cp -r swage-*/bin swage-*/share /usr/local
    /usr/local/bin/swage inspect small.gguf | grep swage.recipe
'
echo "the tarball works without Swift on $suite"
