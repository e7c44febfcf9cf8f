# Stages of test.sh and nightly.sh: each is timed and counted, none stops the others, finish() adds them up.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

jobs=$(nproc)
passed=0 failed=0 skipped=0
summary=()

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

# step COMMAND…: what has no tests of its own counts as one.
step() {
  if "$@"; then
    passed=$((passed + 1))
  else
    echo "FAILED: $*" >&2
    failed=$((failed + 1))
  fi
}

build() {
  cmake --preset "$1" >"build/$1.configure.log" 2>&1 || { cat "build/$1.configure.log"; return 1; }
  grep '^-- callgate:' "build/$1.configure.log" || true
  cmake --build --preset "$1" --parallel "$jobs" -- -k 0
}

# try_filters: whether the kernel loads a filter, tried once, in a process that may hang for ever. If not, tests that need it
# are skipped with the reason.
filters_tried=
try_filters() {
  [[ -z $filters_tried && -z ${CALLGATE_NO_FILTERS:-} ]] || return 0
  filters_tried=1
  mkdir -p build
  g++ -O1 -o build/try_filter -x c++ - <<'SOURCE' || return 0
#include <cerrno>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
int main() {
  sock_filter allow[] = {{0x06, 0, 0, 0x7fff0000}};
  const sock_fprog program = {1, allow};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 1;
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0;
}
SOURCE
  build/try_filter </dev/null >/dev/null 2>&1 &
  local pid=$! i
  for ((i = 0; i < 100; ++i)); do
    if ! kill -0 "$pid" 2>/dev/null; then
      if wait "$pid"; then return 0; fi
      export CALLGATE_NO_FILTERS="the kernel refuses a filter that allows everything"
      break
    fi
    sleep 0.1
  done
  : "${CALLGATE_NO_FILTERS:="the kernel does not come back from loading a filter (waited 10 s)"}"
  export CALLGATE_NO_FILTERS
  disown "$pid" 2>/dev/null || true
  echo "WARNING: $CALLGATE_NO_FILTERS: tests that compare with the kernel are skipped" >&2
}

# suite PRESET [CTEST-ARGUMENT…]: configures, builds and runs the tests of a preset.
suite() {
  try_filters
  local preset=$1 report=$PWD/build/$1.tests.xml
  shift
  mkdir -p build
  rm -f "$report"
  if ! build "$preset"; then
    echo "FAILED: build of $preset" >&2
    failed=$((failed + 1))
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
            echo "FAILED: $name is skipped in $preset, which tests/allowed-skips.txt does not allow" >&2
            failed=$((failed + 1))
          fi
          ;;
        *) failed=$((failed + 1)) ;;
      esac
    done < <(outcomes "$report")
  fi
  if ((status != 0 && failed == before)); then
    echo "FAILED: ctest of $preset ended with status $status" >&2
    failed=$((failed + 1))
  fi
}

skip_allowed() {
  local preset=$1 name=$2 presets pattern reason
  while read -r presets pattern reason; do
    [[ -n $presets && $presets != \#* ]] || continue
    # shellcheck disable=SC2053 # both are patterns
    [[ $presets != no-filters || -z ${CALLGATE_NO_FILTERS:-} ]] || presets=$preset
    if [[ $preset == $presets && $name == $pattern && -n $reason ]]; then
      return 0
    fi
  done <tests/allowed-skips.txt
  return 1
}

finish() {
  printf '\n=== summary\n'
  printf '%s\n' "${summary[@]}"
  printf 'total time %d s\n' "$SECONDS"
  printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  ((failed == 0 && passed > 0))
}
