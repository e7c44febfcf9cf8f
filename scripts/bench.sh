#!/bin/bash
# Measures callgate beside its peers.
#
#   scripts/bench.sh [FILTER]     measures what the regular expression finds among names such as
#                                 "decide/service/mix/xbyak x86_64 full" (default: decisions on the streams mix and
#                                 uniform), and prints tables in Markdown
#   scripts/bench.sh --goals      the same default, and what callgate wants to reach, goal by goal: met or missed
#
# All evaluators first have to agree on every call. Keep the machine quiet: disturbed chunks are dropped, but a busy
# neighbour also takes caches and memory away. The figures stay in build/bench/figures.json, which Google Benchmark's
# compare.py reads.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$root/build/bench

goals=
if [[ ${1:-} == --goals ]]; then
  goals=1
  shift
fi
filter=${1:-^decide/[a-z-]+/(mix|uniform)/}

mkdir -p "$build"
if ! (cd "$root" && cmake --preset release -B "$build" -DCALLGATE_BUILD_TESTS=OFF -DCALLGATE_WERROR=OFF &&
      cmake --build "$build" --target callgate-bench) >"$build/build.log" 2>&1; then
  tail -n 40 "$build/build.log" >&2
  exit 1
fi

figures=$build/figures.json
"$build/bench/callgate-bench" --benchmark_filter="$filter" --benchmark_out="$figures" >"$build/bench.log" 2>&1 ||
  { cat "$build/bench.log" >&2; exit 1; }

echo "$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1), $(nproc) processors, Linux $(uname -r), $(g++ --version | head -n 1)"
echo "Load average when it ended: $(cut -d' ' -f1-3 /proc/loadavg)"
cd "$root/bench"
export PYTHONDONTWRITEBYTECODE=1
python3 -m report tables "$figures"
[[ -z $goals ]] || python3 -m report goals "$figures"
