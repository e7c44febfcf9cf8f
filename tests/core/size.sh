#!/bin/bash
# size.sh COMPILER TREE: verifier and interpreter, with the functions of C before them and the copying that the compiler
# asks for, take less than 2,048 bytes of text and constants at -Os -m32: the budget of the first proposal of filters for
# the kernel.
set -euo pipefail
compiler=$1 tree=$2 budget=2048
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
command -v size >/dev/null || { echo "skipped: size (binutils) is not installed"; exit 77; }

# Without the i386 packages, the headers of the kernel are those of x86_64: they are the same.
flags=(-m32 -idirafter /usr/include/x86_64-linux-gnu)
if ! echo '#include <optional>' | "$compiler" "${flags[@]}" -std=gnu++20 -x c++ -fsyntax-only - 2>"$work/log"; then
  echo "skipped: $compiler -m32 does not compile: $(head -1 "$work/log")"
  exit 77
fi
registers=(-mgeneral-regs-only)
[[ $("$compiler" --version) != *clang* ]] || registers=(-mno-sse -mno-mmx)

for file in core/filter core/own_memory verifier/verify interp/interpret; do
  "$compiler" "${flags[@]}" "${registers[@]}" -Os -std=gnu++20 -DNDEBUG -Dcallgate=callgate_freestanding -fno-exceptions -fno-rtti \
    -fno-stack-protector -fno-asynchronous-unwind-tables -fvisibility=hidden -I"$tree" -I"$tree/include" \
    -include "$tree/core/freestanding.h" -c "$tree/$file.cc" -o "$work/${file##*/}.o"
done
bytes=$(size -A "$work"/*.o | awk '/^\.(text|rodata|data|bss)/ { sum += $2 } END { print sum + 0 }')
echo "$bytes bytes of $budget"
[[ $bytes -gt 1000 ]] || { echo "FAILED: that is not all of it"; exit 1; }
[[ $bytes -lt $budget ]] || { echo "FAILED: over the budget"; exit 1; }
