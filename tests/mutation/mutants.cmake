# The known bugs, by room (see cmake/mutants.cmake). LIKE names where such a bug was real, or what warns of it. Those of the
# compiler are in mutants_compiler.cmake.

# ---- verifier ------------------------------------------------------------------------------------------------------

callgate_mutant(NAME load_past_the_end FILE bpf/dialect.h SHOWN_BY verdicts
  LIKE "off by one at the end of the buffer: seccomp_check_filter() demands k < sizeof(struct seccomp_data)"
  TEXT [[insn.k >= sizeof(SeccompData)]] MUTATED [[insn.k > sizeof(SeccompData)]])

callgate_mutant(NAME load_not_aligned FILE bpf/dialect.h SHOWN_BY verdicts
  LIKE "a socket filter's rule (any byte) taken for seccomp's (whole words only)"
  TEXT [[insn.k % 4 == 0]] MUTATED [[insn.k % 2 == 0]])

callgate_mutant(NAME division_by_zero_accepted FILE verifier/verify.cc SHOWN_BY verdicts
  LIKE "ubpf: division by zero left to the hardware"
  TEXT [[insn.k == 0]] MUTATED [[false]])

callgate_mutant(NAME shift_by_32_accepted FILE verifier/verify.cc SHOWN_BY verdicts
  LIKE "Linux before 229394e8e62a (bpf: do not allow shift by >= width): shifts by the word size accepted"
  TEXT [[insn.k >= 32]] MUTATED [[insn.k > 32]])

callgate_mutant(NAME scratch_slot_16 FILE verifier/verify.cc SHOWN_BY verdicts
  LIKE "CVE-2026-0799 (libpcap): the index of a scratch slot is not checked"
  TEXT [[if (insn.k >= scratch_slots) return VerifyErrc::scratch_slot;
        scratch_.write(insn.k);]]
  MUTATED [[if (insn.k > scratch_slots) return VerifyErrc::scratch_slot; scratch_.write(insn.k);]])

callgate_mutant(NAME scratch_never_written FILE verifier/verify.cc SHOWN_BY verdicts
  LIKE "CVE-2010-4158 (Linux 57fe93b374a6): filters read what the stack held before; gVisor's validator has no such check"
  TEXT [[!scratch_.is_written(insn.k)]] MUTATED [[false]])

callgate_mutant(NAME scratch_lost_at_a_jump FILE verifier/verify.cc SHOWN_BY verdicts
  LIKE "check_load_and_stores() must meet the written slots of all ways to an instruction, not keep the last one's"
  TEXT [[at_target_[target] &= written_]] MUTATED [[at_target_[target] = written_]])

callgate_mutant(NAME scratch_smarter_than_the_kernel FILE verifier/verify.cc SHOWN_BY verdicts
  LIKE "a dataflow analysis where the kernel makes one linear pass: other filters accepted than the kernel's"
  TEXT [[written_ = all;]] MUTATED [[]])

callgate_mutant(NAME jump_wraps_around FILE verifier/verify.cc SHOWN_BY verdicts
  LIKE "bpf_check_classic(): 'the large ftest->k might cause loops': pc + k + 1 compared after it wrapped"
  TEXT [[insn.k >= behind]] MUTATED [[pc + 1 + insn.k >= program_.size()]])

callgate_mutant(NAME jump_just_behind_the_program FILE verifier/verify.cc SHOWN_BY verdicts
  LIKE "off by one: a jump may land on the last instruction and no further"
  TEXT [[insn.jt >= behind || insn.jf >= behind]] MUTATED [[insn.jt > behind || insn.jf > behind]])

callgate_mutant(NAME false_branch_unchecked FILE verifier/verify.cc SHOWN_BY verdicts
  LIKE "seccomp-tools #244 and its kind: jf not held to the program as jt is"
  TEXT [[insn.jt >= behind || insn.jf >= behind]] MUTATED [[insn.jt >= behind]])

