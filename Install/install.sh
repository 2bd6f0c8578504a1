#!/bin/sh
# Installs the tool: binary, manual pages, completions for bash, zsh and fish, licenses.
#   install.sh BINARY ROOT
# What was installed is listed in ROOT/share/doc/swage/installed, for uninstall.sh. Set DATE for that of the manual pages.
set -eu
binary=$1
mkdir -p "$2"
root=$(cd "$2" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
list=share/doc/swage/installed

staging=$(mktemp -d)
trap 'rm -rf "$staging"' EXIT
man=$staging/share/man/man1
bash=$staging/share/bash-completion/completions
zsh=$staging/share/zsh/site-functions
fish=$staging/share/fish/vendor_completions.d
mkdir -p "$staging/bin" "$man" "$bash" "$zsh" "$fish" "$staging/share/doc/swage"

install -m 755 "$binary" "$staging/bin/swage"
"$here/manual.sh" "$binary" "$man" "${DATE:-$(date +%F)}"
"$binary" --generate-completion-script bash >"$bash/swage"
"$binary" --generate-completion-script zsh >"$zsh/_swage"
"$binary" --generate-completion-script fish >"$fish/swage.fish"
cp "$here/../LICENSE" "$here/../NOTICE" "$staging/share/doc/swage/"

# Files of an earlier version go; the folders that it made are still ours.
folders=
if [ -e "$root/$list" ]; then
    folders=$(sed -n 's|/$||p' "$root/$list")
    "$here/uninstall.sh" "$root" >/dev/null
fi

# Folders have a slash at the end in the list, and are in it only if they were not there before.
(cd "$staging" && find . -mindepth 1 -type d | sort) | while read -r folder; do
    folder=${folder#./}
    if [ ! -d "$root/$folder" ]; then
        mkdir -m 755 "$root/$folder"
        echo "$folder/"
    elif echo "$folders" | grep -qx "$folder"; then
        echo "$folder/"
    fi
done >"$staging/installed"
(cd "$staging" && find bin share -type f) | sort | while read -r file; do
    mode=644
    [ "$file" != bin/swage ] || mode=755
    install -m "$mode" "$staging/$file" "$root/$file"
    echo "$file"
done >>"$staging/installed"
echo "$list" >>"$staging/installed"
install -m 644 "$staging/installed" "$root/$list"
