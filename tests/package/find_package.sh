#!/bin/bash
# A CMake project outside the tree finds, links and runs the installed library, as archive and as shared library. It
# needs AsmJit only for an archive that was built with it.
. "${BASH_SOURCE%/*}/lib.sh"
copy_out

# configure BUILD COMPONENTS OPTION…
configure() {
  cmake -S "$work/consumer" -B "$work/$1" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_COMPILER="$CXX" \
    -DCMAKE_CXX_FLAGS="$CXXFLAGS" ${TOOLCHAIN:+-DCMAKE_TOOLCHAIN_FILE="$TOOLCHAIN"} -DCOMPONENTS="$2" "${@:3}"
}
# refused WORDS BUILD COMPONENTS OPTION…: configuring fails, with an error that has these words.
refused() {
  ! configure "${@:2}" >"$work/log" 2>&1 || fail "configured: ${*:2}"
  tr -s ' \n' ' ' <"$work/log" | grep -q "$1" || { cat "$work/log" && fail "no error with '$1': ${*:2}"; }
}

configure build ""
cmake --build "$work/build"
run_consumer "$work/build/consumer_callgate"
refused 'no such component' unknown unknown

no_asmjit=-DCMAKE_DISABLE_FIND_PACKAGE_asmjit=ON
if [[ -n ${ASMJIT:-} ]]; then configure static static; else configure static static $no_asmjit; fi
[[ -z ${ASMJIT:-} ]] || refused 'needs AsmJit' static-without static $no_asmjit
if [[ -z ${SHARED:-} ]]; then
  [[ -z ${ASMJIT:-} ]] || refused 'needs AsmJit' archive-without "" $no_asmjit
  refused 'is not installed' shared shared
  exit
fi

run_consumer "$work/build/consumer_shared"
configure any "" $no_asmjit
cmake --build "$work/any"
run_consumer "$work/any/consumer_shared"
configure shared shared
! grep asmjit "$work/shared/CMakeCache.txt" || fail "the shared library alone, and AsmJit was looked for"
