# Common to the package tests. They get the environment of the test from CMake: SOURCE (tests/package), PREFIX (the
# installed tree), VERSION, CXX, CXXFLAGS, and LAUNCHER, which runs programs of this build if the kernel does not.
set -euo pipefail

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The installed tree and the consumer are moved away from where they were made: neither may lean on the source or
# the build folder.
prefix=$work/prefix
copy_out() {
  cp -r "$PREFIX" "$prefix"
  cp -r "$SOURCE/consumer" "$work/consumer"
}

# run_consumer COMMAND…: its output must be what a user expects.
run_consumer() {
  { cat "$work/consumer/expected.txt"; echo "version $VERSION"; } | diff - <(${LAUNCHER:+"$LAUNCHER"} "$@") || fail "output of $*"
}

# Makes pkg-config find the moved tree; sets libdir, and cxxflags, those that callgate's headers want among them.
use_pkg_config() {
  local pc
  pc=$(find "$prefix" -name callgate.pc)
  [[ -n $pc ]] || fail "callgate.pc is not installed"
  export PKG_CONFIG_PATH=${pc%/callgate.pc}
  libdir=${PKG_CONFIG_PATH%/pkgconfig}
  [[ $(pkg-config --modversion callgate) == "$VERSION" ]] || fail "version in callgate.pc"
  read -ra cxxflags <<<"$CXXFLAGS $(pkg-config --cflags callgate)"
}
