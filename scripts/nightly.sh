#!/bin/bash
# nightly.sh [STAGE…]: what takes too long for every change. Without a stage, all of them run (see all_stages), even if one
# fails; the summary is at the end.
. "${BASH_SOURCE%/*}/stages.sh"

# ThreadSanitizer's runtime cannot live with as much address-space randomisation as recent kernels use.
run_tsan() {
  local runner=(setarch --addr-no-randomize)
  suite tsan
}

# Whole: test.sh leaves out what takes long in them and asks little of them.
run_sanitizers() { suite sanitizers; }
run_m32() { suite m32; }

run_m32-sanitizers() { suite m32-sanitizers; }

run_clang() { suite clang; }

# What decides calls, on other machines, of which one is big-endian.
run_aarch64() { suite aarch64; }
run_riscv64() { suite riscv64; }
run_s390x() { suite s390x; }

# A million random programs against the running kernel.
million_programs() {
  build release && CALLGATE_KERNEL_PROGRAMS=1000000 build/release/tests/kernel/test_kernel --gtest_brief=1
}
run_kernel() { step million_programs; }

# All small programs, 64-bit and 32-bit code.
all_small_programs() {
  build "$1" && CALLGATE_EXHAUST=full launch "$1" tests/exhaustive/test_exhaustive --gtest_brief=1
}
run_exhaustive() {
  step all_small_programs release
  step all_small_programs m32
}

# Emitted code in an emulator, which is neither this processor nor written by us.
many_programs_in_unicorn() {
  build "$1" && CALLGATE_UNICORN_PROGRAMS=50000 launch "$1" tests/unicorn/test_unicorn --gtest_brief=1
}
run_unicorn() {
  step many_programs_in_unicorn release
  step many_programs_in_unicorn m32
}

# Whether pairs of filters decide alike: every verdict is asked again of two solvers.
many_pairs() { CALLGATE_PROOF_PAIRS=100000 build/release/tests/proof/test_proof --gtest_brief=1; }
run_proof() {
  step build release
  step many_pairs
}

# The rooms' unit tests. --smc-check=all-non-file: code is generated, and run, at addresses that were used before.
valgrind_room() {
  valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,possible \
    --smc-check=all-non-file "build/dev/tests/$1/test_$1" --gtest_brief=1
}
run_valgrind() {
  local room
  step build dev
  for room in bpf verifier interp ir compose; do
    step valgrind_room "$room"
  done
}

# More filters lose every allocation and every call, the command every single allocation; then the same under valgrind, which
# has to own malloc: only operator new fails there.
many_faults() {
  CALLGATE_FAULT_ROUNDS=25 build/release/tests/faults/test_faults --gtest_brief=1 &&
    CALLGATE_FAULT_ROUNDS=25 build/release/tests/faults/test_faults_cli --gtest_brief=1
}
valgrind_faults() {
  cmake --preset dev -B build/valgrind -DCMAKE_CXX_FLAGS=-DCALLGATE_TEST_VALGRIND=1 >build/valgrind.configure.log &&
    cmake --build build/valgrind --parallel "$jobs" --target test_faults &&
    valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,possible \
      --smc-check=all-non-file --soname-synonyms=somalloc=nouserintercepts \
      build/valgrind/tests/faults/test_faults --gtest_brief=1
}
run_faults() {
  step build release
  step many_faults
  step valgrind_faults
}

# Known bugs are switched on: each has to be found, and the table says how many programs that took.
find_mutants() { CALLGATE_MUTANT_CASES=100000 build/mutants/tests/mutation/test_mutation --gtest_brief=1; }
run_mutation() {
  step build mutants
  step find_mutants
}

# The gate against slow-downs must see those that are sown, and must not cry wolf: ten times in a row on a tree that does not
# change.
sown_slow_downs() {
  cmake --preset release >build/release.configure.log && cmake --build --preset release --target callgate-perf callgate-perf-seeded &&
    tests/bench/perf_gate.sh build/release/bench/callgate-perf build/release/bench/callgate-perf-seeded
}
# The same for callgate bench, which other people's CI runs, beside busy neighbours.
busy_neighbours() {
  cmake --build --preset release --target callgate-command callgate-slower &&
    tests/bench/busy_neighbours.sh build/release/cli/callgate build/release/tests/cli/callgate-slower
}
run_slow-downs() {
  local i
  step sown_slow_downs
  step busy_neighbours
  for i in 1 2 3 4 5 6 7 8 9 10; do
    step scripts/perf-check.sh --quick
  done
  step scripts/perf-check.sh
}

