#!/bin/bash
# any_workloads.sh CALLGATE-BENCH: filters and streams that are given as files are measured by everybody, at all paces and on
# all kinds of streams, and nothing but them; what is wrong is said with the file's name before anything is measured.
set -euo pipefail
# LAUNCHER in the environment is the emulator that runs the program, if one does.
bench=(${LAUNCHER:+"$LAUNCHER"} "$(realpath "$1")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failed=0
bad() { echo "FAILED: $*" && failed=1; }

printf 'ld [0]\njeq #3, deny\njeq #5, more, allow\nmore: ld [20]\njeq #7, low, deny\nlow: ld [16]\njeq #9, allow\ndeny: ret #0x50009\nallow: ret #0x7fff0000\n' >older
printf 'ld [0]\njge #300, deny\nret #0x7fff0000\ndeny: ret #0x50026\n' >newer
printf '0 1 2\n3 4\n* 20\n5 700000009\n' >some.calls
head -c 640 /dev/zero >zeros.records

"${bench[@]}" --workload "chain=older,newer" --workload=constant=newer --stream some.calls --stream=zeros.records \
  --benchmark_list_tests=true >names
for name in decide/chain/some/interp isolated/chain/some/interp l1-cold/constant/zeros/interp \
  l2-cold/chain/own-arguments/interp decide/chain/some-long/interp decide/chain/uniform/interp \
  decide/chain/uniform-long/interp decide/chain/own-arguments-long/interp \
  'decide/chain/some/clang -O3 whole chain' 'decide/chain/some/libpcap bpf_filter' 'decide/chain/some/DPDK rte_bpf' \
  attach/chain/interp memory/chain/interp; do
  grep -q "^$name" names || bad "nothing is named $name"
done
! grep -q -e /container/ -e /mix/ -e ^kernel/ names || bad "the suite's own is measured as well"

"${bench[@]}" --workload chain=older,newer --workload constant=newer --stream some.calls --benchmark_out=figures.json \
  --benchmark_filter='^decide/(chain/(some-long|own-arguments)|constant/own-arguments)/(interp|no exec|empty)' >output 2>&1 ||
  { bad "it fails"; cat output; }
grep -q '"numbers of chain": "' figures.json || bad "nothing says what decides"
[[ $(grep -c '"empty_calls"' figures.json) == 6 ]] || bad "not six figures: $(grep -c '"empty_calls"' figures.json)"
grep -q 'judge no number by arguments' figures.json || bad "own arguments of a filter that asks for none"

# says TEXT OPTION…
says() {
  local text=$1 status=0
  shift
  "${bench[@]}" --benchmark_filter=nothing "$@" >output 2>&1 || status=$?
  ((status == 1)) && grep -qF -e "$text" output || { bad "exit code $status, and not '$text': $*"; cat output; }
}
printf 'ld [2]\nret #0\n' >unaligned
says 'unaligned: ' --workload x=older,unaligned
says 'nowhere: cannot be read' --workload x=nowhere
says 'the name comes twice' --workload x=older --workload x=newer
says 'is not NAME=FILE' --workload older
says 'needs a value' --workload
says 'nowhere: cannot be read' --workload x=older --stream nowhere
says 'two streams are named some' --workload x=older --stream some.calls --stream some.calls
exit "$failed"
