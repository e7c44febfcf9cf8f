// A failing case becomes small, and stays a valid, failing one.
#include "oracles/harness/shrink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "bpf/disassembler.h"
#include "bpf/opcode.h"
#include "oracles/generator/inputs.h"
#include "oracles/generator/program_generator.h"
#include "oracles/reference/reference.h"
#include "oracles/shrink/shrink.h"
#include "tests/support/filters.h"
#include "verifier/verify.h"

namespace callgate::oracles {
namespace {

using bpf::Opcode;
using test::insns;

bool has(const Failing& failing, Opcode op) {
  for (const auto& filter : failing.filters) {
    for (const Insn& in : filter) {
      if (bpf::opcode_of(in) == op) return true;
    }
  }
  return false;
}

TEST(Without, AimsJumpsAnew) {
  const auto program = insns("ja 3\nld [0]\nld [4]\njeq #1, 5, 6\nld [8]\nret #1\nret a");
  EXPECT_EQ(bpf::disassemble(without(program, 1, 2), {.annotate = false}),
            bpf::disassemble(insns("ja 1\njeq #1, 3, 4\nld [8]\nret #1\nret a"), {.annotate = false}));
  // A jump to what is gone goes to what follows.
  EXPECT_EQ(without(program, 5, 1), insns("ja 3\nld [0]\nld [4]\njeq #1, 5, 5\nld [8]\nret a"));
}

TEST(Without, LeavesAJumpOutOfTheProgramOutOfIt) {
  const std::vector<Insn> program = {{0x05, 0, 0, 0xffffffff}, {0x15, 1, 250, 0}, {0x84, 0, 0, 0}, {0x06, 0, 0, 0}};
  EXPECT_EQ(without(program, 2, 1), (std::vector<Insn>{{0x05, 0, 0, 0xffffffff}, {0x15, 0, 249, 0}, {0x06, 0, 0, 0}}));
}

TEST(ShrinkFilter, KeepsJumpsOnTheirTargets) {
  const std::vector<Insn> filter = {{0x15, 2, 4, 7}, {0x84, 0, 0, 0}, {0x84, 0, 0, 0},
                                    {0x05, 0, 0, 1}, {0x84, 0, 0, 0}, {0x06, 0, 0, 9}};
  // Only what has a jump if equal that is followed by something survives, so everything else goes.
  const auto smallest = shrink(filter, [](std::span<const Insn> candidate) {
    return !verifier::check(candidate) && candidate.front().code == 0x15 && candidate.front().k == 7;
  });
  EXPECT_EQ(smallest, (std::vector<Insn>{{0x15, 0, 0, 7}, {0x06, 0, 0, 0}}));
}

TEST(ShrinkFilter, ReturnsWhatItWasGivenWhenNothingSmallerFails) {
  const std::vector<Insn> filter = {{0x00, 0, 0, 5}, {0x16, 0, 0, 0}};
  EXPECT_EQ(shrink(filter, [&](std::span<const Insn> candidate) { return std::ranges::equal(candidate, filter); }),
            filter);
}

// A division by 0 is refused, so the constant stops at 1; no bit of 0x80000000 alone leads there.
TEST(ShrinkFilter, MakesAConstantOneWhereZeroIsTooSmall) {
  const auto smallest = shrink(insns("ld #5\ndiv #0x80000000\nret a"), [](std::span<const Insn> candidate) {
    return !verifier::check(candidate) && candidate.front().code == 0x34;
  });
  EXPECT_EQ(smallest, insns("div #1\nret #0"));
}

// What is wrong may be that a filter is refused, or not: opcodes that nobody knows, jumps that leave, an end that is
// none.
TEST(ShrinkFilter, TakesInvalidFilters) {
  const std::vector<Insn> leaves = {{0x20, 0, 0, 4}, {0x15, 1, 200, 7}, {0x06, 0, 0, 1}, {0x06, 0, 0, 0}};
  const auto jumps_out = [](std::span<const Insn> candidate) {
    const auto error = verifier::check(candidate);
    return error && error->code == VerifyErrc::jump_out_of_program;
  };
  ASSERT_TRUE(jumps_out(leaves));
  EXPECT_EQ(shrink(leaves, jumps_out), (std::vector<Insn>{{0x05, 0, 0, 0}}));

  const std::vector<Insn> unknown = {{0x20, 0, 0, 4}, {0xfff5, 255, 255, 0xffffffff}, {0xffff, 1, 2, 3}};
  const auto has_unknown = [](std::span<const Insn> candidate) {
    return std::any_of(candidate.begin(), candidate.end(), [](const Insn& in) { return in.code == 0xfff5; });
  };
  EXPECT_EQ(shrink(unknown, has_unknown), (std::vector<Insn>{{0xfff5, 0, 0, 0}}));
}

TEST(ShrinkFilter, NeverAsksAboutAnEmptyFilter) {
  shrink(insns("ld [0]\njeq #1, 2, 3\nret #1\nret a"), [](std::span<const Insn> candidate) {
    EXPECT_FALSE(candidate.empty());
    return true;
  });
}

TEST(Shrink, FindsTheOneInstruction) {
  ProgramGenerator generator(3);
  int shrunk = 0;
  for (int i = 0; i < 200; ++i) {
    Failing failing;
    generator.write_chain(4, 300, false, failing.filters);
    failing.input = inputs_for(failing.filters[0], generator.next(), 3)[2];
    if (!has(failing, Opcode::mul_x)) continue;
    const Failing small = shrink(failing, [](const Failing& candidate) { return has(candidate, Opcode::mul_x); });
    ASSERT_EQ(small.filters.size(), 1u);
    EXPECT_EQ(small.filters[0], insns("mul x\nret #0"));
    EXPECT_EQ(small.input, SeccompData{});
    ++shrunk;
  }
  EXPECT_GT(shrunk, 10);
}

TEST(Shrink, KeepsWhatTheFailureNeeds) {
  Failing failing{{insns("ld [16]\nadd #3\njgt #100, 4\nret #1\nand #0xff\njeq #0x2a, 7\nret #2\nret #0x50007"),
                   insns("ld [4]\nret #0x7fff0000")},
                  MergeRule::first_non_allow,
                  {1, 2, 3, {0x127, 5, 6, 7, 8, 9}}};
  const auto fails = [](const Failing& candidate) {
    std::vector<Program> programs;
    for (const auto& filter : candidate.filters) programs.push_back(test::program(filter));
    return reference(programs, candidate.rule, candidate.input) == 0x50007;
  };
  ASSERT_TRUE(fails(failing));
  const Failing small = shrink(failing, fails);
  EXPECT_TRUE(fails(small));
  EXPECT_EQ(small.filters.size(), 1u);
  EXPECT_EQ(small.filters[0].size(), 1u) << bpf::disassemble(small.filters[0]);
}

TEST(Shrink, AsksOnlyAboutValidFilters) {
  ProgramGenerator generator(4);
  for (int i = 0; i < 20; ++i) {
    Failing failing{{generator.valid(60)}, MergeRule::first_non_allow, {}};
    int asked = 0;
    shrink(failing,
           [&](const Failing& candidate) {
             ++asked;
             for (const auto& filter : candidate.filters) EXPECT_FALSE(verifier::check(filter));
             return asked % 3 == 0;
           },
           {.max_questions = 300});
    EXPECT_LE(asked, 300);
  }
}

}  // namespace
}  // namespace callgate::oracles
