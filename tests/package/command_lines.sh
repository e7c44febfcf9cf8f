#!/bin/bash
# command_lines.sh CALLGATE TREE: every option in a command line of README.md and docs/ is one of that verb's --help.
set -euo pipefail
callgate=(${LAUNCHER:+"$LAUNCHER"} "$1")
cd "$2"

declare -A helps
failed=0 seen=0
while read -r verb options; do
  [[ -n ${helps[$verb]:-} ]] || helps[$verb]=$("${callgate[@]}" "$verb" --help) || { echo "FAILED: callgate $verb --help" && failed=1 && continue; }
  for option in $(grep -oE -- '(^| )--?[a-z][a-z-]*' <<<"${options%% -- *}" || true); do
    seen=$((seen + 1))
    grep -qE -- "(^|[ ,])$option([ ,=]|$)" <<<"${helps[$verb]}" ||
      { echo "FAILED: callgate $verb has no $option: callgate $verb $options" && failed=1; }
  done
done < <({
  awk '/^ *```/ { inside = !inside } inside' README.md HACKING.md docs/*.md | sed 's/#.*//' | grep -E '^ *([a-z/]*/)?callgate [a-z]'
  grep -ohE '`([A-Za-z/]*/)?callgate [a-z][^`]*`' README.md HACKING.md docs/*.md | tr -d '`'
} | sed 's/^ *[A-Za-z/]*callgate //; s/ | .*//' | sort -u)
((seen > 15)) || { echo "FAILED: only $seen options in all pages" && failed=1; }
exit $failed
