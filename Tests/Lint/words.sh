#!/bin/sh
# Fails on options and commands of the command line in the strings of other modules: messages name a Setting or a
# Procedure (Sources/Files/Message.swift), and SwageCommand knows their words. Launchers writes options of other programs.
#   words.sh [ROOT]
set -eu
cd "${1:-$(dirname "$0")/../..}"

find Sources -name '*.swift' -not -path 'Sources/SwageCommand/*' -not -path 'Sources/Launchers/*' | sort | {
    xargs awk '
        FNR == 1 { files++; inside = 0 }
        /^[ \t]*\/\// { next }
        {
            text = $0
            # What these strings say is what is in files: the format of a line, the name of a shard.
            gsub(/"swage (predictions|scores) [12]"|"--of-"/, "", text)
            if (text ~ /"""/) { inside = !inside; next }
            found = inside ? text : ""
            while (match(text, /"([^"\\]|\\.)*"/)) {
                found = found " " substr(text, RSTART, RLENGTH)
                text = substr(text, RSTART + RLENGTH)
            }
            # The rest of a string with a string in its interpolation.
            found = found " " text
            sub(/\/\/.*/, "", found)
            if (found ~ /(^|[^-])--[a-z][a-z-]+/ || found ~ /"[^"]*swage [a-z]+/) {
                print FILENAME ":" FNR ": a word of the command line; name a Setting or a Procedure instead"
                failures++
            }
        }
        END {
            if (!files) { print "no sources found"; exit 1 }
            if (failures) exit 1
            print files " files know no words of the command line"
        }'
}
