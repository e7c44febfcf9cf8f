// Programs of every shape that the verifier accepts compile, and their code decides right.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "callgate/callgate.hpp"
#include "compose/plan.h"
#include "compose/seccomp.h"
#include "dispatch/units.h"
#include "jit/compile.h"
#include "jit/lower.h"
#include "tests/support/agree.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

constexpr Insn ret(std::uint32_t k) { return {0x06, 0, 0, k}; }
constexpr Insn ld(std::uint32_t offset) { return {0x20, 0, 0, offset}; }

void check(const std::vector<Insn>& insns, std::size_t inputs = 24) {
  const std::vector<Program> filters = {program(std::span<const Insn>(insns))};
  ASSERT_AGREE(filters, 7, inputs);
}

// Jumps over 0 … 60 instructions of 2, 3 and 6 bytes: every distance around the 127 bytes that a short jump reaches.
TEST(Shape, JumpsAroundTheReachOfShortOnes) {
  for (const char* filler : {"tax\n", "add #1\n", "xor #0x12345678\n"}) {
    for (int count = 0; count <= 64; ++count) {
      std::string text = "ld [args[0].lo]\njeq #1, far\n";
      for (int i = 0; i < count; ++i) text += filler;
      text += "ret a\nfar: ret #5";
      const std::vector<Program> filters = {program(text)};
      SCOPED_TRACE(text);
      ASSERT_AGREE(filters, 1, 4);
    }
  }
}

TEST(Shape, LongestProgramOfReturns) {
  std::vector<Insn> insns(max_program_length, ret(0x7fff0000));
  check(insns);
}

TEST(Shape, LongestLadder) {
  std::vector<Insn> insns = {ld(0)};
  while (insns.size() < max_program_length - 2) {
    const auto n = static_cast<std::uint32_t>(insns.size());
    insns.push_back({0x15, 0, 1, n});
    insns.push_back(ret(0x00050000 + n % 4096));
  }
  while (insns.size() < max_program_length) insns.push_back(ret(0x7fff0000));
  check(insns);
}

TEST(Shape, LongestJump) {
  std::vector<Insn> insns = {{0x05, 0, 0, max_program_length - 2}};
  insns.resize(max_program_length - 1, ld(0));
  insns.push_back(ret(0x00030001));
  check(insns);
}

TEST(Shape, LongestStraightLine) {
  std::vector<Insn> insns = {ld(16)};
  while (insns.size() < max_program_length - 1) insns.push_back({0x24, 0, 0, 0x01000193});
  insns.push_back({0x16, 0, 0, 0});
  check(insns);
}

// Each diamond leaves one bit of a choice in A: 2^n paths, and as many states if nobody counts them.
TEST(Shape, DeepDiamonds) {
  std::vector<Insn> insns;
  for (std::uint32_t i = 0; insns.size() + 8 < max_program_length; ++i) {
    insns.push_back(ld(16 + 4 * (i % 12)));
    insns.push_back({0x45, 2, 0, 1u << (i % 32)});
    insns.push_back({0x60, 0, 0, 3});  // ld M[3]
    insns.push_back({0x05, 0, 0, 2});
    insns.push_back({0x60, 0, 0, 3});
    insns.push_back({0x04, 0, 0, i});  // add #i
    insns.push_back({0x02, 0, 0, 3});  // st M[3]
  }
  insns.insert(insns.begin(), {0x02, 0, 0, 3});
  insns.push_back({0x60, 0, 0, 3});
  insns.push_back({0x16, 0, 0, 0});
  check(insns);
}

TEST(Shape, AllScratchSlotsLiveOverMerges) {
  std::string text;
  for (int slot = 0; slot < 16; ++slot) {
    text += "ld [" + std::to_string(slot * 4) + "]\nadd #" + std::to_string(slot) + "\nst M[" + std::to_string(slot) +
            "]\n";
  }
  text += "ld [args[0].lo]\njgt #100, a, b\na: ld M[3]\nst M[4]\nb: ld #0\n";
  for (int slot = 0; slot < 16; ++slot) text += "ldx M[" + std::to_string(slot) + "]\nmul #31\nadd x\n";
  text += "ret a";
  const std::vector<Program> filters = {program(text)};
  ASSERT_AGREE(filters, 3, 32);
}

// Doubles the expression each time: a tree of 2^30 nodes if it were copied.
TEST(Shape, DoublingExpressions) {
  std::string text = "ld [args[0].lo]\n";
  for (int i = 0; i < 30; ++i) text += "tax\nadd x\nadd #1\n";
  text += "ret a";
  const std::vector<Program> filters = {program(text)};
  ASSERT_AGREE(filters, 3, 32);
}

