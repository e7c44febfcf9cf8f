#!/bin/bash
# demo.sh CALLGATE-DEMO: what the demo says of a recording of three calls: the tables have totals, the last line is
# one, and of a chain without code it says what decides.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/recording" <<'RECORDING'
7 [  39] [00007fdc03ee1a10] getpid() = 7
7 [   3] [00007fdc03ee1a10] close(0x4) = 0
7 [ 176] [00007fdc03ee1a10] delete_module(0xffffffffffffffff, 0) = -1 EPERM (Operation not permitted)
RECORDING
${LAUNCHER:+"$LAUNCHER"} "$1" "$work/recording" --seconds 0.01 >"$work/output"

failed=0
says() { grep -q "$1" "$work/output" || { echo "FAILED: does not say '$1'" && failed=1; }; }
says '^       2  calls in total, of 2 kinds'
says '^       1  calls in total, of 1 kinds'
says '^no executable memory: decides by table, then graph or interpreter (Options::no_exec_memory asks for it)$'
[[ $(tail -n 1 "$work/output") == 'Total: 3 calls, decided by 13 filters in '*' ways: all give the same decisions' ]] ||
  { echo "FAILED: the last line is no total" && failed=1; }
((failed == 0)) || cat "$work/output"
exit $failed
