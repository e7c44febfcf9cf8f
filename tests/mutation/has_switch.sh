#!/bin/bash
# has_switch.sh yes|no LIBRARY…: whether the libraries know the switch of the mutants, as a symbol or as a text.
set -euo pipefail
expected=$1
shift
for library in "$@"; do
  [[ -s $library ]] || { echo "no library $library" >&2; exit 1; }
  found=no
  # Once more without demangling, and the bytes: a switch that is inlined still names its variable.
  if nm --demangle "$library" 2>/dev/null | grep -qi mutant || grep -qi mutant "$library"; then found=yes; fi
  if [[ $found != "$expected" ]]; then
    echo "$library: expected the switch: $expected; found: $found" >&2
    exit 1
  fi
done