TEST(Shape, DivisionsByX) {
  std::string text = "ld [args[1].lo]\ntax\nld [args[0].lo]\n";
  for (int i = 0; i < 200; ++i) text += "div x\nadd #0x10000\n";
  text += "ret a";
  const std::vector<Program> filters = {program(text)};
  ASSERT_AGREE(filters, 3, 32);
}

TEST(Shape, ReturnsOfComputedValuesInAChain) {
  const std::vector<Program> filters = {
      program("ld [args[0].lo]\nret a"),
      program("ld [args[1].lo]\nand #0xffff0000\nor #7\nret a"),
      program("ld [args[2].lo]\nret a"),
      program("ld [nr]\njeq #1, l\nret #0x7fff0005\nl: ret #0x00050001"),
  };
  std::vector<SeccompData> inputs;
  const std::uint32_t results[] = {0x7fff0000, 0x7fff1234, 0x80000000, 0x00000000, 0x00050001, 0x7ffc0000, 0xffffffff};
  for (const std::uint32_t a : results) {
    for (const std::uint32_t b : results) {
      for (const std::uint32_t c : results) inputs.push_back({c & 1, arch::x86_64, 0, {a, b, c, 0, 0, 0}});
    }
  }
  ASSERT_AGREE(filters, inputs);
}

// Chains of filters that no graph takes, so that baseline forms are glued by both rules.
TEST(Shape, BaselineFormsInAChain) {
  std::string heavy = "ld [args[0].lo]\n";
  for (int i = 0; i < 20; ++i) heavy += "tax\nmul x\nadd #3\n";
  const std::vector<Program> filters = {
      program(heavy + "and #0xffff\nor #0x50000\nret a"),
      program("ld [nr]\njgt #5, l\nret #0x7fff0000\nl: ret #0x7ff00001"),
      program(heavy + "jset #1, l\nret #0x7fff0000\nl: ret #0x80000000"),
      program(heavy + "ret a"),
      program("ld [args[1].lo]\nret a"),
  };
  ASSERT_AGREE(filters, 11, 32);
}

// Single values of an argument that lie close together are members of a set of bits, unless their distance from 0 does
// not fit a constant of 31 bits.
TEST(Shape, MembersOfASetLowAndHigh) {
  for (const bool high : {false, true}) {
    SCOPED_TRACE(high ? "high" : "low");
    const std::vector<Program> filters = {program(std::string("ld [args[0].hi]\njeq #") + (high ? "1" : "0") +
                                                  ", l, no\nl: ld [args[0].lo]\njeq #1, yes\njeq #3, yes\njeq #5, yes\n"
                                                  "jeq #7, yes\njeq #9, yes, no\nyes: ret #TRAP\nno: ret #ALLOW")};
    const compose::Plan plan = compose::make_plan(filters, {});
    const auto units = detail::units_of(plan);
    const jit::Flow flow = jit::lower({.units = units,
                                       .sequence = compose::seccomp_sequence(MergeRule::first_non_allow),
                                       .entry_roots = {},
                                       .target = {.has_64_bits = true}});
    const auto is_set = [](const jit::Step& step) { return step.kind == jit::StepKind::test_member; };
    EXPECT_EQ(std::ranges::any_of(flow.steps, is_set), !high);
    ASSERT_AGREE(filters, 5, 32);
  }
}

// The bound that docs/code-generation.md states, for both tiers.
TEST(Shape, CodeStaysWithinItsBound) {
  std::vector<std::vector<Insn>> programs;
  for (const Insn worst :
       {Insn{0x34, 0, 0, 0x12345678}, Insn{0x3c, 0, 0, 0}, Insn{0x2c, 0, 0, 0}, Insn{0x24, 0, 0, 0x1234567},
        Insn{0x02, 0, 0, 1}, Insn{0x45, 0, 0, 0x12345}, Insn{0x16, 0, 0, 0}}) {
    std::vector<Insn> insns(max_program_length - 1, worst);
    insns.push_back(ret(0));
    programs.push_back(insns);
  }
  for (const auto& insns : programs) {
    for (const Optimize level : {Optimize::none, Optimize::full}) {
      const Program filter = program(std::span<const Insn>(insns));
      const compose::Plan plan = compose::make_plan(std::span(&filter, 1), {.level = level});
      const auto units = detail::units_of(plan);
      for (const Engine engine : native_engines()) {
        const auto code =
            jit::compile(detail::seccomp_request(units, MergeRule::first_non_allow, engine, jit::host_target()));
        ASSERT_TRUE(code) << code.error().message;
        EXPECT_LE(code->bytes.size(), 64 + 24 * insns.size());
      }
    }
  }
}

}  // namespace
}  // namespace callgate::test
