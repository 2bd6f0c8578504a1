#!/usr/bin/env bash
# Installs the tool into a folder that has files of others, uses it, and removes it; nothing of it may be left.
#   check.sh MAKE
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
make=$1

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
prefix=$folder/prefix
fail() { echo "$*" >&2 && exit 1; }

mkdir -p "$prefix/bin" "$prefix/share/man/man1" "$prefix/share/fish"
echo other >"$prefix/bin/other"
echo other >"$prefix/share/man/man1/other.1"
before=$(find "$prefix" | sort)

"$make" install PREFIX="$prefix"
swage=$prefix/bin/swage
"$swage" --version
if ldd "$swage" | grep -i swift; then fail "$swage: needs Swift's libraries"; fi

"$swage" convert Fixtures/models/xverse-moe-tiny -o "$folder/model.gguf"
"$swage" quantize "$folder/model.gguf" -o "$folder/Q4_K_M.gguf" --type Q4_K_M
"$swage" verify "$folder/Q4_K_M.gguf" --against Fixtures/models/xverse-moe-tiny

# A page for the tool and for each command, each with its options.
pages=$prefix/share/man/man1
commands=$("$swage" help | awk '/^SUBCOMMANDS:/ { inside = 1 } inside && /^  [a-z]/ { print $1 }')
for page in swage ${commands//[[:space:]]/ }; do
    [ "$page" = swage ] || page=swage-$page
    for section in NAME SYNOPSIS OPTIONS "SEE ALSO"; do
        grep -qx "\.SH $section" "$pages/$page.1" || fail "$page.1: no section $section"
    done
    ! command -v mandoc >/dev/null || mandoc -T lint -W warning "$pages/$page.1"
done
grep -q '\\-\\-imatrix' "$pages/swage-quantize.1" || fail "swage-quantize.1: no --imatrix"

# The completions are what their shells read.
bash=$prefix/share/bash-completion/completions/swage
bash -c "source '$bash' && complete -p swage" >/dev/null || fail "$bash: completes nothing"
for shell in zsh fish; do
    script=$(find "$prefix/share/$shell" -type f -name '*swage*')
    [ -s "$script" ] || fail "no completions for $shell"
    ! command -v $shell >/dev/null || $shell -n "$script"
done

# A second time, over what is there.
"$make" install PREFIX="$prefix"
"$make" uninstall PREFIX="$prefix"
diff <(echo "$before") <(find "$prefix" | sort) || fail "not all that was installed is gone"

"$make" install PREFIX="$folder/empty"
"$make" uninstall PREFIX="$folder/empty"
[ -z "$(find "$folder/empty" -mindepth 1)" ] || fail "not all that was installed is gone"
if "$make" uninstall PREFIX="$folder/empty" 2>/dev/null; then fail "nothing was there to uninstall"; fi
echo "installed, used and removed"