callgate_mutant(NAME ends_without_return FILE verifier/verify.cc SHOWN_BY verdicts
  LIKE "bpf_check_classic(): the last instruction must be RET; any of class RET or JMP is not enough"
  TEXT [[last != Opcode::ret_k && last != Opcode::ret_a]]
  MUTATED [[last != Opcode::ret_k && last != Opcode::ret_a && last != Opcode::tax]])

callgate_mutant(NAME one_instruction_too_many FILE verifier/verify.cc SHOWN_BY verdicts
  LIKE "BPF_MAXINSNS is 4096, and 4096 instructions are accepted"
  TEXT [[length > max_program_length]] MUTATED [[length > max_program_length + 1]])

# ---- assemblers ----------------------------------------------------------------------------------------------------

callgate_mutant(NAME xbyak_imm16_sign_extended FILE jit/backend/xbyak.cc
  LIKE "CVE-2017-16995 (Linux 95a762e2c8c9): an immediate sign-extended where its value is unsigned"
  TEXT [[code_.cmp(m(d), i.value)]]
  MUTATED [[code_.cmp(m(d), i.value >= 0x8000 && i.value < 0xff80 ? i.value | 0xffff0000 : i.value)]])

callgate_mutant(NAME xbyak_signed_above FILE jit/backend/xbyak.cc
  LIKE "ubpf: unsigned jumps with an immediate above 0x7fffffff compared as signed"
  TEXT [[return 7;]] MUTATED [[return 15;]])

callgate_mutant(NAME xbyak_jset_clobbers FILE jit/backend/xbyak.cc
  LIKE "Linux 50fe7ebb6475 (bpf, x86_32: Fix clobbering of dst for BPF_JSET)"
  TEXT [[code_.test(r(d), i.value)]] MUTATED [[code_.and_(r(d), i.value)]])

callgate_mutant(NAME xbyak_shift_is_arithmetic FILE jit/backend/xbyak.cc
  LIKE "RSH emitted as ARSH: the sign bit comes in from the left (tests of it in Linux, lib/test_bpf.c)"
  TEXT [[code_.shr(r(d), static_cast<int>(i.value))]] MUTATED [[code_.sar(r(d), static_cast<int>(i.value))]])

callgate_mutant(NAME xbyak_jump_one_byte_too_far FILE jit/backend/xbyak.cc
  LIKE "Linux a03ffcf873fe (net: bpf_jit: fix an off-one bug in x86_64 cond jump target)"
  TEXT [[code_.db(static_cast<int>(distance & 0xff));]] MUTATED [[code_.db(static_cast<int>((distance + 1) & 0xff));]])

callgate_mutant(NAME xbyak_last_word_is_its_neighbour FILE jit/backend/xbyak.cc
  LIKE "the upper half of the last argument read as its lower half (CVE-2019-9893 is about halves)"
  TEXT [[std::ptrdiff_t{mem.disp}]] MUTATED [[std::ptrdiff_t{mem.disp == 60 ? 56 : mem.disp}]])

callgate_mutant(NAME asmjit_signed_below FILE jit/backend/asmjit.cc
  LIKE "ubpf: unsigned jumps with an immediate above 0x7fffffff compared as signed"
  TEXT [[as.jb(label(l));]] MUTATED [[as.jl(label(l));]])

callgate_mutant(NAME asmjit_shift_right_of_32_bit_code FILE jit/backend/asmjit.cc SHOWN_BY everywhere
  LIKE "Linux 68a8357ec15b (bpf, x32: Fix bug with ALU64 {LSH, RSH, ARSH} BPF_X shift by 0): right on x86_64, wrong on x86_32"
  TEXT [[as_.shr(r(d), x86::cl);]]
  MUTATED [[if (is_64_) { as_.shr(r(d), x86::cl); } else { as_.sar(r(d), x86::cl); }]])

