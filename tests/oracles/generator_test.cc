// What other tests rely on: the generator keeps its promises, or they would test less than they say.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "bpf/opcode.h"
#include "callgate/program.hpp"
#include "interp/run.h"
#include "oracles/generator/broken.h"
#include "oracles/generator/inputs.h"
#include "oracles/generator/preimage.h"
#include "oracles/generator/program_generator.h"
#include "oracles/generator/random.h"
#include "verifier/verify.h"

namespace callgate::oracles {
namespace {

// FNV-1a over the fields, so that it does not depend on layout.
std::uint64_t digest(std::uint64_t hash, std::span<const Insn> program) {
  const auto mix = [&](std::uint64_t value) { hash = (hash ^ value) * 0x100000001b3; };
  for (const Insn& in : program) {
    mix(in.code);
    mix(in.jt);
    mix(in.jf);
    mix(in.k);
  }
  return hash;
}

TEST(ProgramGenerator, ValidProgramsVerifyAndUseEveryOpcode) {
  ProgramGenerator generator(1);
  std::set<std::uint16_t> codes;
  for (int i = 0; i < 600; ++i) {
    const auto program = generator.valid(max_program_length);
    const auto error = verifier::check(program);
    ASSERT_FALSE(error) << "program " << i << ": " << to_string(*error);
    for (const Insn& in : program) codes.insert(in.code);
  }
  EXPECT_EQ(codes.size(), bpf::opcode_table.size());
}

TEST(ProgramGenerator, ReachesTheLimits) {
  ProgramGenerator generator(2);
  std::size_t longest = 0;
  bool far_jump = false;
  for (int i = 0; i < 600; ++i) {
    const auto program = generator.valid(max_program_length);
    longest = std::max(longest, program.size());
    for (const Insn& in : program) far_jump |= in.jt == 255 || in.jf == 255;
  }
  EXPECT_EQ(longest, max_program_length);
  EXPECT_TRUE(far_jump);
  EXPECT_EQ(generator.valid(1).size(), 1u);
}

// A fixed digest: another compiler, word size or optimisation level that changed the sequence would show here.
TEST(ProgramGenerator, SameSeedGivesTheSameProgramsEverywhere) {
  ProgramGenerator generator(3);
  std::uint64_t hash = 0xcbf29ce484222325;
  for (int i = 0; i < 200; ++i) {
    const auto program = generator.valid(400);
    hash = digest(hash, program);
    hash = digest(hash, generator.mutated(program));
    hash = digest(hash, generator.random_bytes(400));
    const auto inputs = inputs_for(program, generator.next(), 4);
    for (const SeccompData& data : inputs) hash = (hash ^ data.nr ^ data.args[5]) * 31;
  }
  EXPECT_EQ(hash, 0x858c9b0b66b140a6u) << std::hex << "0x" << hash;
}

TEST(ProgramGenerator, MutantsAreValidAndInvalid) {
  ProgramGenerator generator(4);
  int valid = 0;
  for (int i = 0; i < 2000; ++i) valid += !verifier::check(generator.mutated(generator.valid(100)));
  EXPECT_GT(valid, 400);
  EXPECT_LT(valid, 1600);
}

TEST(ProgramGenerator, NoiseIsValidAndInvalid) {
  ProgramGenerator generator(5);
  int valid = 0;
  for (int i = 0; i < 2000; ++i) valid += !verifier::check(generator.random_bytes(100));
  EXPECT_GT(valid, 100);
  EXPECT_LT(valid, 1000);
}

// Random filters are of use only if inputs take different paths through them.
TEST(ProgramGenerator, InputsReachDifferentResults) {
  ProgramGenerator generator(6);
  int several = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto instructions = generator.valid(200);
    const auto program = verify(instructions);
    ASSERT_TRUE(program);
    std::set<std::uint32_t> results;
    const auto inputs = inputs_for(instructions, generator.next(), 16);
    for (const SeccompData& data : inputs) results.insert(interpret(*program, data));
    several += results.size() > 1;
  }
  EXPECT_GT(several, 500);
}

// Each breaks the one rule that it says, where it says.
TEST(Broken, NeighboursGetTheirVerdict) {
  ProgramGenerator generator(8);
  Random random(9);
  std::map<VerifyErrc, int> seen;
  for (int i = 0; i < 4000; ++i) {
    const Broken broken = break_a_rule(random, generator.valid(300));
    const auto error = verifier::check(broken.program);
    ASSERT_TRUE(error) << "program " << i << " must break the rule: " << rule(broken.rule);
    ASSERT_EQ(error->code, broken.rule) << "program " << i << ": " << to_string(*error);
    ASSERT_EQ(error->pc, broken.pc) << "program " << i << ": " << to_string(*error);
    ++seen[broken.rule];
  }
  EXPECT_EQ(seen.size(), 10u);
}

TEST(ProgramGenerator, ChainsAskAboutTheSameThings) {
  ProgramGenerator generator(10);
  std::vector<std::vector<Insn>> filters;
  int shared = 0;
  int several = 0;
  for (int i = 0; i < 500; ++i) {
    generator.write_chain(6, 40, false, filters);
    ASSERT_LE(filters.size(), 6u);
    std::set<std::uint32_t> before;
    for (const auto& filter : filters) {
      ASSERT_FALSE(verifier::check(filter)) << i;
      for (const Insn& in : filter) shared += before.contains(in.k) && in.k > 512;
      for (const Insn& in : filter) before.insert(in.k);
    }
    several += filters.size() > 1;
  }
  EXPECT_GT(several, 300);
  EXPECT_GT(shared, 1000);
}

// How much of a program its inputs come by, counted by turning one instruction after the other into a mark.
TEST(InputsFor, ReachMostInstructions) {
  int marks = 0;
  int reached = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    std::vector<Insn> program;
    ProgramGenerator(seed).write(32, program);
    const auto inputs = inputs_for(program, seed, 16);
    for (Insn& in : program) {
      if (bpf::find_opcode(in.code)->form == bpf::Form::a || in.code == 0x06) in = {0x06, 0, 0, 0};
    }
    for (Insn& in : program) {
      const Insn kept = std::exchange(in, Insn{0x06, 0, 0, 1});
      reached += std::any_of(inputs.begin(), inputs.end(),
                             [&](const SeccompData& data) { return interp::run(program.data(), data) == 1; });
      ++marks;
      in = kept;
    }
  }
  EXPECT_GT(reached * 100, marks * 60) << reached << " of " << marks;
}

