#!/usr/bin/env bash
# Checks that the public interface of the products shows no type of a module that they do not export.
#   api.sh FOLDER
# FOLDER has the modules of a build, as `swift build --show-bin-path` prints it. A product exports the modules that
# Package.swift lists for it and what those re-export; a module with an Exports.swift, itself and what that re-exports.
set -euo pipefail
modules=$(cd "$1" && pwd)/Modules
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

graphs=$(mktemp -d)
trap 'rm -rf "$graphs"' EXIT

# The modules, in the order of reading, and whatever they re-export.
exported() {
    local known=" " module
    while [ $# -gt 0 ]; do
        module=$1
        shift
        case $known in *" $module "*) continue ;; esac
        known="$known$module "
        [ -e "Sources/$module/Exports.swift" ] || continue
        # shellcheck disable=SC2046 # the names are words
        set -- "$@" $(sed -n 's/^@_exported import //p' "Sources/$module/Exports.swift")
    done
    echo "$known"
}

target=(-target "$(swift -print-target-info | sed -n 's/.*"unversionedTriple": *"\([^"]*\)".*/\1/p')")
if [ "$(uname)" = Darwin ]; then
    target=(-target "$(uname -m)-apple-macosx15.0" -sdk "$(xcrun --show-sdk-path)")
fi
maps=()
for map in Sources/*/module.modulemap "$modules"/../*.build/module.modulemap "$modules"/../../../checkouts/*/Sources/*/include/module.modulemap; do
    [ ! -e "$map" ] || maps+=(-Xcc "-fmodule-map-file=$map")
done

graph() {
    [ ! -e "$graphs/$1.symbols.json" ] || return 0
    swift symbolgraph-extract -module-name "$1" -I "$modules" "${target[@]}" "${maps[@]}" -output-dir "$graphs" \
        -pretty-print -minimum-access-level public -skip-synthesized-members
}

# check WHAT MODULE…: types in the interfaces of the modules are those of the modules themselves or of Swift's own.
#
# A type is known by its mangled name: `s:5Files5PlaceV` is of the module whose name is the first 5 letters, one of Swift's
# own begins with another letter than a digit, and one of C's with `c:`.
check() {
    local what=$1 allowed module
    shift
    allowed=" $* Foundation FoundationEssentials Dispatch Synchronization "
    for module in "$@"; do
        graph "$module"
        awk -v allowed="$allowed" -v what="$what" -v module="$module" '
            function refuse(owner) {
                if (reported[name, owner]++) return
                print what ": " module "." name " shows a type of " owner ", which " what " does not export"
                failures++
            }
            function text(line) { sub(/^[^:]*: "/, "", line); sub(/",?$/, "", line); return line }
            /^      "pathComponents": \[$/ { inPath = 1; name = ""; symbols++; next }
            inPath && /\]/ { inPath = 0; next }
            inPath { gsub(/^ *"|",?$/, ""); name = name (name == "" ? "" : ".") $0; next }
            /^  "relationships":/ { name = "" }
            /^      "source": / { name = text($0) }
            /^ *"(preciseIdentifier|target)": "/ {
                type = text($0)
                if (type ~ /^c:/) { refuse("C (" type ")"); next }
                if (type !~ /^s:[0-9]/) next
                sub(/^s:/, "", type)
                length_ = type + 0
                sub(/^[0-9]+/, "", type)
                owner = substr(type, 1, length_)
                if (!index(allowed, " " owner " ")) refuse(owner)
            }
            END {
                if (failures) exit 1
                if (!symbols && module != "Swage") { print module ": no public symbols found"; exit 1 }
            }' "$graphs/$module"[.@]* || status=1
    done
}

status=0
count=0
while read -r product listed; do
    # shellcheck disable=SC2046,SC2086 # the names are words
    check "the product $product" $(exported $listed)
    count=$((count + 1))
done < <(sed -n '/^let libraries/,/^]/p' Package.swift | tr -d ' \n' | grep -o '("[A-Za-z]*",\["[^]]*' | tr -d '(["' | tr ',' ' ')
for file in Sources/*/Exports.swift; do
    module=$(basename "$(dirname "$file")")
    # shellcheck disable=SC2046 # the names are words
    check "the module $module" $(exported "$module")
done
[ "$count" -gt 0 ] || { echo "Package.swift: no products found" && exit 1; }
[ "$status" -eq 0 ] && echo "the interfaces of $count products show no types that they do not export"
exit "$status"
