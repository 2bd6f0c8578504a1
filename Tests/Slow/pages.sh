#!/bin/sh
# Opens a page in headless Chromium, wide and as wide as a phone, light and dark; fails on anything in the console.
#   pages.sh PAGE.html FOLDER      screenshots go to FOLDER
set -eu
page=$(realpath "$1")
folder=$2
height=${HEIGHT:-1400}
mkdir -p "$folder"
# Windows are at least 500 wide, frames are as narrow as phones.
frame=$(mktemp --suffix .html)
trap 'rm -f "$frame"' EXIT
cat >"$frame" <<END
<!DOCTYPE html><style>:root{color-scheme:light dark}body{margin:0}</style>
<iframe src="file://$page" width="390" height="$height" style="border:0;display:block"></iframe>
END
status=0
for scheme in light dark; do
    number=1
    [ "$scheme" = light ] || number=0
    for width in 1280 390; do
        name=$folder/$scheme-$width
        opened=$page
        [ "$width" = 1280 ] || opened=$frame
        "${CHROMIUM:-chromium}" --headless --no-sandbox --disable-gpu --hide-scrollbars --enable-logging=stderr \
            --blink-settings=preferredColorScheme=$number --window-size="$width,$height" \
            --screenshot="$name.png" "file://$opened" 2>"$name.log"
        if [ ! -s "$name.png" ] || grep 'CONSOLE' "$name.log"; then
            echo "$name: the page does not open without a word in the console"
            status=1
        fi
        rm -f "$name.log"
    done
done
exit $status
