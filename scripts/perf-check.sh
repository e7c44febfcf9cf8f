#!/bin/bash
# perf-check.sh [--quick] [--all] [--preset NAME] [--baseline FILE] [--update --reason TEXT]: whether callgate became slower or
# larger.
#
# Instructions under callgrind and bytes, and without --quick also times as ratios, against bench/baseline.json. Prints
# before, now and change of what has changed (--all: of everything); exit code 1 if anything is worse than allowed.
# --update makes what is measured the baseline: say in --reason what changed, and why that is right.
# --preset measures another build than "release": clang, m32. The baseline keeps figures by compiler, C library and word size.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

quick='' preset=release baseline=$root/bench/baseline.json arguments=()
while (($#)); do
  case $1 in
    --quick) quick=1 ;;
    --preset) preset=${2:?--preset needs a name} && shift ;;
    --baseline) baseline=$(realpath "${2:?--baseline needs a file}") && shift ;;
    *) arguments+=("$1") ;;
  esac
  shift
done
build=$root/build/$preset
targets=(callgate-perf)
if [[ -z $quick ]]; then
  targets+=(callgate-bench)
  arguments=(--bench "$build/bench/callgate-bench" "${arguments[@]}")
fi

command -v valgrind >/dev/null && command -v python3 >/dev/null ||
  { echo "perf-check: valgrind and python3 are needed (scripts/setup.sh)" >&2; exit 2; }
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { cd "$root" && cmake --preset "$preset" && cmake --build --preset "$preset" --target "${targets[@]}"; } >"$log" 2>&1; then
  tail -n 40 "$log" >&2
  exit 2
fi
cd "$root/bench"
PYTHONDONTWRITEBYTECODE=1 python3 -m report.gate --perf "$build/bench/callgate-perf" --baseline "$baseline" "${arguments[@]}"
