# Known bugs of the compiler: ir/ and jit/ without the assemblers (see cmake/mutants.cmake).

# ---- program to graph ----------------------------------------------------------------------------------------------

callgate_mutant(NAME tax_is_txa FILE ir/build.cc
  LIKE "A and X confused"
  TEXT [[x = a;]] MUTATED [[a = x;]])

callgate_mutant(NAME scratch_lost_at_a_merge FILE ir/build.cc
  LIKE "libpcap #1670: the optimiser drops stores to M[] that a block behind a merge still needs"
  TEXT [=[states_[id].values == values]=]
  MUTATED [=[states_[id].values.a == values.a && states_[id].values.x == values.x]=])

callgate_mutant(NAME live_on_one_way_only FILE ir/liveness.cc
  LIKE "libpcap #1670: what is live was taken from one successor"
  TEXT [=[after |= live[next.at[i]];]=] MUTATED [=[after = live[next.at[i]];]=])

callgate_mutant(NAME division_by_zero_allows FILE ir/build.cc
  LIKE "ubpf: division by zero went on; a filter's DIV by X = 0 returns 0, which is KILL_THREAD"
  TEXT [[graph_.leaf(D::early_end, source)]] MUTATED [[graph_.leaf(sequence_.goes_on, source)]])

callgate_mutant(NAME ret_a_masked_wrongly FILE ir/build.cc
  LIKE "SECCOMP_RET_ACTION (0x7fff0000) for SECCOMP_RET_ACTION_FULL (0xffff0000), which Linux 4.14 brought"
  TEXT [[graph_.constant(sequence_.action_mask)]] MUTATED [[graph_.constant(0x7fff0000)]])

callgate_mutant(NAME len_is_the_program_length FILE ir/build.cc
  LIKE "LD LEN is the packet's length, in seccomp sizeof(struct seccomp_data), 64"
  TEXT [[a = graph_.constant(graph_.input().bytes);]]
  MUTATED [[a = graph_.constant(static_cast<std::uint32_t>(insns_.size()));]])

# ---- folding and facts ---------------------------------------------------------------------------------------------

callgate_mutant(NAME folded_shift_not_masked FILE ir/graph.h
  LIKE "rbpf: shift counts not masked, and so other results than the processor's"
  TEXT [[lhs << (rhs & 31)]] MUTATED [[rhs > 31 ? 0 : lhs << rhs]])

callgate_mutant(NAME folded_division_by_reciprocal FILE ir/graph.h
  LIKE "Linux 809fa972fd90, aee636c4809f: A / K by a reciprocal, and a division by 1 gave 0"
  TEXT [[lhs / rhs]] MUTATED [[rhs == 1 ? 0 : lhs / rhs]])

callgate_mutant(NAME folded_compare_is_signed FILE ir/graph.h
  LIKE "ubpf: jumps with an immediate above 0x7fffffff taken as signed"
  TEXT [[lhs >= rhs]] MUTATED [[static_cast<std::int32_t>(lhs) >= static_cast<std::int32_t>(rhs)]])

callgate_mutant(NAME strictest_of_both_is_the_milder FILE compose/specialise.cc
  LIKE "most restrictive: an older filter that could be stricter is dropped"
  TEXT [[std::min(strictest_[node.then], strictest_[node.otherwise])]]
  MUTATED [[std::max(strictest_[node.then], strictest_[node.otherwise])]])

callgate_mutant(NAME greater_is_greater_or_equal FILE ir/fold.cc
  LIKE "CVE-2019-9893 (libseccomp): GT and GE, LT and LE confused when comparisons are taken apart"
  TEXT [[++test.k;]] MUTATED [[]])

callgate_mutant(NAME any_bit_is_all_bits FILE ir/fold.cc
  LIKE "JSET is true for any bit, masked equality for all: SCMP_CMP_MASKED_EQ is not JSET"
  TEXT [[test.k == mask && std::has_single_bit(mask)]] MUTATED [[test.k == mask]])

