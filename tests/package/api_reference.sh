#!/bin/bash
# api_reference.sh TREE: Doxygen finds every public name documented.
set -euo pipefail
cd "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
{ cat docs/Doxyfile && printf '%s\n' "OUTPUT_DIRECTORY = $work" "GENERATE_XML = YES" "GENERATE_HTML = NO"; } | doxygen -
# The filter must not have lost what is there.
for name in callgate_chain_from_filters callgate_options blind_constants precision is_stricter CALLGATE_KILL_PROCESS; do
  grep -rq "<name>$name</name>\|<compoundname>$name</compoundname>" "$work/xml" || { echo "FAILED: no $name" >&2; exit 1; }
done
