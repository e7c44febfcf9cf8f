# Stages of test.sh and nightly.sh: each is timed and counted, none stops the others, finish() adds them up.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

jobs=$(nproc)
passed=0 failed=0 skipped=0
summary=()
not_shown=()  # sentences about what this machine cannot show
failures=()   # a line for each failure

# stage NAME COMMAND…: runs the command; it counts what it ran into `passed`, `failed` and `skipped`.
stage() {
  local name=$1 start=$SECONDS before=("$passed" "$failed" "$skipped")
  shift
  printf '\n=== %s\n' "$name"
  "$@"
  summary+=("$(printf '%-18s %5d passed %3d failed %3d skipped %5d s' "$name" $((passed - before[0])) \
    $((failed - before[1])) $((skipped - before[2])) $((SECONDS - start)))")
  printf '=== %s: %d s\n' "$name" $((SECONDS - start))
}

# fail SENTENCE: counts a failure, and has finish() say it again: of a long log often only the end is kept.
fail() {
  echo "FAILED: $1" >&2
  failures+=("FAILED: $1")
  failed=$((failed + 1))
}

# step COMMAND…: what has no tests of its own counts as one.
step() {
  if "$@"; then passed=$((passed + 1)); else fail "$*"; fi
}

build() {
  cmake --preset "$1" >"build/$1.configure.log" 2>&1 || { cat "build/$1.configure.log"; return 1; }
  grep '^-- callgate:' "build/$1.configure.log" || true
  cmake --build --preset "$1" --parallel "$jobs" -- -k 0
}

# know_machine: asks once what this machine can do (scripts/machine.sh) and prints it. What it lacks is in `lacks`, by the word
# of tests/allowed-skips.txt: lacks[no-int80]=reason.
declare -A lacks=()
is_known=
know_machine() {
  [[ -z $is_known ]] || return 0
  is_known=1
  local answers word answer
  answers=$(scripts/machine.sh) || return 1
  printf '\n=== this machine%s\n' "${CALLGATE_MACHINE:+, with CALLGATE_MACHINE=$CALLGATE_MACHINE}"
  while IFS=$'\t' read -r word answer; do
    printf '%-16s %s\n' "$word" "$answer"
    [[ $answer == yes ]] || lacks[no-$word]=$answer
  done <<<"$answers"
  # A kernel that does not come back from loading a filter is asked once; and a process that an emulator runs cannot ask.
  [[ -z ${lacks[no-filters]:-} ]] || export CALLGATE_MACHINE=no-filters${CALLGATE_MACHINE:+,$CALLGATE_MACHINE}
}

# cross_machine PRESET: the machine that a preset makes programs for, where that is none of this kind; else nothing.
cross_machine() {
  case $1 in
    aarch64* | riscv64* | s390x*) echo "${1%%-*}" ;;
  esac
}

# Whether an emulator, if anything, runs the programs of a preset.
is_emulated() { [[ $1 == m32* && -n ${lacks[no-32-bit-programs]:-} || -n $(cross_machine "$1") ]]; }

# Why the programs of a preset cannot run here, and what remains; empty if they can.
obstacle_of() {
  is_emulated "$1" || return 0
  [[ -z $(cross_machine "$1") ]] || return 0
  if [[ -n ${lacks[no-emulator]:-} ]]; then
    echo "${lacks[no-32-bit-programs]}, and ${lacks[no-emulator]}; x86_32 code was shown by Unicorn and its listings only"
  elif [[ $1 == *sanitizers ]]; then
    echo "${lacks[no-32-bit-programs]}, and under the emulator the address sanitizer hangs before main()"
  fi
}

# launch PRESET PROGRAM ARGUMENT…: runs a program of that build tree, under the emulator if the kernel does not run it.
launch() {
  local launcher=() preset=$1 program=$2
  shift 2
  if [[ $preset == m32* ]]; then mapfile -t launcher < <(scripts/machine.sh launcher); fi
  "${launcher[@]}" "build/$preset/$program" "$@"
}

