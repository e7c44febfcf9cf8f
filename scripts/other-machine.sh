# The kind of machine that this one is not; test.sh and nightly.sh read this file after stages.sh.
#
# What runs no 32-bit programs boots a machine that does (virtual-machine.sh) and has it run what was left out here. What runs
# them has that taken away (CALLGATE_MACHINE), and runs what has to go on without it. Both take a few minutes.

# Programs of the build trees that ask the kernel for what an emulator does not have. Lines for virtual-machine.sh.
native_lines=(
  "build/machine/callgate-machine"
  "build/release/tests/machine/test_machine"
  "build/m32/tests/machine/test_machine"
  "build/release/cli/callgate kernel-check --programs 1000"
  "build/release/cli/callgate fuzz --target x86_32 --programs 2000 --chains 2 --quiet"
  "build/release/tests/oracles/test_oracles --gtest_filter=*32*"
  "CALLGATE_KERNEL_PROGRAMS=1000 build/release/tests/kernel/test_kernel --gtest_filter=*/32-*Merge.RandomChains*"
  "build/m32/cli/callgate kernel-check --programs 100"
  "CALLGATE_KERNEL_PROGRAMS=1000 build/m32/tests/kernel/test_kernel --gtest_filter=*VerdictOracle*/32:*Int80From32"
  "build/m32/tests/memory/test_memory --gtest_filter=-*PermanentCode*:*LeaksNothing*_RLIMIT_AS:*LeaksNothing*_RLIMIT_NOFILE"
  "build/m32/tests/dispatch/test_dispatch"
)

# One test for each line. The machine has everything but an emulator, so nothing may be missing or skipped there.
run_native_machine() {
  local log=build/other-machine.log status=0 line word
  scripts/virtual-machine.sh --seconds 900 --file build/release/libexec --file build/m32/libexec "${native_lines[@]}" |
    tee "$log" || status=$?
  if ((status == 2)); then
    not_shown+=("no other machine could be made: programs on a kernel with 32-bit programs were not run")
    return
  fi
  for line in "${native_lines[@]}"; do step has_run "$log" "$line"; done
  for word in 32-bit-programs int80 32-bit-segment filters socket-filters ptrace; do
    step grep -qx "$word"$'\tyes' "$log"
  done
}

# has_run LOG LINE: whether the machine came to the line, and it failed and skipped nothing.
has_run() {
  awk -v line="virtual-machine: $2" -v failed=": $2" '
    $0 == line { seen = 1; within = 1; next }
    within && /^virtual-machine: FAILED/ { bad = 1 }
    within && /SKIPPED|skipped:/ { print "skipped: " $0; bad = 1 }
    within && /^virtual-machine: / { within = 0 }
    END { exit !(seen && !bad) }' "$1"
}

# What this machine has is taken away, for the tests that use it.
run_poorer_machine() {
  local -r before=${CALLGATE_MACHINE:-}
  export CALLGATE_MACHINE=no-32-bit-programs,no-int80,no-32-bit-segment${before:+,$before}
  is_known='' lacks=()
  suite release -R '^(oracles|fuzz_command|profiles|cli|kernel|jit|package)\.'
  suite m32-code -R '^(jit|dispatch|memory|kernel)\.'
  if [[ -n $before ]]; then CALLGATE_MACHINE=$before; else unset CALLGATE_MACHINE; fi
  is_known='' lacks=()
  know_machine >/dev/null
}

run_other_machine() {
  know_machine
  if [[ -n ${lacks[no-32-bit-programs]:-} ]]; then
    run_native_machine
  else
    run_poorer_machine
  fi
}
