#!/bin/sh
# Prints by which name and with which words it was called, and its input; `swage` exits with STATUS.
name=${0##*/}
printf '%s' "$name"
printf ' <%s>' "$@"
echo
[ -t 0 ] || tr '\0' '\n'
[ "$name" != swage ] || exit "${STATUS:-0}"
