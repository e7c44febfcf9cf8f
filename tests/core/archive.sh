#!/bin/bash
# archive.sh ARCHIVE: the freestanding core needs nothing from outside, whatever the flags of the build, and all of its code
# uses general registers alone: no vector and x87 registers, no thread-local storage (segment registers), no system call.
set -euo pipefail
archive=$1
command -v objdump >/dev/null || { echo "skipped: objdump (binutils) is not installed"; exit 77; }

needed=$(nm --undefined-only "$archive" | awk '$1 == "U" || $1 == "w" { print $2 }' | sort -u)
defined=$(nm --defined-only "$archive" | awk 'NF == 3 { print $3 }' | sort -u)
outside=$(comm -23 <(echo "$needed") <(echo "$defined") | grep -vx '_GLOBAL_OFFSET_TABLE_' || true)
[[ -z $outside ]] || { echo "FAILED: needs $outside"; exit 1; }

public=$(nm --defined-only --extern-only "$archive" | awk '$2 ~ /[TDBW]/ { print $3 }' | sort -u |
  grep -vE '^(_ZN?K?S?t?[0-9A-Z]*21callgate_freestanding|_ZZ?NK?21callgate_freestanding|callgate_|__x86\.get_pc_thunk|_ZNK?St|_ZSt)' || true)
[[ -z $public ]] || { echo "FAILED: defines $public"; exit 1; }

shared=$(nm --defined-only --extern-only "$archive" | awk '$2 == "W" || $2 == "V" { print $3 }' | sort -u |
  grep -vxE 'callgate_evaluate_frame_once|callgate_core_.*|_Z.*21callgate_freestanding.*|__x86\.get_pc_thunk\..*' || true)
[[ -z $shared ]] || { echo "FAILED: a linker may take others of the same name: $shared"; exit 1; }

listing=$(objdump --disassemble --no-show-raw-insn --wide "$archive")
count=$(grep -cE '^ +[0-9a-f]+:' <<<"$listing")
[[ $count -gt 400 ]] || { echo "FAILED: only $count instructions"; exit 1; }
if grep -qE '^[^ ].*file format elf(32-i386|64-x86-64)' <<<"$listing"; then
  bad='%[xyz]?mm[0-9]|%st\b|%[fg]s\b|%k[0-7]|^(syscall|sysenter|int|f[a-z]+|emms|xsave|xrstor|vzero[a-z]*)\b'
elif grep -q 'elf64-littleaarch64' <<<"$listing"; then
  bad='\b[vqdsh][0-9]+\b[.,]|^svc\b|tpidr'
else
  echo "skipped: no list of registers for this machine"
  exit 77
fi
code=$(sed -nE 's/^ +[0-9a-f]+:\s*//; T; s/^((lock|rep[a-z]*|cs|data16|notrack|bnd) +)+//; s/\s*#.*$//; s/<.*>//; /^nop/d; p' <<<"$listing")
! grep -E "$bad" <<<"$code" || { echo "FAILED: these use more than general registers"; exit 1; }
echo "$count instructions checked"
