#!/bin/bash
# tap.sh CALLGATE-TAP: writes the filters that a program and its children load, as the chains that they are. Exit code 77: skipped.
set -euo pipefail
tap=$(realpath "$1")
command -v python3 >/dev/null || { echo "skipped: python3 is not installed"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
status=0
"$tap" probe true 2>said || status=$?
((status == 1)) || { echo "skipped: processes cannot be traced here: $(cat said)"; exit 77; }
failed=0
bad() { echo "FAILED: $*"; failed=1; }
# load NUMBER… loads for each a filter that refuses a system call of that number, which nobody makes; "+" forks: what follows is
# the child's.
cat >load <<'PYTHON'
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
class Fprog(ctypes.Structure):
    _fields_ = [('length', ctypes.c_ushort), ('instructions', ctypes.c_void_p)]
libc.prctl(38, 1, 0, 0, 0)
for word in sys.argv[1:]:
    if word == '+':
        if os.fork() != 0:
            os.wait()
            break
        continue
    code = b''.join(struct.pack('<HBBI', *insn) for insn in
                    [(0x20, 0, 0, 0), (0x15, 0, 1, int(word)), (6, 0, 0, 0x50001), (6, 0, 0, 0x7fff0000)])
    buffer = ctypes.create_string_buffer(code)
    libc.prctl(22, 2, ctypes.byref(Fprog(len(code) // 8, ctypes.addressof(buffer))), 0, 0)
PYTHON
# gives "FILES" NAME WORD…
gives() {
  local wanted=$1 name=$2
  "$tap" "$name" python3 load "${@:3}" || bad "$name: exit code $?"
  [[ $(echo "$name"*) == "$wanted" ]] || bad "not $wanted: $(echo "$name"*)"
}
! compgen -G 'probe*' >/dev/null || bad "a filter of a program that loads none"
gives one.bpf one 1000
[[ $(od -An -tx1 one.bpf | tr -d ' \n') == 200000000000000015000001e80300000600000001000500060000000000ff7f ]] || bad "$(od -An -tx1 one.bpf)"
gives 'two-0.bpf two-1.bpf' two 1000 1001
cmp one.bpf two-0.bpf || bad "not oldest first"
gives 'child-0.bpf child-1.bpf' child 1000 + 1001  # the parent's chain is the beginning of it
cmp one.bpf child-0.bpf || bad "not what it inherited"
"$tap" apart sh -c 'python3 load 1000; python3 load 1001; python3 load 1000'
[[ $(echo apart*) == 'apart.2.bpf apart.bpf' ]] || bad "not two processes' filters: $(echo apart*)"
status=0
"$tap" 2>/dev/null || status=$?
((status == 2)) || bad "exit code $status of wrong usage"
exit "$failed"
