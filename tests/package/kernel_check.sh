#!/bin/bash
# The installed command finds its probes, wherever the tree was moved to.
. "${BASH_SOURCE%/*}/lib.sh"
if [[ ,${CALLGATE_MACHINE:-}, == *,no-filters,* ]]; then
  echo "skipped: CALLGATE_MACHINE says that this kernel loads no filters"
  exit 77
fi
copy_out

callgate=$(find "$prefix" -name callgate -type f -perm -u+x)
[[ -n $callgate ]] || fail "the command is not installed"
probes=$(find "$prefix" -name 'callgate-probe*')
out=$(${LAUNCHER:+"$LAUNCHER"} "$callgate" kernel-check --programs 20) || fail "$out"
for probe in $probes; do
  bits=${probe##*probe}
  ! grep "skipped: the $bits-bit probe is not there" <<<"$out" || fail "$probe is not found"
done
