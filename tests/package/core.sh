#!/bin/bash
# core.sh: a program without libc decides by the installed core alone; what is installed uses general registers alone, the
# core and, in the whole library, what decides.
. "${BASH_SOURCE%/*}/lib.sh"
copy_out
use_pkg_config

archive=$(find "$prefix" -name libcallgate-core.a)
[[ -n $archive ]] || fail "libcallgate-core.a is not installed"
"$TREE/tests/core/archive.sh" "$archive" || fail "what is in $archive"

if [[ $(uname -m) =~ ^(x86_64|aarch64)$ ]]; then
  read -ra machine <<<"$CXXFLAGS"
  "$CC" -std=c11 "${machine[@]}" -O0 -ffreestanding -fno-stack-protector -fno-pie $(pkg-config --cflags callgate-core) \
    "$TREE/tests/core/freestanding.c" -nostdlib -nostartfiles -static -no-pie -o "$work/freestanding" $(pkg-config --libs callgate-core)
  status=0
  ${LAUNCHER:+"$LAUNCHER"} "$work/freestanding" || status=$?
  [[ $status == 0 ]] || fail "check $status of freestanding.c"
fi

# Who links the whole archive.
cat >"$work/whole.cc" <<'END'
#include <callgate/callgate.hpp>
int main() {
  const auto chain = callgate::Chain::create();
  const callgate::SeccompData call{};
  return chain && chain->match(call).result == chain->evaluate(call) && chain->evaluate_frame(&call) ? 0 : 1;
}
END
"$CXX" -std=c++20 "${cxxflags[@]}" "$work/whole.cc" -o "$work/whole" $(pkg-config --static --libs callgate)
status=0
"$TREE/tests/dispatch/evaluate_path.sh" "$work/whole" || status=$?
exit $status
