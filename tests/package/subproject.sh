#!/bin/bash
# subproject.sh: a project takes callgate's sources in, by add_subdirectory() and by FetchContent, and gets the library and
# nothing else: no command, no tests, no benchmarks, nothing to install. Only one of them is compiled, without optimisation.
. "${BASH_SOURCE%/*}/lib.sh"
cp -r "$SOURCE/subproject" "$work/project"
cp "$SOURCE/consumer/main.cc" "$SOURCE/consumer/expected.txt" "$work/project"
ln -s project "$work/consumer"

# configure HOW SOURCES
configure() {
  cmake -S "$work/project" -B "$work/$1" -G Ninja -DHOW="$1" -DCALLGATE="$2" -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_CXX_COMPILER="$CXX" -DCMAKE_CXX_FLAGS="$CXXFLAGS" -DCMAKE_CXX_FLAGS_DEBUG=-O0 \
    ${TOOLCHAIN:+-DCMAKE_TOOLCHAIN_FILE="$TOOLCHAIN"} >"$work/log" 2>&1 || { cat "$work/log" && fail "configuring by $1"; }
  local targets
  targets=$(ninja -C "$work/$1" -t targets all | grep -E '(^|/)(test_[a-z]*|fuzz_[a-z]*|callgate-[a-z]*|readme_example): ' || true)
  [[ -z $targets ]] || fail "$1 builds more than the library: $targets"
  ctest --test-dir "$work/$1" -N | grep -q 'Total Tests: 0' || fail "$1 brings tests"
  cmake --install "$work/$1" --prefix "$work/installed" >/dev/null
  [[ -z $(find "$work/installed" -type f 2>/dev/null) ]] || fail "$1 installs callgate"
}

# A copy without build trees, as a download has it.
tar -C "$TREE" --exclude=./build --exclude=./.git -czf "$work/callgate.tar.gz" .
configure FetchContent "$work/callgate.tar.gz"
configure add_subdirectory "$TREE"
cmake --build "$work/add_subdirectory" --target consumer >"$work/log" || { tail -n 30 "$work/log" && fail "building"; }
run_consumer "$work/add_subdirectory/consumer"