TEST(Preimage, UndoesArithmetic) {
  const Insn program[] = {{0x20, 0, 0, 16}, {0x04, 0, 0, 7}, {0xa4, 0, 0, 0xff00ff00}, {0x14, 0, 0, 0x80000000},
                          {0x24, 0, 0, 12}, {0x84, 0, 0, 0}, {0x74, 0, 0, 3},          {0x34, 0, 0, 5},
                          {0x64, 0, 0, 4},  {0x16, 0, 0, 0}};
  Random random(11);
  for (const std::uint32_t wanted : {0u, 0x10u, 0x1230u, 0x00cccc00u}) {
    SeccompData data{};
    data.args[0] = preimage(program, std::end(program) - 1, wanted, random);
    EXPECT_EQ(interp::run(program, data), wanted);
  }
}

TEST(InputsFor, HitsEveryComparedConstantAndItsNeighbours) {
  const Insn program[] = {
      {0x20, 0, 0, 0},          {0x15, 3, 0, 59}, {0x20, 0, 0, 24},
      {0x25, 1, 0, 0x80000000}, {0x06, 0, 0, 0},  {0x06, 0, 0, 0x7fff0000},
  };
  std::set<std::uint64_t> numbers;
  std::set<std::uint64_t> halves;
  for (const SeccompData& data : inputs_for(program, 7, 32)) {
    numbers.insert(data.nr);
    halves.insert(data.args[1] & 0xffffffff);
  }
  for (const std::uint32_t nr : {58u, 59u, 60u}) EXPECT_TRUE(numbers.contains(nr)) << nr;
  for (const std::uint32_t k : {0x7fffffffu, 0x80000000u, 0x80000001u}) EXPECT_TRUE(halves.contains(k)) << k;
}

}  // namespace
}  // namespace callgate::oracles
