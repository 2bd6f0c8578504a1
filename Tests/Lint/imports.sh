#!/bin/sh
# Checks every import under Sources/ against the table in Docs/Architecture.md (the block fenced as "imports").
#   imports.sh [ROOT]
# A line of the table names a module and what it may import; "*" is what every module may. A module may name only
# modules of earlier lines, so that imports go one way.
set -eu
cd "${1:-$(dirname "$0")/../..}"

rules=$(mktemp)
trap 'rm -f "$rules"' EXIT
awk '/^```imports$/ { inside = 1; next } /^```/ { inside = 0 } inside' Docs/Architecture.md >"$rules"

status=0
for folder in Sources/*/; do
    module=$(basename "$folder")
    if ! grep -q "^$module *:" "$rules"; then
        echo "Sources/$module: the module is not in the import table of Docs/Architecture.md"
        status=1
    fi
done

find Sources -name '*.swift' | sort | {
    xargs awk -v rules="$rules" '
        function fail(text) { print text; failures++ }
        BEGIN {
            while ((getline line < rules) > 0) {
                if (split(line, side, ":") != 2) continue
                module = side[1]
                gsub(/[ \t]/, "", module)
                known[module] = 1
                order[++modules] = module
                allowed[module] = side[2]
            }
            # A name to the right that is a module further down would turn the direction around.
            for (i = 1; i <= modules; i++) {
                words = split(allowed[order[i]], word, /[ \t]+/)
                for (w = 1; w <= words; w++) {
                    if (word[w] == "") continue
                    may[order[i], word[w]] = 1
                    if (word[w] in known && !(word[w] in seen))
                        fail("Docs/Architecture.md: " order[i] " names " word[w] ", which is not above it in the table")
                }
                seen[order[i]] = 1
            }
        }
        FNR == 1 { files++; split(FILENAME, part, "/"); module = part[2] }
        /import/ {
            count = split($0, statement, ";")
            for (s = 1; s <= count; s++) {
                text = statement[s]
                sub(/^[ \t]+/, "", text)
                while (sub(/^@[A-Za-z_]+(\([^)]*\))?[ \t]+/, "", text)) {}
                sub(/^(public|package|internal|fileprivate|private)[ \t]+/, "", text)
                if (!sub(/^import[ \t]+/, "", text)) continue
                sub(/^(typealias|struct|class|enum|protocol|actor|let|var|func)[ \t]+/, "", text)
                match(text, /^[A-Za-z_0-9]+/)
                name = substr(text, 1, RLENGTH)
                imports++
                if ((module, name) in may || ("*", name) in may) continue
                list = allowed[module]
                gsub(/^[ \t]+|[ \t]+$/, "", list)
                fail(FILENAME ":" FNR ": " module " may not import " name \
                    (name in known || name ~ /^C[A-Z]/ ? "" : " (not one of our modules)") \
                    "; the table of Docs/Architecture.md allows it: " (list == "" ? "nothing" : list))
            }
        }
        END {
            if (!modules || !imports) fail("no import table or no imports found")
            if (failures) exit 1
            print imports " imports in " files " files follow the table of Docs/Architecture.md"
        }'
} || status=1

# What a system's library is called, and how it is called, is known by one module each.
stray=$(grep -rnE '#if canImport\((Glibc|Darwin|Musl)\)' Sources --include='*.swift' | grep -v '^Sources/Platform/'
    grep -rn 'cblas_' Sources --include='*.swift' | grep -v '^Sources/Numerics/') || true
if [ -n "$stray" ]; then
    echo "$stray" | sed 's/$/ (belongs to Platform, or to Numerics)/' >&2
    status=1
fi
exit $status
