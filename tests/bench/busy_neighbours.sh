#!/bin/bash
# busy_neighbours.sh CALLGATE SLOWER [RUNS]: with a busy loop beside it on each processor, "callgate bench" passes a command that
# has not changed RUNS times in a row (default: 5) at 5 %, and fails, by times alone and by instructions alone, one that takes a
# tenth longer. For the nightly tests: it takes minutes, and it judges times.
set -euo pipefail
callgate=$(realpath "$1") slower=$(realpath "$2") runs=${3:-5}
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=$(mktemp -d)
neighbours=()
for ((i = 0; i < $(nproc); ++i)); do
  (while :; do :; done) &
  neighbours+=($!)
done
trap 'kill "${neighbours[@]}"; rm -rf "$work"' EXIT

printf 'ld [0]\njeq #3, deny\nld [16]\nand #0xff\njgt #0x20, deny\nret #0x7fff0000\ndeny: ret #0x50009\n' >"$work/older"
printf 'ld [0]\njge #300, deny\nret #0x7fff0000\ndeny: ret #0x50026\n' >"$work/newer"
bench() { "$@" -f "$work/older" -f "$work/newer" --stream bench/streams/mix.calls --seconds 1; }
failed=0
# expect STATUS COMMAND OPTION…
expect() {
  local wanted=$1 command=$2 status=0
  shift 2
  bench "$command" bench --baseline "$work/baseline.json" --max-regress 5% "$@" >"$work/output" 2>&1 || status=$?
  ((status == wanted)) || { echo "FAILED: expected exit code $wanted, got $status: $command $*"; cat "$work/output"; failed=1; }
}

bench "$callgate" bench --json >"$work/baseline.json"
for ((i = 0; i < runs; ++i)); do expect 0 "$callgate"; done
for _ in 1 2; do expect 1 "$slower" --compare times; done
expect 1 "$slower" --compare instructions
exit "$failed"
