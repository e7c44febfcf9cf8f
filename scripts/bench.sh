#!/bin/bash
# Measures callgate beside its peers.
#
#   scripts/bench.sh [FILTER]   measures what the regular expression finds among names such as
#                               "decide/service/mix/xbyak x86_64 full" (default: decisions on mix and uniform), and prints
#                               tables
#   scripts/bench.sh --goals    measures what the goals need, and prints goal by goal: met or missed
#   scripts/bench.sh --all      measures everything three times, with the 32-bit build, and writes BENCHMARKS.md and its
#                               pictures: five minutes and the builds, which take as long again where there is
#                               nothing; a busy machine takes seven
#   scripts/bench.sh --workloads DIR…
#                               measures your filters, and prints the tables that BENCHMARKS.md has. A file NAME.bpf, .ddd, .hex,
#                               .c, .asm, .txt or .json in DIR is a workload, in any format that the callgate command reads, and
#                               NAME-0.bpf, NAME-1.bpf … are one: a chain, oldest first. NAME.records (struct seccomp_data) and
#                               NAME.calls (of callgate record), also as .xz, are streams for all; without any, the suite's are
#                               taken. Folders in DIR are not entered: name them as well. scripts/real-filters.sh makes a folder
#                               of real filters
#
# All deciders first have to agree on every call. Keep the machine quiet: disturbed chunks are dropped, but a busy
# neighbour also takes caches and memory away. The figures stay in build/bench (figures.json; of --all
# figures-1.json …), which Google Benchmark's compare.py reads. "scripts/setup.sh --bench" installs the peers.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out=$root/build/bench

decisions='^decide/[a-z-]+/(mix|uniform)/'
compiling='^(attach|publish|size|one-more|stage|adversary)/'
selection=()
case ${1:-} in
  --workloads)
    (($# > 1)) || { echo "bench: --workloads needs a folder" >&2; exit 2; }
    filter=.
    source "$root/scripts/bench-workloads.sh" "${@:2}"
    ;;
  --goals) filter="$decisions|$compiling|^(length/(1|64)|domains)/" ;;
  --all) filter="^(isolated|l1-cold|l2-cold)/[a-z-]+/(mix|uniform|own-arguments)/|$compiling|^(decide|length|domains|threads|memory|startup|kernel)/" ;;
  *) filter=${1:-$decisions} ;;
esac

# build PRESET
build() {
  if ! (cd "$root" && cmake --preset "$1" && cmake --build --preset "$1" --target callgate-bench) >"$out/build.log" 2>&1; then
    tail -n 40 "$out/build.log" >&2
    return 1
  fi
}
# measure PRESET FILTER FILE
measure() {
  echo "Measuring ($1)" >&2
  "$root/build/$1/bench/callgate-bench" "${selection[@]}" --benchmark_filter="$2" --benchmark_out="$3" >"$out/bench.log" 2>&1 ||
    { cat "$out/bench.log" >&2; return 1; }
}
report() { (cd "$root/bench" && PYTHONDONTWRITEBYTECODE=1 python3 -m report "$@"); }

mkdir -p "$out"
# What is missing should not show after minutes.
[[ ${1:-} != --all ]] ||
  { "$root/scripts/setup.sh" --with-i386 --bench && command -v gnuplot >/dev/null && command -v python3 >/dev/null; } ||
  { echo "bench: --all needs gnuplot, python3 and a 32-bit compiler (scripts/setup.sh --with-i386 --bench)" >&2; exit 1; }
build release
if [[ ${1:-} == --all ]]; then
  # Times under an emulator would be those of the emulator.
  no_32=$("$root/scripts/machine.sh" | sed -n 's/^32-bit-programs\t//p')
  if [[ $no_32 == yes ]]; then build m32; else echo "bench: 32-bit figures are left out: $no_32" >&2; fi
  wide=() narrow=()
  for pass in 1 2 3; do
    wide+=("$out/figures-$pass.json")
    measure release "$filter" "${wide[-1]}"
    [[ $no_32 == yes ]] || continue
    narrow+=("$out/figures-32-$pass.json")
    measure m32 "$decisions" "${narrow[-1]}"
  done
  figures=("${wide[@]}")
  if ((${#narrow[@]})); then figures+=(--narrow "${narrow[@]}"); fi
else
  wide=("$out/figures.json")
  measure release "$filter" "${wide[0]}"
  figures=("${wide[@]}")
fi

echo "$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1), $(nproc) processors, Linux $(uname -r), $(g++ --version | head -n 1)"
echo "Load average when it ended: $(cut -d' ' -f1-3 /proc/loadavg)"
[[ ${1:-} == --workloads ]] && { report workloads "${wide[@]}"; exit; }
report tables "${wide[@]}"
case ${1:-} in
  --goals) report goals "${figures[@]}" ;;
  --all)
    report goals "${figures[@]}"
    report page "${figures[@]}" >"$out/page.md"
    "$root/scripts/plots.sh" "${wide[@]}"
    mv "$out/page.md" "$root/BENCHMARKS.md"
    ;;
esac
