// Frames of other layouts than seccomp_data: the presets lie where the system's headers say, and every engine decides a
// frame as the interpreter decides what lies in it.
#include <gtest/gtest.h>

#include <linux/ptrace.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/user.h>
#include <ucontext.h>

#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "dispatch/action_table.h"
#include "dispatch/image.h"
#include "oracles/generator/inputs.h"
#include "oracles/generator/program_generator.h"
#include "oracles/generator/random.h"
#include "tests/dispatch/frame.h"
#include "tests/support/chains.h"
#include "tests/support/filters.h"
#include "tests/support/node.h"

namespace callgate::test {
namespace {

// ---- where the words lie -----------------------------------------------------------------------------------------

constexpr InputWord at(std::size_t offset) { return {false, static_cast<std::uint32_t>(offset)}; }
constexpr InputWord is(std::uint32_t value) { return {true, value}; }

void expect_argument(const InputLayout& layout, std::uint32_t i, std::size_t offset) {
  EXPECT_EQ(layout.words[4 + 2 * i], at(offset)) << "argument " << i;
  EXPECT_EQ(layout.words[5 + 2 * i], at(offset + 4)) << "argument " << i;
}

TEST(LayoutPresets, SeccompData) {
  const InputLayout layout = InputLayout::seccomp_data();
  EXPECT_EQ(layout.words[0], at(offsetof(struct seccomp_data, nr)));
  EXPECT_EQ(layout.words[1], at(offsetof(struct seccomp_data, arch)));
  EXPECT_EQ(layout.words[2], at(offsetof(struct seccomp_data, instruction_pointer)));
  for (std::uint32_t i = 0; i < 6; ++i) expect_argument(layout, i, offsetof(struct seccomp_data, args) + 8 * i);
}

TEST(LayoutPresets, SeccompNotif) {
  const InputLayout layout = InputLayout::seccomp_notif();
  constexpr std::size_t data = offsetof(struct seccomp_notif, data);
  for (std::uint32_t i = 0; i < layout.words.size(); ++i) EXPECT_EQ(layout.words[i], at(data + 4 * i));
}

TEST(LayoutPresets, PtraceSyscallInfo) {
  const InputLayout layout = InputLayout::ptrace_syscall_info();
  using Info = struct ptrace_syscall_info;
  EXPECT_EQ(layout.words[0], at(offsetof(Info, entry.nr)));
  EXPECT_EQ(layout.words[0], at(offsetof(Info, seccomp.nr)));
  EXPECT_EQ(layout.words[1], at(offsetof(Info, arch)));
  EXPECT_EQ(layout.words[2], at(offsetof(Info, instruction_pointer)));
  EXPECT_EQ(layout.words[3], at(offsetof(Info, instruction_pointer) + 4));
  for (std::uint32_t i = 0; i < 6; ++i) {
    expect_argument(layout, i, offsetof(Info, entry.args) + 8 * i);
    expect_argument(layout, i, offsetof(Info, seccomp.args) + 8 * i);
  }
}

#if defined(__x86_64__)

TEST(LayoutPresets, UcontextOfThisProcess) {
  const InputLayout layout = InputLayout::ucontext_x86_64();
  constexpr std::size_t gregs = offsetof(ucontext_t, uc_mcontext.gregs);
  const auto greg = [](int number) { return gregs + 8 * static_cast<std::size_t>(number); };
  EXPECT_EQ(layout.words[0], at(greg(REG_RAX)));
  EXPECT_EQ(layout.words[1], is(arch::x86_64));
  EXPECT_EQ(layout.words[2], at(greg(REG_RIP)));
  EXPECT_EQ(layout.words[3], at(greg(REG_RIP) + 4));
  const int registers[] = {REG_RDI, REG_RSI, REG_RDX, REG_R10, REG_R8, REG_R9};
  for (std::uint32_t i = 0; i < 6; ++i) expect_argument(layout, i, greg(registers[i]));
}

TEST(LayoutPresets, UserRegs) {
  const InputLayout layout = InputLayout::user_regs_x86_64();
  using Regs = struct user_regs_struct;
  EXPECT_EQ(layout.words[0], at(offsetof(Regs, orig_rax)));
  EXPECT_EQ(layout.words[1], is(arch::x86_64));
  EXPECT_EQ(layout.words[2], at(offsetof(Regs, rip)));
  EXPECT_EQ(layout.words[3], at(offsetof(Regs, rip) + 4));
  const std::size_t offsets[] = {offsetof(Regs, rdi), offsetof(Regs, rsi), offsetof(Regs, rdx),
                                 offsetof(Regs, r10), offsetof(Regs, r8),  offsetof(Regs, r9)};
  for (std::uint32_t i = 0; i < 6; ++i) expect_argument(layout, i, offsets[i]);
}

#elif defined(__i386__)

TEST(LayoutPresets, UcontextOfThisProcess) {
  const InputLayout layout = InputLayout::ucontext_i386();
  constexpr std::size_t gregs = offsetof(ucontext_t, uc_mcontext.gregs);
  const auto greg = [](int number) { return gregs + 4 * static_cast<std::size_t>(number); };
  EXPECT_EQ(layout.words[0], at(greg(REG_EAX)));
  EXPECT_EQ(layout.words[1], is(arch::x86_32));
  EXPECT_EQ(layout.words[2], at(greg(REG_EIP)));
  EXPECT_EQ(layout.words[3], is(0));
  const int registers[] = {REG_EBX, REG_ECX, REG_EDX, REG_ESI, REG_EDI, REG_EBP};
  for (std::uint32_t i = 0; i < 6; ++i) {
    EXPECT_EQ(layout.words[4 + 2 * i], at(greg(registers[i])));
    EXPECT_EQ(layout.words[5 + 2 * i], is(0)) << "a 32-bit process";
  }
}

#endif

TEST(LayoutPresets, Split) {
  struct Proposed {
    std::uint32_t nr;
    std::uint32_t low[6];
    std::uint32_t high[6];
  };
  const InputLayout layout = InputLayout::split(arch::x86_64);
  EXPECT_EQ(sizeof(Proposed), 52u);
  EXPECT_EQ(layout.words[0], at(offsetof(Proposed, nr)));
  EXPECT_EQ(layout.words[1], is(arch::x86_64));
  for (std::uint32_t i = 0; i < 6; ++i) {
    EXPECT_EQ(layout.words[4 + 2 * i], at(offsetof(Proposed, low) + 4 * i));
    EXPECT_EQ(layout.words[5 + 2 * i], at(offsetof(Proposed, high) + 4 * i));
  }
}

TEST(LayoutPresets, PushedRegisters) {
  struct Pushed {
    std::uint64_t rax, rdi, rsi, rdx, r10, r8, r9, return_address;
  };
  const InputLayout layout = InputLayout::pushed_registers();
  EXPECT_EQ(layout.words[0], at(offsetof(Pushed, rax)));
  EXPECT_EQ(layout.words[1], is(arch::x86_64));
  EXPECT_EQ(layout.words[2], at(offsetof(Pushed, return_address)));
  for (std::uint32_t i = 0; i < 6; ++i) expect_argument(layout, i, offsetof(Pushed, rdi) + 8 * i);
}

// ---- decisions ---------------------------------------------------------------------------------------------------

class LayoutOf : public testing::TestWithParam<Options> {};

// Random chains over frames that end at a page which cannot be read; the frame's decision is that of what lies in it,
// and a SeccompData's own decision does not care for the layout.
void expect_decides_frames(const Options& options, const std::vector<Program>& filters,
                           const std::vector<SeccompData>& calls) {
  const Chain chain = chain_of(filters, options);
  if (options.engine != Engine::interpreter && !options.no_exec_memory) {
    ASSERT_EQ(chain.engine(), options.engine);
  }
  GuardedFrame frame(options.layout);
  for (const SeccompData& call : calls) {
    frame.write(call);
    const SeccompData seen = frame.read();
    ASSERT_EQ(chain.evaluate_frame(frame.address()), reference(filters, options.rule, seen).result) << "nr " << seen.nr;
    ASSERT_EQ(chain.evaluate(call), reference(filters, options.rule, call).result) << "nr " << call.nr;
    ASSERT_EQ(chain.match(call).result, reference(filters, options.rule, call).result);
  }
}

TEST_P(LayoutOf, DecidesAsTheInterpreterDoes) {
  oracles::ProgramGenerator generator(81);
  for (int i = 0; i < 25; ++i) {
    std::vector<Program> filters;
    std::vector<SeccompData> calls;
    for (std::uint64_t n = 1 + generator.next() % 3; n > 0; --n) {
      filters.push_back(program(generator.valid(generator.next() % 4 == 0 ? 100 : 30)));
      const auto more = oracles::inputs_for(filters.back().instructions(), generator.next(), 8);
      calls.insert(calls.end(), more.begin(), more.end());
    }
    for (const NamedLayout& preset : all_layouts()) {
      for (const MergeRule rule : {MergeRule::first_non_allow, MergeRule::most_restrictive}) {
        Options options = GetParam();
        options.rule = rule;
        options.layout = preset.layout;
        SCOPED_TRACE(testing::Message() << preset.name << ", " << name(rule) << ", chain " << i);
        ASSERT_NO_FATAL_FAILURE(expect_decides_frames(options, filters, calls));
      }
    }
  }
}

// Every word, in a filter of its own that returns it.
TEST_P(LayoutOf, FindsEveryWord) {
  SeccompData call{};
  for (std::uint32_t i = 0; i < 16; ++i) reinterpret_cast<std::uint32_t*>(&call)[i] = 0x01010101 * (i + 1);
  for (const NamedLayout& preset : all_layouts()) {
    SCOPED_TRACE(preset.name);
    Options options = GetParam();
    options.layout = preset.layout;
    for (std::uint32_t offset = 0; offset < 64; offset += 4) {
      const std::string load = "ld [" + std::to_string(offset) + "]\n";
      ASSERT_NO_FATAL_FAILURE(expect_decides_frames(options, {program(load + "ret a")}, {call}));
      ASSERT_NO_FATAL_FAILURE(
          expect_decides_frames(options, {program(load + "tax\nld [args[2].lo]\ndiv x\nret a")}, {call}));
    }
  }
}

// 64-bit comparisons of every argument, where the halves lie together, apart, or one is constant.
TEST_P(LayoutOf, ComparesWholeArguments) {
  std::vector<SeccompData> calls;
  for (const std::uint64_t value : {0ull, 1ull, 6ull, 0x7fffffffull, 0xffffffffull, 0x100000000ull, 0x100000005ull,
                                    0x100000006ull, 0x100000007ull, 0x500000006ull, ~0ull}) {
    calls.push_back({3, arch::x86_64, 0, {value, value, value, value, value, value}});
    calls.push_back({3, arch::x86_32, 0, {value, value, value, value, value, value}});
  }
  for (const NamedLayout& preset : all_layouts()) {
    SCOPED_TRACE(preset.name);
    Options options = GetParam();
    options.layout = preset.layout;
    for (std::uint32_t i = 0; i < 6; ++i) {
      const std::string high = "ld [args[" + std::to_string(i) + "].hi]\n";
      const std::string low = "ld [args[" + std::to_string(i) + "].lo]\n";
      for (const std::string& text : {high + "jeq #1, l, no\nl: " + low + "jeq #6, yes, no\n",
                                      high + "jgt #1, yes\njeq #1, l, no\nl: " + low + "jgt #5, yes, no\n",
                                      high + "jeq #0, l, no\nl: " + low + "jeq #1, yes\njeq #6, yes, no\n"}) {
        ASSERT_NO_FATAL_FAILURE(
            expect_decides_frames(options, {program(text + "yes: ret #0x50001\nno: ret #0x7fff0000")}, calls));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, LayoutOf, testing::ValuesIn(all_options()), shown);

// ---- what is refused ---------------------------------------------------------------------------------------------

std::optional<AttachErrc> error_of(const InputLayout& layout) {
  const auto chain = Chain::create({.layout = layout});
  return chain ? std::nullopt : std::optional(chain.error().code);
}

TEST(BadLayouts, AreRefused) {
  const InputLayout sound = InputLayout::frame(8, arch::x86_64);
  EXPECT_EQ(error_of(sound), std::nullopt);
  InputLayout layout = sound;
  layout.words[0] = is(1);
  EXPECT_EQ(error_of(layout), AttachErrc::bad_layout) << "the number is a constant";
  for (std::uint32_t word = 0; word < 16; ++word) {
    for (const std::uint32_t offset : {1u, 2u, 3u, 4093u, 4096u, 0x80000000u, 0xfffffffcu, 0xffffffffu}) {
      layout = sound;
      layout.words[word] = at(offset);
      EXPECT_EQ(error_of(layout), AttachErrc::bad_layout) << word << " at " << offset;
    }
    layout = sound;
    layout.words[word] = at(max_frame_offset);
    EXPECT_EQ(error_of(layout), std::nullopt) << word;
    layout.words[word] = is(0xfffffffd);
    EXPECT_EQ(error_of(layout), word == 0 ? std::optional(AttachErrc::bad_layout) : std::nullopt)
        << "constants may be anything";
  }
  EXPECT_NE(std::string(message(AttachErrc::bad_layout)), "");
}

// ---- what folds --------------------------------------------------------------------------------------------------

// The words of the frame's action table for a number of x86_64 and of i386.
std::uint32_t table_word(const std::string& text, const InputLayout& layout, std::uint32_t nr,
                         std::uint32_t arch_value) {
  const Chain chain = chain_of({program(text)}, {.no_exec_memory = true, .layout = layout});
  return frame_word(chain, nr, arch_value);
}

constexpr const char* by_high_half = "ld [args[1].hi]\njeq #0, ok\nret #0x30001\nok: ret #0x7fff0000";

TEST(LayoutConstants, FoldHighHalvesOnlyWhereTheLayoutSaysSo) {
  EXPECT_EQ(table_word(by_high_half, InputLayout::ucontext_i386(), 3, arch::x86_32), action::allow);
  EXPECT_TRUE(callgate_is_residual(table_word(by_high_half, InputLayout::seccomp_data(), 3, arch::x86_32)))
      << "int 0x80 from 64-bit code has full registers";
  EXPECT_TRUE(callgate_is_residual(table_word(by_high_half, InputLayout::seccomp_notif(), 3, arch::x86_32)));
  EXPECT_TRUE(callgate_is_residual(table_word(by_high_half, InputLayout::split(arch::x86_32), 3, arch::x86_32)));
  InputLayout compat = InputLayout::frame(120, arch::x86_32);
  compat.argument(1, 40);
  EXPECT_TRUE(callgate_is_residual(table_word(by_high_half, compat, 3, arch::x86_32)));
}

TEST(LayoutConstants, FoldArchitecture) {
  const char* text =
      "ld [arch]\njeq #0xc000003e, ok\nret #0x80000000\nok: ld [args[0].lo]\njeq #1, no\nret #0x7fff0000\nno: ret "
      "#0x50001";
  EXPECT_TRUE(callgate_is_residual(table_word(text, InputLayout::ucontext_x86_64(), 3, arch::x86_64)));
  EXPECT_EQ(table_word(text, InputLayout::ucontext_i386(), 3, arch::x86_32), 0x80000000);
  EXPECT_EQ(table_word("ld [ip.lo]\nret a", InputLayout::frame(0, arch::x86_64), 3, arch::x86_64), 0u)
      << "what is not set is the constant 0";
}

// Tests that become a record: those of an argument that has only 32 bits in the frame, or two halves that lie apart, as
// well.
struct RecordTests {
  const char* name;
  const char* text;                // ends at yes or no
  bool is_record_of_split = true;  // too many looks where each half is one
};
constexpr RecordTests record_tests[] = {
    {"interval", "ld [args[0].lo]\njgt #6, no\njge #2, yes, no\n"},
    {"bits", "ld [args[5].lo]\njset #0x80000005, no, yes\n"},
    {"all bits", "ld [args[4].lo]\njset #2, l, no\nl: jset #4, yes, no\n"},
    {"not a value", "ld [args[3].lo]\njeq #6, no, yes\n"},
    {"high half", "ld [args[1].hi]\njeq #0, yes, no\n"},
    {"interval of the high half", "ld [args[2].hi]\njgt #5, no\njge #1, yes, no\n"},
    {"list", "ld [args[2].lo]\njeq #1, yes\njeq #1000, yes\njeq #0xffffffff, yes, no\n"},
    {"list of the last", "ld [args[5].lo]\njeq #1, yes\njeq #1000, yes\njeq #0xffffffff, yes, no\n"},
    {"small set", "ld [args[1].lo]\njeq #0, yes\njeq #6, yes\njeq #9, yes, no\n"},
    {"64 bits", "ld [args[0].hi]\njeq #1, l, no\nl: ld [args[0].lo]\njeq #6, yes, no\n"},
    {"pointer and flags", "ld [args[1].hi]\njset #0xffff8000, no\nld [args[2].lo]\njset #0xfffffff8, no, yes\n"},
    {"descriptor, pointer, size",
     "ld [args[0].lo]\njset #0xfffffc00, no\nld [args[0].hi]\njeq #0, l, no\nl: ld [args[1].hi]\njge #0x8000, no\n"
     "ld [args[2].hi]\njeq #0, m, no\nm: ld [args[2].lo]\njgt #6, no, yes\n",
     false},
    {"not two values", "ld [args[3].lo]\njeq #6, no\nld [args[5].lo]\njeq #0x7fffffff, no, yes\n"},
    {"either of two",
     "ld [args[0].lo]\njeq #6, l\njset #0xfffffff8, no\nl: ld [args[5].lo]\njset #0xfffffff0, no, yes\n"},
};

TEST_P(LayoutOf, DecidesByRecords) {
  std::vector<SeccompData> calls;
  constexpr std::uint64_t values[] = {0, 1, 6, 7, 9, 1000, 0x7fffffff, 0xffffffff, 0x100000000, 0x100000006, ~0ull};
  for (std::size_t i = 0; i < 64; ++i) {
    SeccompData call{i % 2 == 0 ? 3u : 4u, i % 5 == 0 ? arch::x86_32 : arch::x86_64, i, {}};
    for (std::size_t k = 0; k < 6; ++k) call.args[k] = values[(i * (k + 3) + i / 7 + k) % std::size(values)];
    calls.push_back(call);
  }
  for (const NamedLayout& preset : all_layouts()) {
    Options options = GetParam();
    options.layout = preset.layout;
    for (const RecordTests& tests : record_tests) {
      SCOPED_TRACE(testing::Message() << preset.name << ", " << tests.name);
      const Program filter = program(std::string("ld [nr]\njeq #3, judge\nret #0x50026\njudge: ") + tests.text +
                                     "yes: ret #0x7fff0000\nno: ret #0x50001");
      ASSERT_NO_FATAL_FAILURE(expect_decides_frames(options, {filter}, calls));
    }
  }
}

TEST(LayoutRecords, HoldTestsOfNarrowArguments) {
  for (const InputLayout& layout : {InputLayout::ucontext_i386(), InputLayout::split(arch::x86_64),
                                    InputLayout::big_endian_seccomp_data(), InputLayout::pushed_registers()}) {
    for (const RecordTests& tests : record_tests) {
      const Program filter = program(std::string("ld [nr]\njeq #3, judge\nret #0x50026\njudge: ") + tests.text +
                                     "yes: ret #0x7fff0000\nno: ret #0x50001");
      Options options;
      options.layout = layout;
      const std::vector<Program> filters = {filter};
      const auto plan = compose::make_plan(filters, detail::plan_options(options, compose::Precision::path_sensitive));
      const detail::Residuals residuals = detail::find_residuals(plan, options.rule, layout);
      const bool is_code = layout.kind() == FrameKind::split && !tests.is_record_of_split;
      EXPECT_EQ(residuals.roots.size(), is_code ? 1U : 0U) << tests.name << ", " << static_cast<int>(layout.kind());
    }
  }
}

// Where the compiled code reads: a word that is constant, and one that no test needs, may lie in a page that is not
// there.
TEST(LayoutLoads, OnlyWhatATestNeeds) {
  InputLayout layout = InputLayout::frame(0, arch::x86_64);
  layout.argument(0, 8);
  layout.argument(5, 4080);
  const Program filter = program(
      "ld [nr]\njeq #3, l\nld [args[0].lo]\njeq #1, no\nret #0x7fff0000\n"
      "l: ld [args[5].lo]\njeq #1, no\nret #0x7fff0000\nno: ret #0x50001");
  for (Options options : all_options()) {
    if (options.engine == Engine::interpreter || options.no_exec_memory) continue;  // these gather the call first
    SCOPED_TRACE(describe(options));
    options.layout = layout;
    const Chain chain = chain_of({filter}, options);
    GuardedFrame frame(InputLayout::frame(0, arch::x86_64), 16);  // argument 5 would lie behind the guard
    SeccompData call{.nr = 4, .arch = arch::x86_64, .instruction_pointer = 0, .args = {}};
    frame.write(call);
    for (const std::uint64_t value : {0ull, 1ull}) {
      std::memcpy(static_cast<unsigned char*>(frame.address()) + 8, &value, sizeof value);
      EXPECT_EQ(chain.evaluate_frame(frame.address()), value == 1 ? 0x50001u : action::allow);
    }
  }
}

// A filter of a big-endian machine finds the high half of an argument first.
TEST(BigEndianLayout, SwapsTheHalves) {
  constexpr InputLayout layout = InputLayout::big_endian_seccomp_data();
  static_assert(layout.with_swapped_halves() == InputLayout::seccomp_data());
  static_assert(layout.words[0].value == 0 && layout.words[1].value == 4 && layout.words[2].value == 12);
  static_assert(layout.words[4].value == 20 && layout.words[5].value == 16 && layout.words[15].value == 56);
  // args[0] == 0x1234567800000009, and the lowest word of the instruction pointer, as s390x would ask.
  const Program filter = program(R"(ld [16]
    jne #0x12345678, no
    ld [20]
    jne #9, no
    ld [12]
    jne #0x40, no
    ret #TRAP
    no: ret #ALLOW)");
  for (const Options& options : all_options()) {
    Options with_layout = options;
    with_layout.layout = layout;
    const Chain chain = chain_of({filter}, with_layout);
    const SeccompData call{1, 0x80000016, 0x700000040, {0x1234567800000009}};
    const SeccompData other{1, 0x80000016, 0x700000040, {0x0000000912345678}};
    EXPECT_EQ(chain.evaluate_frame(static_cast<const void*>(&call)), action::trap) << describe(options);
    EXPECT_EQ(chain.evaluate_frame(static_cast<const void*>(&other)), action::allow) << describe(options);
    EXPECT_EQ(chain.match_frame(static_cast<const void*>(&call)).result, action::trap) << describe(options);
  }
}

}  // namespace
}  // namespace callgate::test