callgate_mutant(NAME jset_of_itself_is_false FILE ir/fold.cc
  LIKE "Linux 50fe7ebb6475: JSET handled as if it were a comparison of equals"
  TEXT [[lhs == rhs && compare != Compare::any_bit_set]] MUTATED [[lhs == rhs]])

callgate_mutant(NAME constant_on_the_left_not_turned FILE ir/fold.cc
  LIKE "operands swapped and the condition left as it was"
  TEXT [[with_constant(graph, {Compare::greater_equal, x, k, otherwise, then}, constant, source)]]
  MUTATED [[with_constant(graph, {Compare::greater_equal, x, k, then, otherwise}, constant, source)]])

callgate_mutant(NAME bound_off_by_one FILE ir/facts.h
  LIKE "CVE-2021-31440, CVE-2020-8835: bounds of a 32-bit value learnt wrongly from a branch"
  TEXT [[if (yes && q.k > facts.low_) facts.low_ = q.k;]]
  MUTATED [[if (yes && q.k > facts.low_) facts.low_ = static_cast<Word>(q.k + (q.k == all ? 0 : 1));]])

callgate_mutant(NAME some_bit_is_each_bit FILE ir/facts.h
  LIKE "CVE-2020-8835 (Linux f2d67fec0b43): bits of a value taken for known that are not"
  TEXT [[(known_ & bits_ & mask) == 0 && std::has_single_bit(open)]] MUTATED [[(known_ & bits_ & mask) == 0]])

callgate_mutant(NAME upper_bound_off_by_one FILE ir/facts.h
  LIKE "CVE-2021-31440, CVE-2020-8835: bounds of a 32-bit value learnt wrongly from a branch"
  TEXT [[facts.high_ = static_cast<Word>(q.k - 1);]]
  MUTATED [[facts.high_ = static_cast<Word>(q.k >= 2 ? q.k - 2 : 0);]])

# ---- specialising by number ----------------------------------------------------------------------------------------

callgate_mutant(NAME memo_without_its_class FILE compose/specialise.cc
  LIKE "CVE-2023-2163 (Linux 71b547f56124): a state taken for one that was explored, though they differ in what matters"
  TEXT [[by_class ? class_id_ : no_class]] MUTATED [[no_class]])

callgate_mutant(NAME graph_ties_go_to_the_oldest FILE compose/specialise.cc
  LIKE "seccomp_run_filters() keeps the newer filter's data when two give the same action"
  TEXT [[fold_test(graph_, Compare::greater, mine, other, id, so_far, leaf.source)]]
  MUTATED [[fold_test(graph_, Compare::greater_equal, mine, other, id, so_far, leaf.source)]])

callgate_mutant(NAME x32_flows_as_x86_64 FILE compose/number_columns.cc
  LIKE "seccomp(2): __X32_SYSCALL_BIT ignored"
  TEXT [[domain.first]] MUTATED [[0u]])

callgate_mutant(NAME number_range_off_by_one FILE compose/number_flow.cc
  LIKE "off by one at the start of a range of numbers: one system call more than the filter says"
  TEXT [[std::min<std::uint64_t>(k - domain.first, numbers_per_domain)]]
  MUTATED [[std::min<std::uint64_t>(k - domain.first + 1, numbers_per_domain)]])

# ---- choices, ranges, blocks ---------------------------------------------------------------------------------------

callgate_mutant(NAME high_half_lost FILE jit/switch.cc
  LIKE "CVE-2019-9893 (libseccomp): a 64-bit comparison whose low half counts for other high halves too"
  TEXT [[if (!single) return false;]] MUTATED [[]])

callgate_mutant(NAME interval_one_short FILE jit/switch_lowering.cc
  LIKE "off by one at the end of an interval"
  TEXT [[last_of(part.begin + 1) - low]] MUTATED [[last_of(part.begin + 1) - low - 1]])

