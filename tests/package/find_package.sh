#!/bin/bash
# A CMake project outside the tree finds, links and runs the installed library, as archive and as shared library.
. "${BASH_SOURCE%/*}/lib.sh"
copy_out

cmake -S "$work/consumer" -B "$work/build" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_COMPILER="$CXX" \
  -DCMAKE_CXX_FLAGS="$CXXFLAGS" ${TOOLCHAIN:+-DCMAKE_TOOLCHAIN_FILE="$TOOLCHAIN"}
cmake --build "$work/build"
run_consumer "$work/build/consumer_callgate"
if [[ -n ${SHARED:-} ]]; then
  run_consumer "$work/build/consumer_shared"
fi
