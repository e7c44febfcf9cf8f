# Common to the package tests. They get the test's environment from CMake: SOURCE (tests/package), PREFIX (the
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