callgate_mutant(NAME asmjit_shift_left_of_32_bit_code FILE jit/backend/asmjit.cc SHOWN_BY everywhere
  LIKE "rbpf: shift counts not masked: a shift by 32 and more is no shift by its low five bits"
  TEXT [[as_.shl(r(d), x86::cl);]]
  MUTATED [[if (is_64_) { as_.shl(r(d), x86::cl); } else { as_.ror(r(d), x86::cl); }]])

callgate_mutant(NAME asmjit_division_is_signed FILE jit/backend/asmjit.cc
  LIKE "CVE-2021-3600 (Linux e88b2c6e5a4d): wrong width or sign of a divisor"
  TEXT [[as_.div(r(s));]] MUTATED [[as_.idiv(r(s));]])

# ---- layout --------------------------------------------------------------------------------------------------------

callgate_mutant(NAME short_jump_over_128_bytes FILE jit/layout.cc
  LIKE "Linux a03ffcf873fe (net: bpf_jit: fix an off-one bug in x86_64 cond jump target): 127 or 128"
  TEXT [[distance <= near_reach]] MUTATED [[distance <= near_reach + 1]])

callgate_mutant(NAME conditional_jump_of_5_bytes FILE jit/layout.cc
  LIKE "Linux e4d4d456436b, CVE-2021-29154: branch displacements computed from sizes that are not those emitted"
  TEXT [[far_jcc_bytes]] MUTATED [[far_jmp_bytes]])

# ---- chains --------------------------------------------------------------------------------------------------------

callgate_mutant(NAME strictest_is_unsigned FILE include/callgate/action.hpp
  LIKE "Linux 4d3b0b05aae9 (seccomp: Introduce SECCOMP_RET_KILL_PROCESS): 0x80000000 is the strictest only as a signed number"
  TEXT [[static_cast<std::int32_t>(action_of(result)) < static_cast<std::int32_t>(action_of(current))]]
  MUTATED [[action_of(result) < action_of(current)]])

callgate_mutant(NAME ties_go_to_the_oldest FILE dispatch/merge.h
  LIKE "seccomp_run_filters() keeps the newer filter's data when two give the same action"
  TEXT [[is_stricter(result, match_.result)]] MUTATED [[!is_stricter(match_.result, result)]])

callgate_mutant(NAME allow_with_data_objects FILE dispatch/merge.h
  LIKE "SECCOMP_RET_ACTION_FULL masks the data away before ALLOW is compared: ALLOW with data is ALLOW"
  TEXT [[action_of(result) == action::allow]] MUTATED [[result == action::allow]])

callgate_mutant(NAME x32_numbers_are_x86_64_ones FILE include/callgate/decide.h
  LIKE "seccomp(2): on x86-64 a filter that ignores __X32_SYSCALL_BIT takes one ABI's calls for the other's"
  TEXT [[CALLGATE_DOMAIN_SIZE + callgate_masked(from_x32)]] MUTATED [[callgate_masked(from_x32)]])

callgate_mutant(NAME arch_not_looked_at FILE include/callgate/decide.h
  LIKE "CVE-2009-0835 (Linux 5b1017404aea): numbers of one kind of call read in the table of another"
  TEXT [[from_i386 < numbers]] MUTATED [[CALLGATE_CAST(uint32_t, from_i386) < numbers]])

callgate_mutant(NAME table_off_by_one FILE include/callgate/decide.h
  LIKE "off by one in a table of system calls: the neighbour's decision"
  TEXT [[low & (CALLGATE_DOMAIN_SIZE - 1)]] MUTATED [[(low + 1) & (CALLGATE_DOMAIN_SIZE - 1)]])

callgate_mutant(NAME table_wraps_around FILE include/callgate/decide.h
  LIKE "an index masked as by array_index_nospec(), without the comparison before it: large numbers alias small ones"
  TEXT [[from_x86_64 < numbers]] MUTATED [[(from_x86_64 >> 32) < numbers]])

