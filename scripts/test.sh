#!/bin/bash
# test.sh [--quick | PRESET…]: looks at the layout of the sources, then builds callgate and runs its tests in every way that a
# change must survive; --quick is the layout and the release build. Presets that are named (see CMakePresets.json) are built and
# tested alone, and wholly: among all, m32-code and sanitizers leave out what nightly.sh runs in them. Begins with what this
# machine can do: where it runs no 32-bit programs, an emulator does, and what only a kernel shows is left to an emulated
# machine with a kernel that runs them (other-machine.sh). Ends with what all runs together passed, failed and skipped.
. "${BASH_SOURCE%/*}/stages.sh"
. "${BASH_SOURCE%/*}/other-machine.sh"

presets=(release sanitizers m32-code mutants no-asmjit no-xbyak interpreter-only)
packages=(--with-i386 --virtual-machine)
# Long ones that ask the same in every build: `release` runs them here, nightly.sh runs them in every build.
without=(-E '^(includes|package|bench)\.|^cli\.(StreamsTest|Bench|Record)\.')
other_machine=1 format=1
case ${1:-} in
  '') ;;
  --quick) presets=(release) other_machine='' packages=(--with-i386) ;;
  -*)
    echo "usage: test.sh [--quick | PRESET…]" >&2
    exit 2
    ;;
  *) presets=("$@") without=() other_machine='' format='' packages=(--with-i386) ;;
esac

for preset in "${presets[@]}"; do
  machine=$(cross_machine "$preset")
  [[ -z $machine ]] || packages+=("--cross=$machine")
done
scripts/setup.sh "${packages[@]}"
know_machine
if [[ -n $format ]]; then stage 'format' step scripts/format.sh --check; fi
for preset in "${presets[@]}"; do
  arguments=()
  if [[ $preset == sanitizers ]]; then arguments=("${without[@]}"); fi
  stage "$preset" suite "$preset" "${arguments[@]}"
  if [[ $preset == release ]]; then stage 'slow-downs' step scripts/perf-check.sh --quick; fi
done
if [[ -n $other_machine ]]; then stage 'other machine' run_other_machine; fi
finish
