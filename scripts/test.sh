#!/bin/bash
# test.sh [--quick]: builds callgate and runs its tests, in every way that a change must survive. --quick: the release
# build only. Ends with what all runs together passed, failed and skipped.
. "${BASH_SOURCE%/*}/stages.sh"

case ${1:-} in
  '') presets=(release sanitizers m32 no-asmjit no-xbyak interpreter-only) ;;
  --quick) presets=(release) ;;
  *)
    echo "usage: test.sh [--quick]" >&2
    exit 2
    ;;
esac

scripts/setup.sh --with-i386
for preset in "${presets[@]}"; do
  stage "$preset" suite "$preset"
done
finish
