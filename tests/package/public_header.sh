#!/bin/bash
# public_header.sh COMPILER FLAGS INCLUDE-DIR: each public header compiles alone, and twice, without a warning, in the
# poorest dialect that users have (gnu++20, because it defines macros such as i386 with -m32).
set -euo pipefail
compiler=$1 include=$3
read -ra flags <<<"$2 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wundef -Werror"

status=0
cd "$include"
for header in callgate/*; do
  case $header in
    *.hpp) dialect=(-x c++ -std=gnu++20 -fno-exceptions -fno-rtti) ;;
    *.h) dialect=(-x c -std=c11) ;;
    *) echo "$header: neither .hpp nor .h" && status=1 && continue ;;
  esac
  printf '#include "%s"\n#include "%s"\n' "$header" "$header" |
    "$compiler" "${dialect[@]}" "${flags[@]}" -I . -fsyntax-only - || { echo "$header: does not compile alone" && status=1; }
done
exit $status
