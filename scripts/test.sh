#!/bin/bash
# test.sh [--quick | PRESET…]: builds callgate and runs its tests in every way that a change must survive, or only in
# the ways that are named (see CMakePresets.json); --quick is the release build alone. Ends with what all runs together
# passed, failed and skipped.
. "${BASH_SOURCE%/*}/stages.sh"

presets=(release sanitizers m32 mutants no-asmjit no-xbyak interpreter-only)
case ${1:-} in
  '') ;;
  --quick) presets=(release) ;;
  -*)
    echo "usage: test.sh [--quick | PRESET…]" >&2
    exit 2
    ;;
  *) presets=("$@") ;;
esac

scripts/setup.sh --with-i386
for preset in "${presets[@]}"; do
  stage "$preset" suite "$preset"
  if [[ $preset == release ]]; then stage 'slow-downs' step scripts/perf-check.sh --quick; fi
done
finish