callgate_mutant(NAME set_without_last_members FILE jit/switch_lowering.cc
  LIKE "off by one in a set of bits: the last of each run is missing"
  TEXT [[v <= last_of(i)]] MUTATED [[v < last_of(i)]])

callgate_mutant(NAME split_wrong_at_imm8 FILE jit/switch_lowering.cc
  LIKE "127 or 128: the shorter immediate with the condition of the longer one"
  TEXT [[shorter ? Cond::above : Cond::above_equal]] MUTATED [[Cond::above_equal]])

callgate_mutant(NAME condition_negated_wrongly FILE jit/assembler.h
  LIKE "the negation of > is <=, not <"
  TEXT [[return Cond::below_equal;]] MUTATED [[return Cond::below;]])

callgate_mutant(NAME merge_is_unsigned FILE jit/result_blocks.cc
  LIKE "Linux 4d3b0b05aae9 (seccomp: Introduce SECCOMP_RET_KILL_PROCESS): actions are compared as signed numbers"
  TEXT [[Cond::less_equal]] MUTATED [[Cond::below_equal]])

callgate_mutant(NAME false_branch_one_too_near FILE jit/lower_baseline.cc
  LIKE "jf counted from the jump itself and not from the instruction behind it"
  TEXT [[destination(pc + 1 + insn.jf)]] MUTATED [[destination(pc + insn.jf + (insn.jf == 0 ? 1 : 0))]])

callgate_mutant(NAME division_guard_inverted FILE jit/lower_baseline.cc
  LIKE "ubpf: division by zero left to the hardware, which raises #DE"
  TEXT [[block.cond = Cond::equal;]] MUTATED [[block.cond = Cond::not_equal;]])

callgate_mutant(NAME no_frame_for_a_division FILE jit/lower_baseline.cc SHOWN_BY everywhere
  LIKE "x86_32 alone: a slot without a frame lies where the return address is"
  TEXT [[bpf::opcode_of(insn) == Opcode::div_k]] MUTATED [[false]])

# ---- generator -----------------------------------------------------------------------------------------------------

callgate_mutant(NAME tax_emitted_as_txa FILE jit/generator.h
  LIKE "A and X confused in the emitted code alone"
  TEXT [[as_.mov(x, a)]] MUTATED [[as_.mov(a, x)]])

callgate_mutant(NAME jset_clobbers_a FILE jit/generator.h
  LIKE "Linux 50fe7ebb6475 (bpf, x86_32: Fix clobbering of dst for BPF_JSET)"
  TEXT [[as_.test(a, k)]] MUTATED [[as_.and_(a, k)]])

callgate_mutant(NAME x_not_zero_at_the_start FILE jit/generator.h
  LIKE "CVE-2010-4158: filters read what was there before; A and X are 0 at the start"
  TEXT [[set(abi_.x, 0);]] MUTATED [[]])

callgate_mutant(NAME division_loses_the_input FILE jit/generator.h SHOWN_BY everywhere
  LIKE "x86_32 alone: DIV writes edx, which held something else"
  TEXT [[if (abi_.input == Reg::edx) load_input();]] MUTATED [[]])

callgate_mutant(NAME wide_immediate_sign_extended FILE jit/generator.h
  LIKE "CVE-2017-16995 (Linux 95a762e2c8c9): a 32-bit immediate is sign-extended in a 64-bit operation"
  TEXT [[step.value <= 0x7fffffff]] MUTATED [[step.value <= 0xffffffff]])

callgate_mutant(NAME wrong_byte_tested FILE jit/generator.h
  LIKE "Linux aee194b14dd2 (bpf, x86: Fix encoding for lower 8-bit registers): the wrong byte of a word"
  TEXT [[at.disp + static_cast<std::int32_t>(byte)]] MUTATED [[at.disp + static_cast<std::int32_t>(3 - byte)]])

callgate_mutant(NAME temporary_overwritten FILE jit/generator.h
  LIKE "one stack slot for two values that live at once"
  TEXT [[free_slot + 1]] MUTATED [[free_slot]])
