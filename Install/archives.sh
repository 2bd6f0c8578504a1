#!/bin/sh
# Makes a folder from which a build links the archives of the system libraries in place of the shared ones, so that the
# binary runs where they are not installed; the build finds it by PKG_CONFIG_PATH.
#   archives.sh FOLDER
set -eu
mkdir -p "$1"
folder=$(cd "$1" && pwd)
rm -f "$folder"/*.a "$folder"/*.pc

# archive PACKAGE NAME: a link to the archive, and a description of the package that leads to it.
archive() {
    file=$(pkg-config --variable=libdir "$1")/lib$2.a
    [ -e "$file" ] || file=$(cc -print-file-name="lib$2.a")
    if [ ! -e "$file" ]; then
        echo "$1: no lib$2.a to link statically; Debian and Ubuntu have it in the package that .ci/packages installs" >&2
        exit 1
    fi
    ln -s "$(readlink -f "$file")" "$folder/lib$2.a"
    cat >"$folder/$1.pc" <<PACKAGE
Name: $1
Description: the archive of $1
Version: $(pkg-config --modversion "$1")
Libs: -L$folder -l$2 -lpthread -lm
Cflags: $(pkg-config --cflags "$1")
PACKAGE
}

archive openblas openblas
archive libcrypto crypto
archive yaml-0.1 yaml
archive libzstd zstd
# What Swift's own archives need of C++.
ln -s "$(readlink -f "$(c++ -print-file-name=libstdc++.a)")" "$folder/libstdc++.a"
