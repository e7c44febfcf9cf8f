#!/bin/bash
# evaluate_path.sh PROGRAM [FUNCTION…]: follows the machine code of Chain::match() and of the entry of chains without native
# code, and of the functions that are named, as linked into PROGRAM, through all functions that they call, and fails on what
# evaluate() promises not to do: vector and x87 registers, thread-local storage (segment registers), system calls, and calls
# to anything but the decision's own code.
set -euo pipefail
program=$1
functions=${*:2}

skip() { echo "skipped: $1"; exit 77; }
command -v objdump >/dev/null || skip "objdump (binutils) is not installed"
# No pipe into grep -q here: it would stop reading, and pipefail would take nm's end for a failure.
symbols=$(nm "$program")
if grep -Eq ' (__asan_init|__tsan_init|__ubsan_handle_[a-z_]*|__llvm_profile_[a-z_]*)$' <<<"$symbols"; then
  skip "sanitizers or coverage put calls of their own into the code"
fi

objdump --disassemble --no-show-raw-insn --wide "$program" | awk -v functions="$functions" '
  # A function as objdump names it, without the offset of a target inside it.
  function name_of(text) {
    sub(/^[^<]*</, "", text); sub(/>.*$/, "", text); sub(/\+0x[0-9a-f]+$/, "", text)
    return text
  }
  function complain(text) { faults[current] = faults[current] "\n  " text }

  # Labels of the compiler (.L77, in i386 code with jump tables) lie inside a function.
  /^[0-9a-f]+ <\.L.*>:$/ { next }
  /^[0-9a-f]+ <.*>:$/ { current = name_of($0); known[current] = 1; next }
  current == "" || !/^ +[0-9a-f]+:/ { next }
  {
    instruction = $0
    sub(/^ +[0-9a-f]+:[ \t]*/, "", instruction)
    sub(/[ \t]*#.*$/, "", instruction)
    operation = instruction
    sub(/^(notrack|bnd|lock|rep[a-z]*|data16|cs) +/, "", operation)
    jump = operation ~ /^j[a-z]+ /; call = operation ~ /^call/
    operands = instruction
    if (operation !~ /^nop/) {
      if (operands ~ /%([xyz]?mm[0-9]|st|[fg]s:|[fg]s$|k[0-7])/) complain(instruction)
      if (operation ~ /^(f[a-z]|emms|syscall|sysenter|sysret|int |xsave|xrstor|vzero)/) complain(instruction)
    }
    # Only what stands in for the inlined look-up calls the decision by its address.
    if (call && operation !~ /</ && current !~ /callgate_(evaluate_frame|decide|chain_evaluate|slot_evaluate)|decide_layers/) complain(instruction)
    if ((call || jump) && operation ~ /</ && operation !~ /<\.L/ && name_of(operation) != current) {
      calls[current] = calls[current] SUBSEP name_of(operation)
    }
  }

  function visit(name, from) {
    if (name in seen) return
    seen[name] = 1
    if (name !~ allowed) { print from " calls " name; bad = 1; return }
    if (!(name in known)) { print name ": not found"; bad = 1; return }
    order[++count] = name
  }
  END {
    # The code of the decision, the templates of the standard library that it uses, and the i386 way to find oneself.
    allowed = "^(_Z+(NK?[RO]?)?(8callgate|St|9__gnu_cxx)|callgate_|__x86\\.get_pc_thunk)"
    split("14interpret_data 15interpret_frame 9walk_data 10walk_frame 18decide_layers_data 19decide_layers_frame", entries, " ")
    for (i = 1; i in entries; ++i) visit("_ZN8callgate6detail" entries[i] "EPKvPK14callgate_image", "test")
    visit("callgate_evaluate_frame_once", "test")
    n = split(functions, named, " ")
    for (i = 1; i <= n; ++i) visit(named[i], "test")
    visit("_ZNK8callgate5Chain5matchERKNS_11SeccompDataE", "test")
    for (i = 1; i <= count; ++i) {
      if (faults[order[i]] != "") { print order[i] ":" faults[order[i]]; bad = 1 }
      n = split(calls[order[i]], callees, SUBSEP)
      for (j = 2; j <= n; ++j) visit(callees[j], order[i])
    }
    print count " functions checked"
    exit bad || count < 8
  }'
