#!/bin/bash
# options.sh: what options of the build come to, without building: the preset of the library, the one option that is the same, and
# an archive alone, whose pkg-config file names all that it needs.
. "${BASH_SOURCE%/*}/lib.sh"

# configure NAME OPTION…
configure() {
  cmake -S "$TREE" -B "$work/$1" -G Ninja -DCMAKE_CXX_COMPILER="$CXX" -DCMAKE_CXX_FLAGS="$CXXFLAGS" \
    ${TOOLCHAIN:+-DCMAKE_TOOLCHAIN_FILE="$TOOLCHAIN"} "${@:2}" >"$work/log" 2>&1
}
# is_library NAME: nothing but the library is built, and optimised.
is_library() {
  local others
  others=$(ninja -C "$work/$1" -t targets all | grep -E '^[^:]*(test_|fuzz_|callgate-|benchmark)[^/:]*: ' | grep -vE 'cmake|^(core/)?libcallgate-core\.a:' || true)
  [[ -z $others ]] || fail "$1 builds more than the library: $others"
  grep -q '^CMAKE_BUILD_TYPE:.*=Release$' "$work/$1/CMakeCache.txt" || fail "$1 is no release build"
}

cd "$TREE"
configure preset --preset library || { cat "$work/log" && fail "preset library"; }
is_library preset
configure archive -DCALLGATE_BUILD_TOOLS=OFF -DCALLGATE_BUILD_SHARED=OFF || { cat "$work/log" && fail "CALLGATE_BUILD_TOOLS=OFF"; }
is_library archive
libs=$(PKG_CONFIG_PATH=$work/archive pkg-config --libs callgate)
[[ $libs == *-lcallgate* && (-z ${ASMJIT:-} || $libs == *-lasmjit*) ]] || fail "the archive alone, and pkg-config says $libs"
[[ ! -e $work/archive/callgate-shared.pc ]] || fail "callgate-shared.pc without a shared library"

! configure bench -DCALLGATE_BUILD_TOOLS=OFF -DCALLGATE_BUILD_BENCH=ON || fail "benchmarks without the tools"
grep -q 'CALLGATE_BUILD_BENCH=ON needs CALLGATE_BUILD_TOOLS=ON' "$work/log" || { cat "$work/log" && fail "no reason"; }