callgate_mutant(NAME residual_entry_off_by_one FILE dispatch/action_table.cc
  LIKE "an index into entry points that is one off runs other code (bpf_tail_call() checks against max_entries)"
  TEXT [[word - CALLGATE_CODE_BASE + 1]] MUTATED [[word - CALLGATE_CODE_BASE]])

callgate_mutant(NAME older_filters_forgotten FILE dispatch/action_table.cc
  LIKE "seccomp_run_filters() runs all filters; a cache of ALLOW must hold for all of them (seccomp_cache_prepare())"
  TEXT [[action_of(result) != action::allow]] MUTATED [[true]])

callgate_mutant(NAME segments_in_wrong_order FILE compose/plan.cc
  LIKE "filters run newest first: merge order"
  TEXT [[plan_.insert(plan_.begin(), segment(build_baseline(program), filter, 1));]]
  MUTATED [[plan_.insert(plan_.end(), segment(build_baseline(program), filter, 1));]])

callgate_mutant(NAME check_one_value_short FILE include/callgate/decide.h
  LIKE "off by one at the end of an interval"
  TEXT [[distance <= check->span]] MUTATED [[distance < check->span]])

callgate_mutant(NAME check_of_32_members FILE include/callgate/decide.h
  LIKE "rbpf: a shift count masked for another width than the shift has"
  TEXT [[members >> (low & 63)]] MUTATED [[members >> (low & 31)]])

callgate_mutant(NAME check_of_the_other_half FILE dispatch/looks.cc
  LIKE "CVE-2019-9893 (libseccomp): the halves of a 64-bit argument confused"
  TEXT [[8 * (e->offset() % 8)]] MUTATED [[0u]])

callgate_mutant(NAME check_mask_of_the_other_half FILE dispatch/argument_check.cc
  LIKE "Linux 80f1f8503635 (bpf, x32: Fix bug with JMP32 JSET BPF_X checking upper bits)"
  TEXT [[std::uint64_t{choice.mask()} << subject->shift]] MUTATED [[std::uint64_t{choice.mask()}]])

callgate_mutant(NAME list_of_low_halves FILE include/callgate/decide.h
  LIKE "CVE-2019-9893 (libseccomp): a list of values that is compared by the low half alone"
  TEXT [[((value ^ list->shared_value) & list->shared)]] MUTATED [[CALLGATE_CAST(uint64_t, 0)]])

callgate_mutant(NAME list_without_displacement FILE include/callgate/decide.h
  LIKE "a hash table that is searched elsewhere than it was filled"
  TEXT [=[start[sizeof *list + bucket]]=] MUTATED [[0]])

callgate_mutant(NAME conjunction_of_three FILE include/callgate/decide.h
  LIKE "a loop over the arguments of a rule that ends one too early"
  TEXT [[i >= 0]] MUTATED [[i > 0]])

callgate_mutant(NAME bounds_of_three FILE include/callgate/decide.h
  LIKE "a loop over the arguments of a rule that ends one too early"
  TEXT [=[all->zero[i]]=] MUTATED [=[(i < 3 ? all->zero[i] : 0)]=])

callgate_mutant(NAME alternatives_forgotten FILE include/callgate/decide.h
  LIKE "rules for one call that replace each other instead of being alternatives"
  TEXT [[holds = callgate_bounds_hold(++next, input)]] MUTATED [[holds = 0]])

callgate_mutant(NAME complement_one_value_long FILE dispatch/conjunction.cc
  LIKE "off by one at the end of an interval"
  TEXT [[~std::uint64_t{0} - 1 - set.span]] MUTATED [[~std::uint64_t{0} - set.span]])

callgate_mutant(NAME way_takes_any_first_look FILE dispatch/conjunction.cc
  LIKE "a test that is taken to be known from a look at another argument"
  TEXT [[inner.offset != outer.offset || inner.wraps()]] MUTATED [[inner.wraps()]])
