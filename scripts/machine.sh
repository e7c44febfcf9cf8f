#!/bin/bash
# machine.sh: prints what this machine can do beyond running the build's own programs (oracles/machine/machine.h): a line for each
# ability, its word, a tabulator, and "yes" or why not.
# machine.sh launcher: prints what stands in front of 32-bit programs to run them, nothing where the kernel runs them; exit code
# 1, with the reason, if nothing runs them.
#
# CALLGATE_MACHINE=no-32-bit-programs,no-int80,… takes abilities away. CXX is the compiler, else g++ or clang++.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
program=$root/build/machine/callgate-machine

compiler=${CXX:-}
for candidate in g++ clang++; do
  [[ -n $compiler ]] || ! command -v "$candidate" >/dev/null || compiler=$candidate
done
[[ -n $compiler ]] || { echo "machine.sh: no C++ compiler (scripts/setup.sh)" >&2; exit 2; }

is_current() {
  local source
  [[ -x $program ]] || return 1
  for source in "$root"/oracles/{machine,process}/*; do [[ $program -nt $source ]] || return 1; done
}
if ! is_current; then
  mkdir -p "${program%/*}"
  # Others may do the same at this moment.
  "$compiler" -std=c++20 -O1 -I"$root" "$root"/oracles/{machine,process}/*.cc -o "$program.$$"
  mv -f "$program.$$" "$program"
fi
exec "$program" "$@"
