#!/bin/bash
# test.sh [--quick | PRESET…]: looks at the layout of the sources, then builds callgate and runs its tests in every way that a
# change must survive; --quick is the layout and the release build. Presets that are named (see CMakePresets.json) are built and
# tested alone. Begins with what this machine can do: where it runs no 32-bit programs, an emulator does, and what only a kernel
# shows is left to an emulated machine with a kernel that runs them (other-machine.sh). Ends with what all runs together passed,
# failed and skipped.
. "${BASH_SOURCE%/*}/stages.sh"
. "${BASH_SOURCE%/*}/other-machine.sh"

presets=(release sanitizers m32 mutants no-asmjit no-xbyak interpreter-only)
packages=(--with-i386 --virtual-machine)
other_machine=1 format=1
case ${1:-} in
  '') ;;
  --quick) presets=(release) other_machine='' packages=(--with-i386) ;;
  -*)
    echo "usage: test.sh [--quick | PRESET…]" >&2
    exit 2
    ;;
  *) presets=("$@") other_machine='' format='' packages=(--with-i386) ;;
esac

scripts/setup.sh "${packages[@]}"
know_machine
if [[ -n $format ]]; then stage 'format' step scripts/format.sh --check; fi
for preset in "${presets[@]}"; do
  stage "$preset" suite "$preset"
  if [[ $preset == release ]]; then stage 'slow-downs' step scripts/perf-check.sh --quick; fi
done
if [[ -n $other_machine ]]; then stage 'other machine' run_other_machine; fi
finish
