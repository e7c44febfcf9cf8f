#!/bin/bash
# plots.sh [FIGURES.json]: draws the pictures of BENCHMARKS.md into docs/figures/, from what "scripts/bench.sh --all" left in
# build/bench/figures.json. Needs python3 and gnuplot (scripts/setup.sh --bench).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
figures=$(realpath "${1:-$root/build/bench/figures.json}")
command -v gnuplot >/dev/null || { echo "plots: gnuplot is not installed (scripts/setup.sh --bench)" >&2; exit 1; }
mkdir -p "$root/docs/figures"
cd "$root/bench"
PYTHONDONTWRITEBYTECODE=1 python3 -m report plots "$root/docs/figures" "$figures"
