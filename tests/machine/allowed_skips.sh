#!/bin/bash
# A skip is allowed only where the machine lacks what the test needs, and only under the word for that (scripts/stages.sh,
# tests/allowed-skips.txt).
. "${BASH_SOURCE%/*}/../../scripts/stages.sh"
wrong=0

# expect yes|no PRESET TEST WORD…: whether a machine that lacks the words allows the skip.
expect() {
  local wanted=$1 preset=$2 test=$3 word said=no
  shift 3
  lacks=()
  for word in "$@"; do lacks[$word]=because; done
  if skip_allowed "$preset" "$test"; then said=yes; fi
  [[ $said == "$wanted" ]] || { echo "FAILED: $preset $test without '$*': $said"; wrong=1; }
}

of_32_bits=kernel.Bits/Merge.RandomChains/32
expect no release $of_32_bits
expect no m32 $of_32_bits
expect yes release $of_32_bits no-32-bit-programs
expect no release $of_32_bits no-int80 no-32-bit-segment no-ptrace no-emulator
expect no release kernel.Bits/Merge.RandomChains/64 no-32-bit-programs no-int80
expect yes release kernel.Bits/Merge.RandomChains/64 no-filters
expect yes release kernel.Routes/ResultOracle.RandomPrograms/Int80From64 no-int80
expect no release kernel.Routes/ResultOracle.RandomPrograms/Int80From64 no-32-bit-programs
expect yes release oracles.Gate32.EndsWhatDoesNotKeepRegisters no-32-bit-segment
expect no release oracles.Gate32.EndsWhatDoesNotKeepRegisters no-32-bit-programs
expect no release oracles.Helper32.SurvivesItsCode no-32-bit-programs
expect yes release oracles.Helper32.SurvivesItsCode no-32-bit-programs no-emulator
# What an emulator does in its own way is skipped in the builds that it runs, and in no other.
expect yes m32 memory.Seal/Published.MovesLikeAValue/write no-32-bit-programs
expect yes m32-sanitizers memory.Seal/Published.MovesLikeAValue/write no-32-bit-programs
expect no m32 memory.Seal/Published.MovesLikeAValue/write no-int80
expect no release memory.Seal/Published.MovesLikeAValue/write no-32-bit-programs
expect yes s390x memory.Seal/Published.MovesLikeAValue/write
expect yes aarch64 memory.Seal/Published.MovesLikeAValue/write
expect yes release cli.Record.FollowsChildren no-ptrace
# Every first word is a preset or an ability that the probe knows, and every line has its reason.
mapfile -t presets < <(sed -n 's/.*"name": "\([^"]*\)".*/\1/p' CMakePresets.json)
while read -r where test reason; do
  [[ -n $where && $where != \#* ]] || continue
  [[ -n $test && -n $reason ]] || { echo "FAILED: no reason: $where $test"; wrong=1; }
  known=''
  # shellcheck disable=SC2053 # a pattern
  for preset in "${presets[@]}"; do [[ $preset != $where ]] || known=1; done
  [[ -n $known || $where == emulated ]] || grep -q "\"${where#no-}\"" oracles/machine/machine.cc ||
    { echo "FAILED: neither a preset nor an ability: $where"; wrong=1; }
done <tests/allowed-skips.txt
((wrong == 0)) && echo "as the machine is"
