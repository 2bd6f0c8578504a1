#!/usr/bin/env bash
# Runs the commands of pages, each page in a folder of its own that has the bundled Fixtures, and holds what they print
# against what the page shows.
#   run.sh BINARY quick|all PAGE…
# Commands are in fences marked `sh`, run from the first to the last. A comment in the line above a fence says more:
#   <!-- slow -->             takes longer than a test may; run by `all`
#   <!-- fails: 3 -->         ends with this exit code; `slow, fails: 3` is both
#   <!-- not run: REASON -->  needs what a test does not have
# A fence marked `text` behind one shows lines that are printed (by one that fails, as an error), in their order; … stands
# for anything, within a line or as a line.
set -euo pipefail
swage=$(readlink -f "$1")
extent=$2
shift 2
fixtures=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../Fixtures" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/bin"
ln -s "$swage" "$folder/bin/swage"
export PATH=$folder/bin:$PATH

# Writes each fence of commands to FOLDER/LINE.sh, what is said of it to LINE.how, what it prints to LINE.text.
extract() {
    awk -v folder="$2" '
        function refuse(text) { print FILENAME ":" FNR ": " text > "/dev/stderr"; failed = 1; exit 1 }
        !fence && /^<!-- (slow|(slow, )?fails: [0-9]+|not run: .+) -->$/ { how = $0; gsub(/^<!-- | -->$/, "", how); next }
        !fence && /^```/ {
            fence = 1
            file = ""
            if ($0 == "```sh") {
                last = sprintf("%s/%05d", folder, FNR)
                print how > (last ".how")
                file = last ".sh"
            } else if ($0 == "```text" && last != "") {
                file = last ".text"
                last = ""
            }
            if (how != "" && $0 != "```sh") refuse("says how to run what is no command")
            how = ""
            next
        }
        fence && /^```$/ { fence = 0; if (file != "") close(file); next }
        fence { if (file != "") print > file; next }
        /^    +swage / { refuse("a command outside of a fence marked sh") }
        NF { last = ""; if (how != "") refuse("says how to run what is no command") }
        END { if (fence && !failed) refuse("a fence is not closed") }' "$1"
}

# Whether the lines of a file are in another one, in their order.
shows() {
    local expected line position=0
    mapfile -t lines <"$2"
    while IFS= read -r expected; do
        expected=${expected%"${expected##*[! ]}"}
        case $expected in "" | …) continue ;; esac
        pattern=${expected//[\\\[\]*?]/\\&}
        pattern=${pattern//…/*}
        while :; do
            [ "$position" -lt "${#lines[@]}" ] || { echo "    not printed: $expected" && return 1; }
            line=${lines[position]%"${lines[position]##*[! ]}"}
            position=$((position + 1))
            # shellcheck disable=SC2053 # it is a pattern
            [[ $line != $pattern ]] || break
        done
    done <"$1"
}

status=0
ran=0
for page in "$@"; do
    work=$folder/$(basename "$page" .md)
    mkdir -p "$work/fences" "$work/here"
    ln -s "$fixtures" "$work/here/Fixtures"
    # Stands in for the model and the texts of a reader.
    ln -s Fixtures/models/xverse-moe-tiny "$work/here/XVERSE-MoE-A4.2B"
    ln -s Fixtures/text/calib/fiction-en.txt "$work/here/calibration.txt"
    ln -s Fixtures/text/eval/fiction-en.txt "$work/here/held-out.txt"
    extract "$page" "$work/fences"
    for commands in "$work"/fences/*.sh; do
        [ -e "$commands" ] || continue
        fence=${commands%.sh}
        place=$page:$((10#$(basename "$fence")))
        how=$(cat "$fence.how")
        case $how in
        slow*) [ "$extent" = all ] || continue ;;
        "not run: "*) continue ;;
        esac
        code=0
        (cd "$work/here" && bash -euo pipefail "$commands" >"$fence.out" 2>"$fence.err" </dev/null) || code=$?
        ran=$((ran + 1))
        expected=0
        printed=$fence.out
        case $how in *fails:*) expected=${how##*: } && printed=$fence.err ;; esac
        if [ "$code" -ne "$expected" ]; then
            echo "$place: exit code $code, not $expected"
            sed 's/^/    /' "$fence.err"
            status=1
            break
        fi
        if [ -e "$fence.text" ] && ! shows "$fence.text" "$printed"; then
            echo "$place: prints something else than the page says:"
            sed 's/^/    /' "$printed"
            status=1
        fi
    done
done
[ "$ran" -gt 0 ] || [ "$status" -ne 0 ] || [ "$extent" = quick ] || { echo "no commands found" && exit 1; }
echo "$ran fences of commands were run"
exit $status
