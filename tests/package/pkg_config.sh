#!/bin/bash
# pkg_config.sh static|shared: the same consumer, built by hand with the flags of pkg-config.
. "${BASH_SOURCE%/*}/lib.sh"
copy_out

pc=$(cd "$prefix" && find . -name callgate.pc)
[[ -n $pc ]] || fail "callgate.pc is not installed"
export PKG_CONFIG_PATH=$prefix/${pc%/callgate.pc}
[[ $(pkg-config --modversion callgate) == "$VERSION" ]] || fail "version in callgate.pc"

read -ra flags <<<"$CXXFLAGS -std=c++20 -fno-exceptions -fno-rtti $(pkg-config --cflags callgate)"
if [[ $1 == static ]]; then
  read -ra libs <<<"-static $(pkg-config --static --libs callgate)"
else
  read -ra libs <<<"$(pkg-config --libs callgate)"
  export LD_LIBRARY_PATH=$prefix/$(dirname "${pc%/pkgconfig/callgate.pc}/x")
fi
"$CXX" "${flags[@]}" "$work/consumer/main.cc" -o "$work/program" "${libs[@]}"
run_consumer "$work/program"
