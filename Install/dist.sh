#!/bin/sh
# Packs the tool with all that it needs, for machines without Swift.
#   dist.sh BINARY FOLDER CHECKOUTS
# The binary may need nothing of a system but its C library; CHECKOUTS has the packages that it was built from. Prints the
# path of FOLDER/swage-VERSION-linux-PROCESSOR.tar.gz; the same binary of the same commit gives the same bytes.
set -eu
binary=$1
folder=$2
checkouts=$3
here=$(cd "$(dirname "$0")" && pwd)

# What every Debian and Ubuntu has.
strange=$(objdump -p "$binary" | awk '$1 == "NEEDED" { print $2 }' |
    grep -vE '^(lib(c|m|gcc_s|dl|pthread|rt)\.so\.[0-9]+|ld-linux.*)$') || true
if [ -n "$strange" ]; then
    echo "$binary: needs libraries that a bare system may lack: $strange" >&2
    exit 1
fi
# The newest version of the C library that a function of it is asked from.
libc=$(objdump -T "$binary" | grep -o 'GLIBC_[0-9.]*' | sed 's/GLIBC_//' | sort -uV | tail -1)
version=$("$binary" --version | sed -n '1s/^swage \([^ ]*\).*/\1/p')
seconds=$(git log -1 --format=%ct 2>/dev/null || date +%s)

name=swage-$version-linux-$(uname -m)
staging=$(mktemp -d)
trap 'rm -rf "$staging"' EXIT
strip -o "$staging/swage" "$binary"
DATE=$(date -u -d "@$seconds" +%F) "$here/install.sh" "$staging/swage" "$staging/$name"
documents=$staging/$name/share/doc/swage
rm "$documents/installed"

# The licenses of what is linked in; ICU is a part of Swift's Foundation.
licenses=$documents/licenses
mkdir "$licenses"
for package in libopenblas-dev libssl-dev libyaml-dev libzstd-dev libstdc++-[0-9]*-dev libicu[0-9]*; do
    for text in /usr/share/doc/$package/copyright; do
        [ -e "$text" ] && cp "$text" "$licenses/$(basename "$(dirname "$text")")"
    done
done
cp "$checkouts/swift-argument-parser/LICENSE.txt" "$licenses/swift-argument-parser"
cp "$checkouts/swift-mustache/LICENSE.txt" "$licenses/swift-mustache"
cp "$(dirname "$(readlink -f "$(command -v swift)")")/../share/swift/LICENSE.txt" "$licenses/swift"
[ "$(find "$licenses" -type f | wc -l)" -ge 8 ] || { echo "$0: licenses are missing in /usr/share/doc" >&2 && exit 1; }

cat >"$staging/$name/README" <<README
Swage $version for Linux on $(uname -m), with the C library $libc or newer.

$("$binary" --version | sed -n '2p')

bin/swage runs from where it is. To install it for all, with manual pages and completions:

    sudo cp -r bin share /usr/local

share/doc/swage/licenses has the licenses of what is linked in.
README
mkdir -p "$folder"
rm -f "$folder"/swage-*.tar.gz
tar -C "$staging" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$seconds" --mode='u+w,go-w,a+rX' -cf - "$name" |
    gzip -9n >"$folder/$name.tar.gz.partial"
mv "$folder/$name.tar.gz.partial" "$folder/$name.tar.gz"
echo "$folder/$name.tar.gz"