# clang-tidy over all files of the library that the clang build compiles, as .clang-tidy asks. What it finds is an error; how many
# warnings it left out of other people's headers nobody wants to know.
tidy() {
  mkdir -p build && cmake --preset clang >build/clang.configure.log &&
    jq -r --arg top "$PWD/" '.[].file | ltrimstr($top)' build/clang/compile_commands.json | sort -u |
    grep -E '^(bpf|verifier|interp|ir|compose|jit|dispatch)/' |
      xargs -P "$jobs" -n 4 clang-tidy -p build/clang --quiet --warnings-as-errors='*' \
        2> >(grep -Ev '^[0-9]+ warnings? generated\.$' >&2)
}
run_tidy() { step tidy; }

# The profiles of earlier runs would be added up with this one's.
run_coverage() {
  rm -rf build/coverage/profiles
  suite coverage
  step scripts/coverage.sh
}

# Long runs of the harness; the seed is the day of the year, so that every night asks something else.
fuzz_command() { launch release cli/callgate fuzz --quiet --jobs "$(nproc)" --seed "$(date +%-j)" "$@"; }
fuzz_command_32() { launch m32 cli/callgate fuzz --quiet --jobs "$(nproc)" --seed "$(date +%-j)" "$@"; }
run_fuzz() {
  step build release
  step fuzz_command --programs 5000000 --optimize none
  step fuzz_command --programs 300000
  step fuzz_command --programs 100000 --chains 6
  step fuzz_command --programs 1000000 --target x86_32 --optimize none
  step build m32
  step fuzz_command_32 --programs 300000
  step fuzz_command_32 --programs 100000 --chains 6
}

# The libFuzzer targets as a fleet has them: with the sanitizers, from the seed corpora. What is found ends the target.
libfuzzer_target() {
  local corpus=build/fuzz/corpus/$1
  mkdir -p "$corpus"
  "build/fuzz/fuzz/$1" -max_total_time=120 -print_funcs=0 -verbosity=0 -dict=fuzz/callgate.dict \
    -artifact_prefix="build/fuzz/$1." "$corpus" "fuzz/corpus/$1"
}
run_libfuzzer() {
  local target
  step build fuzz
  for target in fuzz_verify fuzz_text fuzz_formats fuzz_calls fuzz_engines fuzz_dispatch; do
    step libfuzzer_target "$target"
  done
}

# Climbs towards chains that cost most: a minute for each of a dozen questions, and one to make the find smaller. The finds are
# left in build/search.
dearest_chains() {
  mkdir -p build/search &&
    CALLGATE_SEED=$(date +%-j) CALLGATE_SEARCH_SECONDS=60 CALLGATE_SEARCH_FOLDER=build/search \
      build/release/tests/search/test_search --gtest_filter='*Search*'
}
run_search() {
  step build release
  step dearest_chains
}

# The page of callgate explain in a browser, and clients of callgate serve in other languages. Pictures of the page are left in
# build/page.
page_in_a_browser() { tests/cli/page.sh "$PWD/build/release/cli/callgate" build/page; }
client_in() { CLIENT_MUST_RUN=1 tests/cli/client.sh "$1" "$PWD/build/release/cli/callgate" examples; }
run_page() {
  step build release
  step page_in_a_browser
  step client_in python
  step client_in go
}

# Every public name is documented (docs/Doxyfile).
run_reference() { step tests/package/api_reference.sh "$PWD"; }

all_stages=(fuzz libfuzzer search sanitizers m32 tsan m32-sanitizers clang aarch64 riscv64 s390x kernel exhaustive unicorn proof
  valgrind faults mutation slow-downs page tidy coverage reference)
stages=("$@")
((${#stages[@]})) || stages=("${all_stages[@]}")
for name in "${stages[@]}"; do
  if [[ " ${all_stages[*]} " != *" $name "* ]]; then
    echo "nightly: no stage '$name'; there are ${all_stages[*]}" >&2
    exit 2
  fi
done

packages=(--with-i386 --nightly)
for name in "${stages[@]}"; do
  machine=$(cross_machine "$name")
  [[ -z $machine ]] || packages+=("--cross=$machine")
done
scripts/setup.sh "${packages[@]}"
know_machine
for name in "${stages[@]}"; do
  stage "$name" "run_$name"
done
finish
