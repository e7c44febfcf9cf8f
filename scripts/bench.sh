#!/bin/bash
# Measures decisions and attaching on every workload and engine, and prints tables in Markdown.
#
#   scripts/bench.sh [FILTER]     FILTER: a regular expression over names such as decide/service/mix/xbyak x86_64 full
#
# Keep the machine quiet meanwhile: figures are medians of CPU time, in random order, yet a busy neighbour shows.
# CALLGATE_BENCH_TIME (seconds for each figure and repetition, default 0.05) makes them steadier.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$root/build/bench

mkdir -p "$build"
if ! (cd "$root" && cmake --preset release -B "$build" -DCALLGATE_BUILD_TESTS=OFF -DCALLGATE_WERROR=OFF &&
      cmake --build "$build" --target callgate-bench) >"$build/build.log" 2>&1; then
  tail -n 40 "$build/build.log" >&2
  exit 1
fi

csv=$build/figures.csv
"$build/bench/callgate-bench" --benchmark_format=csv --benchmark_repetitions=7 --benchmark_report_aggregates_only=true \
  --benchmark_enable_random_interleaving=true --benchmark_min_time="${CALLGATE_BENCH_TIME:-0.05}" \
  --benchmark_filter="${1:-.}" >"$csv" 2>"$build/bench.log" || { cat "$build/bench.log" >&2; exit 1; }

echo "$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1), $(nproc) processors, Linux $(uname -r), $(g++ --version | head -n 1)"
echo "Load average when it ended: $(cut -d' ' -f1-3 /proc/loadavg)"

# The names in the order of the program: the runs themselves come in random order.
"$build/bench/callgate-bench" --benchmark_list_tests --benchmark_filter="${1:-.}" >"$build/names"

# table KIND UNIT: the medians of "KIND/workload[/stream]/engine", a row for each workload and stream.
table() {
  awk -F'"' -v kind="$1" -v unit="$2" '
    function split_name(name) {
      engine = name
      sub(/.*\//, "", engine)
      row = substr(name, length(kind) + 2, length(name) - length(engine) - length(kind) - 2)
      sub(/\//, ", ", row)
    }
    FNR == NR {
      if (index($0, kind "/") != 1) next
      split_name($0)
      if (engine == "empty call") next
      if (!(row in known_row)) { known_row[row]; rows[++row_count] = row }
      if (!(engine in known_engine)) { known_engine[engine]; engines[++engine_count] = engine }
      next
    }
    index($2, kind "/") == 1 && sub(/_median$/, "", $2) {
      split_name($2)
      split($3, field, ",")
      value[row, engine] = sprintf(field[4] < 100 ? "%.2f" : "%.0f", field[4])
      if (engine == "empty call") empty = empty sprintf("Empty indirect call on %s: %s %s.\n", row, value[row, engine], unit)
    }
    END {
      if (row_count == 0) exit
      gsub(/nothing, /, "", empty)
      printf "\n%s, %s\n\n| workload |", kind, unit
      for (e = 1; e <= engine_count; ++e) printf " %s |", engines[e]
      printf "\n| --- |"
      for (e = 1; e <= engine_count; ++e) printf " ---: |"
      for (r = 1; r <= row_count; ++r) {
        printf "\n| %s |", rows[r]
        for (e = 1; e <= engine_count; ++e) printf " %s |", value[rows[r], engines[e]]
      }
      printf "\n%s%s", empty == "" ? "" : "\n", empty
    }' "$build/names" "$csv"
}
table decide ns
table attach µs
