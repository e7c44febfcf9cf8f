// Conditional jumps over more than 255 instructions: refused, or bridged by a JA without a change of meaning.
#include <gtest/gtest.h>

#include "oracles/generator/random.h"
#include "tests/support/filters.h"

namespace callgate {
namespace {

using bpf::LongJumps;
using test::insns;

std::string negs(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += "neg\n";
  return text;
}

constexpr Insn neg{0x84, 0, 0, 0};
constexpr Insn ja(std::uint32_t k) { return {0x05, 0, 0, k}; }

std::vector<Insn> bridged_head(const std::string& text, std::size_t count) {
  auto program = insns(text, LongJumps::bridge);
  program.resize(count);
  return program;
}

TEST(LongJumps, distance_255_fits) {
  for (const LongJumps mode : {LongJumps::reject, LongJumps::bridge}) {
    const auto program = insns("jeq #1, far\n" + negs(255) + "far: ret a", mode);
    EXPECT_EQ(program.size(), 257u);
    EXPECT_EQ(program.front(), (Insn{0x15, 255, 0, 1}));
  }
}

TEST(LongJumps, distance_256_is_refused_with_its_line) {
  const auto taken = bpf::assemble("neg\n\njeq #1, far\n" + negs(256) + "far: ret a");
  ASSERT_FALSE(taken);
  EXPECT_EQ(to_string(taken.error()), "line 3: the jump skips 256 instructions, more than 255");
  const auto not_taken = bpf::assemble("jne #1, far\n" + negs(300) + "far: ret a");
  ASSERT_FALSE(not_taken);
  EXPECT_EQ(to_string(not_taken.error()), "line 1: the jump skips 300 instructions, more than 255");
}

TEST(LongJumps, the_first_of_several_is_reported) {
  const auto result = bpf::assemble("neg\njeq #1, far\njeq #2, far\n" + negs(256) + "far: ret a");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().line, 2u);
}

TEST(LongJumps, ja_reaches_any_distance) { EXPECT_EQ(insns("ja far\n" + negs(5000) + "far: ret a").front(), ja(5000)); }

TEST(LongJumps, bridge_for_the_taken_side) {
  EXPECT_EQ(bridged_head("jeq #1, far\n" + negs(256) + "far: ret a", 3),
            (std::vector<Insn>{{0x15, 0, 1, 1}, ja(256), neg}));
}

TEST(LongJumps, bridge_for_the_other_side) {
  EXPECT_EQ(bridged_head("jne #1, far\n" + negs(256) + "far: ret a", 3),
            (std::vector<Insn>{{0x15, 1, 0, 1}, ja(256), neg}));
}

TEST(LongJumps, bridges_for_both_sides) {
  EXPECT_EQ(bridged_head("jeq #1, far, further\n" + negs(256) + "far: neg\nfurther: ret a", 4),
            (std::vector<Insn>{{0x15, 0, 1, 1}, ja(257), ja(257), neg}));
}

TEST(LongJumps, a_bridge_can_push_the_other_side_too_far) {
  EXPECT_EQ(bridged_head("jeq #1, near, far\n" + negs(255) + "near: neg\nfar: ret a", 4),
            (std::vector<Insn>{{0x15, 0, 1, 1}, ja(256), ja(256), neg}));
  EXPECT_EQ(bridged_head("jeq #1, near, far\n" + negs(254) + "near: neg\nneg\nfar: ret a", 3),
            (std::vector<Insn>{{0x15, 255, 0, 1}, ja(256), neg}));
}

TEST(LongJumps, a_bridge_can_push_an_earlier_jump_too_far) {
  const std::string text = "jeq #1, mid\njeq #2, far\n" + negs(254) + "mid: neg\nneg\nfar: ret a";
  EXPECT_EQ(bridged_head(text, 4), (std::vector<Insn>{{0x15, 0, 1, 1}, ja(256), {0x15, 0, 1, 2}, ja(256)}));
}

TEST(LongJumps, raw_jumps_and_indices_keep_their_targets) {
  const std::string far = "jeq #1, far\n" + negs(256) + "far: ret a";
  EXPECT_EQ(bridged_head(".insn 0x15, 1, 2, 7\n" + far, 1).front(), (Insn{0x15, 2, 3, 7}));
  EXPECT_EQ(bridged_head(".insn 5, 3, 4, 1\n" + far, 1).front(), (Insn{0x05, 3, 4, 2}));
  EXPECT_EQ(bridged_head("jeq x, 2, 3\n" + far, 1).front(), (Insn{0x1d, 2, 3, 0}));
}

TEST(LongJumps, a_jump_out_of_the_program_stays_one) {
  const std::string far = "jeq #1, far\n" + negs(256) + "far: ret a";
  EXPECT_EQ(bridged_head(".insn 5, 0, 0, 0xffffffff\n" + far, 1).front(), ja(0xffffffff));
  EXPECT_EQ(insns("ja 9\nret a", LongJumps::bridge).front(), ja(8));
}

// A random decision procedure over the bits of nr, as text and as something that can be walked without callgate.
struct Procedure {
  struct Step {
    enum { test, jump, done } kind;
    std::uint32_t mask = 0;
    std::uint32_t taken = 0;
    std::uint32_t not_taken = 0;
  };
  std::vector<Step> steps;

