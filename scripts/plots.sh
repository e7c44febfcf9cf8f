#!/bin/bash
# plots.sh [FIGURES.json…]: draws the pictures of BENCHMARKS.md into docs/figures/, from what "scripts/bench.sh --all" left in
# build/bench. Needs python3 and gnuplot (scripts/setup.sh --bench).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
figures=("$@")
((${#figures[@]})) || figures=("$root"/build/bench/figures-[0-9].json)
[[ -e ${figures[0]} ]] || { echo "plots: no ${figures[0]}: run scripts/bench.sh --all first" >&2; exit 1; }
command -v gnuplot >/dev/null || { echo "plots: gnuplot is not installed (scripts/setup.sh --bench)" >&2; exit 1; }
mapfile -t figures < <(realpath "${figures[@]}")
mkdir -p "$root/docs/figures"
cd "$root/bench"
PYTHONDONTWRITEBYTECODE=1 python3 -m report plots "$root/docs/figures" "${figures[@]}"
