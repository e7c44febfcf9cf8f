#!/bin/bash
# workloads_folder.sh BENCH-WORKLOADS.SH: what "scripts/bench.sh --workloads DIR" takes for workloads, chains and streams.
set -euo pipefail
script=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failed=0
bad() { echo "FAILED: $*"; failed=1; }
# The words that it gives to callgate-bench, one a line, and what it says.
selected() { (set -euo pipefail; selection=(); source "$script" "$@"; printf '%s\n' "${selection[@]}"); }

mkdir one one/within two gap none
touch one/alone.bpf one/profile.json one/pair-0.bpf one/pair-1.bpf one/single-1.bpf one/some.calls one/some.records.old
touch two/other-name.bpf gap/pair-0.bpf gap/pair-2.bpf none/notes
printf 'abc' >two/raw.records
selected one two >got 2>said || bad "it fails: $(cat said)"
diff - got <<'WANTED' || bad "other words"
--workload
alone=one/alone.bpf
--workload
pair=one/pair-0.bpf,one/pair-1.bpf
--workload
profile=one/profile.json
--workload
single-1=one/single-1.bpf
--stream
one/some.calls
--workload
other-name=two/other-name.bpf
--stream
two/raw.records
WANTED
for left_out in one/within one/some.records.old; do grep -q "$left_out is left out" said || bad "silent about $left_out"; done

for ten in 0 1 2 3 4 5 6 7 8 9 10; do touch "none/ten-$ten.bpf"; done
[[ $(selected none 2>/dev/null | tail -n 1) == *ten-9.bpf,none/ten-10.bpf ]] || bad "not in the order of the numbers"
rm none/*.bpf

# refuses TEXT FOLDER
refuses() {
  local status=0
  selected "$2" >got 2>said || status=$?
  ((status == 2)) && grep -qF "$1" said || bad "$2: exit code $status, and not '$1': $(cat said)"
}
refuses 'pair-1.bpf is missing' gap
refuses 'no filter in none' none
refuses 'nowhere: is no folder' nowhere
mkdir comma && touch comma/a,b.bpf
refuses 'a comma' comma

if command -v xz >/dev/null; then
  xz two/raw.records
  (selection=() && source "$script" two && cmp <(printf 'abc') "${selection[3]}") || bad "not unpacked"
fi
exit "$failed"
