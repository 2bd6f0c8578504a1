#!/bin/sh
# Writes the manual pages, one for the tool and one for each command, from what the binary says of itself.
#   manual.sh BINARY FOLDER DATE
set -eu
binary=$1
folder=$2
date=$3
version=$("$binary" --version | sed -n '1s/^swage \([^ ]*\).*/\1/p')

# A command's help, an entry to a line.
help() { COLUMNS=100000 "$binary" help "$@"; }

commands=$(help | awk '/^SUBCOMMANDS:/ { inside = 1; next } inside && /^  [a-z]/ { print $1 }')
[ -n "$commands" ] || { echo "$binary: its help lists no commands" >&2 && exit 1; }

# page NAME SEE-ALSO… <HELP: the page of a command.
page() {
    name=$1
    shift
    awk -v name="$name" -v version="$version" -v date="$date" -v others="$*" '
        function escaped(text) {
            gsub(/\\/, "\\e", text)
            gsub(/-/, "\\-", text)
            return text ~ /^[.'\'']/ ? "\\&" text : text
        }
        function plain(text) { print escaped(text) }
        function headed(title) { print ".SH " title; section = title }
        function usage(text) {
            if (usages++) print ".br"
            match(text, /^swage( [a-z]+)?/)
            print ".B " escaped(substr(text, RSTART, RLENGTH))
            text = substr(text, RSTART + RLENGTH)
            sub(/^ +/, "", text)
            if (text != "") plain(text)
        }
        # The description stands above the usage in the help, and below it in a manual page.
        function describe() {
            if (description == "") return
            print ".SH DESCRIPTION"
            printf "%s", description
            description = ""
        }
        function described(line) { description = description line "\n" }
        BEGIN {
            print ".TH " toupper(escaped(name)) " 1 \"" date "\" \"swage " version "\" \"User Commands\""
        }
        /^OVERVIEW: / {
            headed("NAME")
            sub(/^OVERVIEW: /, "")
            print escaped(name) " \\- " escaped($0)
            next
        }
        /^USAGE: / {
            headed("SYNOPSIS")
            sub(/^USAGE: /, "")
            usage($0)
            next
        }
        /^ *See .swage help/ { next }
        # Entries: what is given, and what it does, on the same line or the next.
        /^[A-Z][A-Z ]*:$/ {
            describe()
            title = $0
            sub(/:$/, "", title)
            headed(title == "SUBCOMMANDS" ? "COMMANDS" : title)
            entries = 1
            next
        }
        /^$/ { blank = 1; next }
        section == "SYNOPSIS" && /^ / { sub(/^ +/, ""); usage($0); next }
        entries && /^  [^ ]/ {
            sub(/^  /, "")
            print ".TP"
            cut = match($0, /  +/)
            if (!cut && length($0) > 24 && match($0, /> [^<\[.,\/]/)) cut = RSTART + 1
            if (!cut) { print ".B " escaped($0); next }
            print ".B " escaped(substr($0, 1, cut - 1))
            text = substr($0, cut)
            sub(/^ +/, "", text)
            plain(text)
            next
        }
        entries && /^   / { sub(/^ +/, ""); plain($0); next }
        # What the text under the abstract says; lines of the command line stand as they are.
        {
            if (blank && description != "") described(".PP")
            blank = 0
            sub(/^ +/, "")
            described(/^swage / ? ".RS 4\n.nf\n" escaped($0) "\n.fi\n.RE" : escaped($0))
        }
        END {
            if (!usages) exit 1
            describe()
            print ".SH SEE ALSO"
            count = split(others, other, " ")
            for (i = 1; i <= count; i++) print ".BR " escaped(other[i]) " (1)" (i < count ? "," : "")
        }' >"$folder/$name.1" || { echo "$name: no help that a page can be made of" >&2 && exit 1; }
}

mkdir -p "$folder"
pages=
for command in $commands; do
    help "$command" | page "swage-$command" swage
    pages="$pages swage-$command"
done
# shellcheck disable=SC2086 # the names are words
help | page swage $pages
