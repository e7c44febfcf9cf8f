// What each instruction reads, writes and goes on to, against a table written here by hand.
#include "ir/liveness.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "bpf/opcode.h"
#include "ir/baseline.h"
#include "tests/support/filters.h"

namespace callgate::ir {
namespace {

constexpr Variables none = 0;
constexpr Variables a = 1u << 16;
constexpr Variables x = 1u << 17;
constexpr Variables slot = 1u << 11;  // of the instructions made below

enum class Flow { next, jump, branch, end };

struct Expected {
  std::uint16_t code;
  Variables reads;
  Variables writes;
  Flow flow;
};

constexpr Expected table[] = {
    // loads and stores
    {0x00, none, a, Flow::next},
    {0x20, none, a, Flow::next},
    {0x60, slot, a, Flow::next},
    {0x80, none, a, Flow::next},
    {0x01, none, x, Flow::next},
    {0x61, slot, x, Flow::next},
    {0x81, none, x, Flow::next},
    {0x02, a, slot, Flow::next},
    {0x03, x, slot, Flow::next},
    {0x07, a, x, Flow::next},
    {0x87, x, a, Flow::next},
    // arithmetic with a constant, then with X
    {0x04, a, a, Flow::next},
    {0x14, a, a, Flow::next},
    {0x24, a, a, Flow::next},
    {0x34, a, a, Flow::next},
    {0x44, a, a, Flow::next},
    {0x54, a, a, Flow::next},
    {0x64, a, a, Flow::next},
    {0x74, a, a, Flow::next},
    {0x84, a, a, Flow::next},
    {0xa4, a, a, Flow::next},
    {0x0c, a | x, a, Flow::next},
    {0x1c, a | x, a, Flow::next},
    {0x2c, a | x, a, Flow::next},
    {0x3c, a | x, a, Flow::next},
    {0x4c, a | x, a, Flow::next},
    {0x5c, a | x, a, Flow::next},
    {0x6c, a | x, a, Flow::next},
    {0x7c, a | x, a, Flow::next},
    {0xac, a | x, a, Flow::next},
    // jumps
    {0x05, none, none, Flow::jump},
    {0x15, a, none, Flow::branch},
    {0x25, a, none, Flow::branch},
    {0x35, a, none, Flow::branch},
    {0x45, a, none, Flow::branch},
    {0x1d, a | x, none, Flow::branch},
    {0x2d, a | x, none, Flow::branch},
    {0x3d, a | x, none, Flow::branch},
    {0x4d, a | x, none, Flow::branch},
    {0x06, none, none, Flow::end},
    {0x16, a, none, Flow::end},
};

// k is a slot number, a distance and a constant alike.
constexpr Insn make(std::uint16_t code) { return {code, 2, 5, 11}; }

std::vector<std::uint32_t> targets(const Insn& insn, std::uint32_t pc) {
  const Successors next = successors_of(insn, pc);
  return {next.at, next.at + next.count};
}

std::vector<std::uint32_t> expected_targets(Flow flow, std::uint32_t pc) {
  switch (flow) {
    case Flow::next: return {pc + 1};
    case Flow::jump: return {pc + 12};
    case Flow::branch: return {pc + 3, pc + 6};
    case Flow::end: return {};
  }
  return {};
}

TEST(Liveness, TheTableHoldsEveryOpcodeOnce) {
  std::vector<std::uint16_t> here;
  std::vector<std::uint16_t> there;
  for (const Expected& e : table) here.push_back(e.code);
  for (const auto& info : bpf::opcode_table) there.push_back(static_cast<std::uint16_t>(info.opcode));
  std::sort(here.begin(), here.end());
  EXPECT_EQ(here, there);
}

TEST(Liveness, EffectOfEveryOpcode) {
  for (const Expected& e : table) {
    SCOPED_TRACE(bpf::find_opcode(e.code)->mnemonic);
    EXPECT_EQ(effect_of(make(e.code)).reads, e.reads) << e.code;
    EXPECT_EQ(effect_of(make(e.code)).writes, e.writes) << e.code;
  }
}

TEST(Liveness, SuccessorsOfEveryOpcode) {
  for (const Expected& e : table) {
    for (const std::uint32_t pc : {0u, 1u, 100u}) {
      EXPECT_EQ(targets(make(e.code), pc), expected_targets(e.flow, pc)) << bpf::find_opcode(e.code)->mnemonic;
    }
  }
}

TEST(Liveness, EverySlotIsAVariableOfItsOwn) {
  for (std::uint32_t k = 0; k < scratch_slots; ++k) {
    EXPECT_EQ(effect_of({0x02, 0, 0, k}).writes, 1u << k);
    EXPECT_EQ(effect_of({0x60, 0, 0, k}).reads, 1u << k);
  }
}

TEST(Liveness, FarJumps) {
  EXPECT_EQ(targets({0x15, 255, 254, 0}, 10), (std::vector<std::uint32_t>{266, 265}));
  EXPECT_EQ(targets({0x05, 0, 0, 4094}, 0), std::vector<std::uint32_t>{4095});
}

std::vector<Variables> live(std::string_view text) { return live_before(test::program(text)); }

TEST(Liveness, OfAStraightLine) {
  EXPECT_EQ(live("ld [0]\nst M[11]\nldx M[11]\nadd x\nret a"), (std::vector<Variables>{none, a, a | slot, a | x, a}));
}

TEST(Liveness, OfTheInitialZeros) {
  EXPECT_EQ(live("add x\nret a")[0], a | x);
  EXPECT_EQ(live("txa\nret a")[0], x);
  EXPECT_EQ(live("ret #0")[0], none);
}

TEST(Liveness, IsTheUnionOverBothWays) {
  EXPECT_EQ(live("st M[11]\nld [0]\njeq #1, l\nret #0\nl: ld M[11]\nret a"),
            (std::vector<Variables>{a, slot, slot | a, none, slot, a}));
}

TEST(Liveness, AWriteEndsIt) {
  EXPECT_EQ(live("ldx #1\nldx #2\ntxa\nret a"), (std::vector<Variables>{none, none, x, a}));
}

TEST(Baseline, SaysWhichZerosAreRead) {
  struct Case {
    const char* text;
    bool reads_a;
    bool reads_x;
  };
  constexpr Case cases[] = {{"ret a", true, false},
                            {"txa\nret a", false, true},
                            {"ld [0]\nret a", false, false},
                            {"add x\nret a", true, true},
                            {"jeq #1, l\nret #0\nl: txa\nret a", true, true}};
  for (const Case& c : cases) {
    const Baseline form = build_baseline(test::program(c.text));
    EXPECT_EQ(form.reads_initial_a, c.reads_a) << c.text;
    EXPECT_EQ(form.reads_initial_x, c.reads_x) << c.text;
  }
}

}  // namespace
}  // namespace callgate::ir
