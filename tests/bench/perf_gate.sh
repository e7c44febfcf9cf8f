#!/bin/bash
# perf_gate.sh PERF SEEDED: the gate of scripts/perf-check.sh passes when nothing changed, and fails for every slow-down
# that is sown into callgate (bench/perf/seeds.cc). On two workloads, of which one has calls that run code, with a
# baseline of its own. Exit code 77: skipped.
set -euo pipefail
perf=$(realpath "$1") seeded=$(realpath "$2")
cd "$(dirname "${BASH_SOURCE[0]}")/../../bench"
export PYTHONDONTWRITEBYTECODE=1

for tool in valgrind python3; do
  command -v "$tool" >/dev/null || { echo "skipped: $tool is not installed"; exit 77; }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
workloads=(hardening argument-heavy)
gate() { python3 -m report.gate --baseline "$work/baseline.json" "$@" "${workloads[@]}"; }
failed=0
expect() {
  local wanted=$1 status=0
  shift
  gate "$@" >"$work/output" 2>&1 || status=$?
  if ((status != wanted)); then
    echo "FAILED: expected exit code $wanted, got $status: $*"
    cat "$work/output"
    failed=1
  fi
}

expect 2 --perf "$perf" --update                          # without a reason
expect 0 --perf "$perf" --update --reason 'a test'
expect 0 --perf "$perf"
expect 0 --perf "$seeded"                                 # nothing sown
for seed in 'hot path' pass code; do
  expect 1 --perf "$seeded" --seed "$seed"
  grep -q WORSE "$work/output" || { echo "FAILED: no line says what is worse: $seed"; failed=1; }
done
exit "$failed"
