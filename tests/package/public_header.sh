#!/bin/bash
# public_header.sh COMPILER FLAGS INCLUDE-DIR: each public header compiles alone, and twice, without a warning, in the
# poorest dialect that users have (gnu++20, because it defines macros such as i386 with -m32), and in C++23. Headers in C
# compile as C11 too. None needs exceptions or RTTI.
set -euo pipefail
compiler=$1 include=$3
read -ra flags <<<"$2 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wundef -Werror"
cxx=(-x c++ -std=gnu++20 -fno-exceptions -fno-rtti -Wold-style-cast)
cxx23=(-x c++ -std=c++2b -fno-exceptions -fno-rtti -Wold-style-cast)
c=(-x c -std=c11)

status=0
cd "$include"
# compiles HEADER OPTION…
compiles() {
  printf '#include "%s"\n#include "%s"\n' "$1" "$1" | "$compiler" "${@:2}" "${flags[@]}" -I . -fsyntax-only - ||
    { echo "$1: does not compile alone (${*:2:2})" && status=1; }
}
for header in callgate/*; do
  case $header in
    *.hpp) compiles "$header" "${cxx[@]}" && compiles "$header" "${cxx23[@]}" ;;
    *.h) compiles "$header" "${c[@]}" && compiles "$header" "${cxx[@]}" && compiles "$header" "${cxx23[@]}" ;;
    *) echo "$header: neither .hpp nor .h" && status=1 ;;
  esac
done
exit $status
