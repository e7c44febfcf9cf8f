#!/bin/bash
# hardening.sh BUILD: what decides calls uses general registers alone and calls nothing from outside, also when a
# distribution's hardening flags build it: the files of the evaluate path and of the freestanding core, compiled once more by
# the commands of the build with those flags in front.
. "${BASH_SOURCE%/*}/lib.sh"
build=$1
flags="-O2 -g -fstack-protector-strong -fstack-protector-all -fstack-clash-protection -fcf-protection -fPIE -U_FORTIFY_SOURCE"
flags+=" -D_FORTIFY_SOURCE=2 -D_GLIBCXX_ASSERTIONS -ftrivial-auto-var-init=zero -fno-omit-frame-pointer"
[[ -f $build/compile_commands.json ]] || { echo "skipped: no compile_commands.json"; exit 77; }
command -v objdump >/dev/null || { echo "skipped: objdump (binutils) is not installed"; exit 77; }

# The commands of the files that are compiled for the evaluate path.
awk '/"command":.* -fno-stack-protector .* -c / { sub(/^ *"command": "/, ""); sub(/",$/, ""); gsub(/\\"/, "\""); print }' \
  "$build/compile_commands.json" | grep -vE 'tests/' >"$work/commands"
count=$(wc -l <"$work/commands")
[[ $count -ge 15 ]] || fail "only $count files of the evaluate path"

compile() { # NUMBER COMMAND
  local command=${2/ -I/ $flags -I}
  [[ $command != "$2" ]] || { echo "no -I in $2"; exit 1; }
  command=$(sed -E "s|-o [^ ]*|-o $work/$1.o|; s|-M[DTF]+ ?[^ ]*\.o(\.d)?||g; s| -MD||" <<<"$command")
  (cd "$build" && eval "$command -w") || exit 1
}
number=0
while read -r command; do
  compile $((++number)) "$command"
done <"$work/commands"

outside=$(nm --undefined-only "$work"/*.o | awk '$1 == "U" { print $2 }' | sort -u |
  grep -vE '^(_ZN?K?[0-9A-Z]*(8callgate|21callgate_freestanding)|callgate_|_GLOBAL_OFFSET_TABLE_|__x86)' |
  grep -vxE 'mem(cpy|move|set)' || true)
[[ -z $outside ]] || fail "these are called: $outside"
code=$(objdump --disassemble --no-show-raw-insn --wide "$work"/*.o | sed -nE 's/^ +[0-9a-f]+:\s*//; T; s/\s*#.*$//; s/<.*>//; /nop/d; p')
[[ $(wc -l <<<"$code") -gt 1000 ]] || fail "there is no code"
! grep -E '%[xyz]?mm[0-9]|%st\b|%[fg]s\b|%k[0-7]|^(syscall|sysenter|int|f[a-z]+|emms|xsave|xrstor|vzero[a-z]*)\b' <<<"$code" ||
  fail "these use more than general registers"
echo "$count files, $(wc -l <<<"$code") instructions checked"
