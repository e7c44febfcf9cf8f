#!/bin/bash
# perf-check.sh [--quick] [--all] [--update --reason TEXT]: whether callgate became slower or larger.
#
# Instructions under callgrind and bytes, and without --quick also times as ratios, against bench/baseline.json. Prints
# before, now and change of what has changed (--all: of everything); exit code 1 if anything is worse than allowed.
# --update makes what is measured the baseline: say in --reason what changed, and why that is right.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=build/release

arguments=(--bench "$PWD/$build/bench/callgate-bench")
targets=(callgate-perf callgate-bench)
while (($#)); do
  case $1 in
    --quick)
      arguments=("${arguments[@]:2}")
      targets=(callgate-perf)
      ;;
    *) arguments+=("$1") ;;
  esac
  shift
done

command -v valgrind >/dev/null && command -v python3 >/dev/null ||
  { echo "perf-check: valgrind and python3 are needed (scripts/setup.sh)" >&2; exit 2; }
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { cmake --preset release && cmake --build --preset release --target "${targets[@]}"; } >"$log" 2>&1; then
  tail -n 40 "$log" >&2
  exit 2
fi
cd bench
PYTHONDONTWRITEBYTECODE=1 python3 -m report.gate --perf "../$build/bench/callgate-perf" --baseline baseline.json "${arguments[@]}"
