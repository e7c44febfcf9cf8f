#!/bin/bash
# bench-gate.sh FOLDER [OPTION…]: whether the decisions of your filters became slower. Copy it beside your filters.
#
# Runs "callgate bench OPTION…" and compares it with the baseline that FOLDER has for this model of processor. If it has none,
# this run becomes it. The figures of this run are in callgate-bench.json. Exit code: that of callgate bench (1: slower; 3: the
# baseline is of other filters or calls).
#
# RECORD=always  this run becomes the baseline, whatever it says: for a change of speed that you want
# RECORD=other   the same where the baseline is of other filters or calls, with a warning: such runs cannot be compared
# CALLGATE       the command
#
# A baseline is kept as it is: if each run became the next one's, 4 % a week would pass for ever.
set -euo pipefail
folder=${1:?usage: bench-gate.sh FOLDER [OPTION…]}
shift
callgate=${CALLGATE:-callgate}
figures=callgate-bench.json

model=$(sed -n '/^\(cpu family\|model\|model name\|stepping\)[[:space:]]*:/p; /^$/q' /proc/cpuinfo)
baseline=$folder/$(sha256sum <<<"$model" | cut -c 1-12).json
mkdir -p "$folder"

keep() {
  cp "$figures" "$baseline"
  echo "bench-gate: this run is the baseline now ($1): $baseline" >&2
}

if [[ ! -s $baseline || ${RECORD:-} == always ]]; then
  "$callgate" bench "$@" --json >"$figures"
  keep "$([[ -s $baseline ]] && echo 'asked for' || echo 'there was none for this processor')"
  exit 0
fi
status=0
"$callgate" bench "$@" --baseline "$baseline" --json >"$figures" || status=$?
if ((status == 3)) && [[ ${RECORD:-} == other ]]; then
  echo "::warning::bench-gate: the baseline is of something else, so this run is compared with nothing" >&2
  "$callgate" bench "$@" --json >"$figures"
  keep 'the former one is of something else'
  exit 0
fi
exit "$status"
