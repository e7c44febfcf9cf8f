#!/bin/bash
# examples.sh: the programs of examples/, built outside of the tree against the installed library, print what
# examples/expected.txt says; and the C program also with a C compiler alone, by pkg-config, as archive and as shared library.
. "${BASH_SOURCE%/*}/lib.sh"
copy_out
use_pkg_config
cp -r "$TREE/examples" "$work/examples"

cmake -S "$work/examples" -B "$work/build" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_COMPILER="$CXX" -DCMAKE_C_COMPILER="$CC" \
  -DCMAKE_CXX_FLAGS="$CXXFLAGS" -DCMAKE_C_FLAGS="$CXXFLAGS" ${TOOLCHAIN:+-DCMAKE_TOOLCHAIN_FILE="$TOOLCHAIN"} >"$work/log" ||
  { cat "$work/log" && fail "configuring"; }
cmake --build "$work/build" >"$work/log" || { cat "$work/log" && fail "building"; }

# A machine without filters, and one whose programs an emulator runs, cannot run those that need the kernel.
may_skip=''
[[ -z ${LAUNCHER:-} && ,${CALLGATE_MACHINE:-}, != *,no-filters,* && $(uname -m) == x86_64 && $CXXFLAGS != *-m32* ]] || may_skip=1

# expected EXAMPLE: what it prints.
expected() { awk -v name="$1" '/^[a-z_]+_cc?$/ { inside = $0 == name; next } inside' "$TREE/examples/expected.txt"; }
for example in first_c first_cc do_syscall_c sigsys_cc supervisor_cc; do
  [[ -n $(expected $example) ]] || fail "examples/expected.txt says nothing of $example"
  status=0
  output=$(${LAUNCHER:+"$LAUNCHER"} "$work/build/$example") || status=$?
  if [[ $status == 77 && -n $may_skip && $example =~ sigsys|supervisor ]]; then
    echo "$example: cannot run here"
    continue
  fi
  [[ $status == 0 ]] || fail "$example ends with $status: $output"
  diff <(expected $example) - <<<"$output" || fail "output of $example"
done

read -ra cflags <<<"$CXXFLAGS $(pkg-config --cflags callgate)"
"$CC" -std=c11 "${cflags[@]}" "$work/examples/first.c" -o "$work/archive" $(pkg-config --static --libs callgate)
diff <(expected first_c) <(${LAUNCHER:+"$LAUNCHER"} "$work/archive") || fail "output of the C program with the archive"
! readelf -dW "$work/archive" | grep -q 'NEEDED.*libcallgate' || fail "the archive, and the program needs libcallgate.so"
if [[ -n ${SHARED:-} ]]; then
  "$CC" -std=c11 "${cflags[@]}" "$work/examples/first.c" -o "$work/shared" $(pkg-config --libs callgate)
  diff <(expected first_c) <(LD_LIBRARY_PATH=$libdir ${LAUNCHER:+"$LAUNCHER"} "$work/shared") || fail "output of the C program"
  ! readelf -dW "$work/shared" | grep -q 'NEEDED.*libstdc++' || fail "the C program needs libstdc++.so itself"
fi

# The page shows the program that was built.
diff "$work/examples/first.c" <(awk '/^```c$/ { inside = 1; next } /^```/ { inside = 0 } inside' "$TREE/docs/embedding.md") ||
  fail "docs/embedding.md has another program than examples/first.c"