# suite PRESET [CTEST-ARGUMENT…]: configures, builds and runs the tests of a preset. A preset whose programs nothing runs here is
# left out, and the summary says so.
suite() {
  know_machine
  local preset=$1 report=$PWD/build/$1.tests.xml obstacle
  shift
  obstacle=$(obstacle_of "$preset")
  if [[ -n $obstacle ]]; then
    not_shown+=("$preset was not run: $obstacle")
    echo "${not_shown[-1]}"
    return
  fi
  mkdir -p build
  rm -f "$report"
  if ! build "$preset"; then
    fail "build of $preset"
    return
  fi
  local status=0
  "${runner[@]}" ctest --preset "$preset" --parallel "$jobs" --output-junit "$report" "$@" || status=$?
  count "$preset" "$report" "$status"
}
runner=()  # what ctest runs under

# One line for each test of a report that ctest wrote: pass, fail or skip, and its name.
outcomes() {
  awk -F '"' '
    function flush() { if (name != "") print outcome, name }
    /<testcase name="/ {
      flush(); name = $2
      outcome = /status="run"/ ? "pass" : /status="disabled"/ ? "skip" : "fail"
    }
    /<skipped message="SKIP_/ { outcome = "skip" }
    END { flush() }' "$1"
}

# last_words REPORT NAME: the end of what a test printed, for finish() to say again.
last_words() {
  local line
  while IFS= read -r line; do failures+=("    $line"); done < <(awk -v name="$2" '
    index($0, "<testcase name=\"" name "\"") { inside = 1 }
    inside { print }
    inside && /<\/testcase>/ { exit }' "$1" |
    sed -e 's/<[^>]*>//g' -e 's/^[[:space:]]*//' -e '/^$/d' -e 's/&lt;/</g; s/&gt;/>/g; s/&quot;/"/g; s/&amp;/\&/g' | tail -n 20)
}

# count PRESET REPORT STATUS: adds up a report. A skip must be allowed, and a ctest that failed without a failed test
# (no test at all, a crash) is a failure as well.
count() {
  local preset=$1 report=$2 status=$3 before=$failed outcome name
  if [[ -f $report ]]; then
    while read -r outcome name; do
      case $outcome in
        pass) passed=$((passed + 1)) ;;
        skip)
          skipped=$((skipped + 1))
          if ! skip_allowed "$preset" "$name"; then
            fail "$name is skipped in $preset, which tests/allowed-skips.txt does not allow"
          fi
          ;;
        *)
          fail "$name in $preset"
          last_words "$report" "$name"
          ;;
      esac
    done < <(outcomes "$report")
  fi
  if ((status != 0 && failed == before)); then fail "ctest of $preset ended with status $status"; fi
}

# holds CONDITION PRESET: whether the first word of a line of tests/allowed-skips.txt stands for this preset here.
holds() {
  local condition=$1 preset=$2
  # shellcheck disable=SC2053 # a pattern
  case $condition in
    emulated) is_emulated "$preset" ;;
    no-32-bit-programs | no-int80 | no-32-bit-segment | no-filters | no-socket-filters | no-ptrace | no-emulator)
      [[ -n ${lacks[$condition]:-} ]]
      ;;
    *) [[ $preset == $condition ]] ;;
  esac
}

skip_allowed() {
  local preset=$1 name=$2 condition pattern reason
  while read -r condition pattern reason; do
    [[ -n $condition && $condition != \#* && -n $reason ]] || continue
    # shellcheck disable=SC2053 # a pattern
    if [[ $name == $pattern ]] && holds "$condition" "$preset"; then return 0; fi
  done <tests/allowed-skips.txt
  return 1
}

finish() {
  printf '\n=== summary\n'
  printf '%s\n' "${summary[@]}"
  if ((${#failures[@]})); then printf '%s\n' "${failures[@]}"; fi
  if ((${#not_shown[@]})); then printf 'NOT SHOWN: %s\n' "${not_shown[@]}"; fi
  printf 'total time %d s\n' "$SECONDS"
  printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  ((failed == 0 && passed > 0))
}