  Procedure(oracles::Random& random, std::uint32_t size) {
    for (std::uint32_t i = 0; i < size; ++i) {
      const auto target = [&] {
        return random.chance(50) ? i + 1 + random.below(std::min(size - i - 1, 300u)) : random.between(i + 1, size - 1);
      };
      if (i + 1 == size || random.chance(2)) {
        steps.push_back({Step::done});
      } else if (random.chance(10)) {
        steps.push_back({Step::jump, 0, target()});
      } else {
        steps.push_back({Step::test, 1u << random.below(32), target(), random.chance(40) ? i + 1 : target()});
      }
    }
  }

  std::string text() const {
    std::string out = "ld [nr]\n";
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const Step& step = steps[i];
      out += "s" + std::to_string(i) + ": ";
      if (step.kind == Step::done) out += "ret #" + std::to_string(i) + "\n";
      if (step.kind == Step::jump) out += "ja s" + std::to_string(step.taken) + "\n";
      if (step.kind == Step::test) {
        out += "jset #" + std::to_string(step.mask) + ", s" + std::to_string(step.taken) + ", s" +
               std::to_string(step.not_taken) + "\n";
      }
    }
    return out;
  }

  std::uint32_t walk(std::uint32_t nr) const {
    std::uint32_t at = 0;
    while (steps[at].kind != Step::done) {
      at = steps[at].kind == Step::jump || (nr & steps[at].mask) != 0 ? steps[at].taken : steps[at].not_taken;
    }
    return at;
  }
};

TEST(LongJumps, bridges_keep_the_meaning) {
  oracles::Random random(1);
  std::size_t with_bridges = 0;
  for (int round = 0; round < 60; ++round) {
    const Procedure procedure(random, random.between(2, 1300));
    const Program program = test::program(procedure.text(), LongJumps::bridge);
    if (program.size() > procedure.steps.size() + 1) ++with_bridges;
    for (int call = 0; call < 50; ++call) {
      const SeccompData data{.nr = random.word(), .arch = 0, .instruction_pointer = 0, .args = {}};
      ASSERT_EQ(interpret(program, data), procedure.walk(data.nr)) << "round " << round << ", nr " << data.nr;
    }
  }
  EXPECT_GT(with_bridges, 30u);
}

TEST(LongJumps, no_bridge_where_none_is_needed) {
  oracles::Random random(2);
  for (int round = 0; round < 50; ++round) {
    const std::string text = Procedure(random, random.between(2, 255)).text();
    EXPECT_EQ(insns(text, LongJumps::bridge), insns(text, LongJumps::reject));
  }
}

// 200,000 jumps that all need bridges, and every bridge lengthens all jumps before it: linear, or this test times out.
TEST(LongJumps, large_texts_take_linear_time) {
  constexpr std::size_t jumps = 200'000;
  std::string text;
  for (std::size_t i = 0; i < jumps; ++i) text += "jeq #1, mid, end\n";
  text += negs(300) + "mid: neg\n" + negs(300) + "end: ret a";
  EXPECT_EQ(insns(text, LongJumps::bridge).size(), 3 * jumps + 602);
}

}  // namespace
}  // namespace callgate
