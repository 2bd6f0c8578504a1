#!/bin/sh
# Removes what install.sh has installed: the files of its list, and the folders that it made, if nothing else is in them.
#   uninstall.sh ROOT
set -eu
list=$1/share/doc/swage/installed
if [ ! -e "$list" ]; then
    echo "$1: nothing of Swage is installed here (there is no $list)" >&2
    exit 1
fi
folders=$(sed -n 's|/$||p' "$list" | sort -r)
files=$(grep -v '/$' "$list")
echo "$files" | while read -r file; do rm -f "$1/$file"; done
echo "$folders" | while read -r folder; do
    [ -z "$folder" ] || rmdir "$1/$folder" 2>/dev/null || true
done
