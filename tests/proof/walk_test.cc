// The diagram of a chain decides every call as the interpreter does.
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>

#include "bpf/disassembler.h"
#include "callgate/action.hpp"
#include "oracles/exhaustive/alphabet.h"
#include "oracles/generator/inputs.h"
#include "proof/compare.h"
#include "tests/proof/pairs.h"
#include "tests/support/golden_filters.h"

namespace callgate::test {
namespace {

using proof::Budget;
using proof::ChainRef;
using proof::Walk;

// The leaf of one call; empty if there is none, as a branch was left out that a call takes.
std::optional<proof::DiagramId> leaf_of(const Walk& walk, const SeccompData& data) {
  const proof::Words words = proof::words_of(data);
  for (const proof::Part& part : walk.parts()) {
    if (!part.arches.contains(data.arch) || !part.numbers.contains(data.nr)) continue;
    proof::DiagramId id = part.diagram;
    while (!walk[id].branches.empty()) {
      const std::uint32_t value = walk.terms().evaluate(walk[id].term, words);
      const proof::DiagramId before = id;
      for (const proof::Branch& branch : walk[id].branches) {
        if (branch.set.contains(value)) id = branch.next;
      }
      if (id == before) return std::nullopt;
    }
    return id;
  }
  return std::nullopt;
}

// "" or what is wrong. Only `may_be_open` chains may be too much for the budget.
std::string check_walk(std::span<const Program> filters, MergeRule rule, std::span<const SeccompData> inputs,
                       bool may_be_open = false) {
  Budget budget;
  if (may_be_open) budget.steps = 100'000;
  Walk walk(ChainRef{filters, rule}, budget);
  for (const SeccompData& data : inputs) {
    const auto leaf = leaf_of(walk, data);
    if (may_be_open && leaf == proof::undecided) continue;
    const auto* decisions = leaf && leaf != proof::undecided ? &walk[*leaf].decisions : nullptr;
    const std::uint32_t expected = proof::decision_of({filters, rule}, data);
    const std::uint32_t got =
        decisions == nullptr ? ~expected : walk.terms().evaluate((*decisions)[0].result, proof::words_of(data));
    const auto filter = decisions == nullptr ? std::nullopt : (*decisions)[0].filter;
    const bool by_right = !filter || interpret(filters[*filter], data) == expected;
    if (got == expected && by_right) continue;
    std::string text = "nr " + std::to_string(data.nr) + " expected " + std::to_string(expected) +
                       (decisions == nullptr ? " no leaf" : " got " + std::to_string(got)) + "\n";
    for (const Program& program : filters) {
      if (program.size() < 100) text += bpf::disassemble(program.instructions()) + "----\n";
    }
    return text;
  }
  return "";
}

TEST(ProofWalk, AllSmallPrograms) {
  const oracles::Alphabet alphabet = oracles::alphabet_of(oracles::AlphabetSize::tiny);
  const std::vector<SeccompData> inputs = oracles::small_program_inputs();
  // Loads both registers, so that what follows is about two words.
  const std::vector<Insn> prologue = insns("ld [16]\ntax\nst M[0]\nst M[15]\nld [24]\n");
  std::size_t programs = 0;
  for (const Insn& first : alphabet.all) {
    for (const Insn& second : alphabet.all) {
      for (const Insn& last : alphabet.returns) {
        std::vector<Insn> whole = prologue;
        whole.insert(whole.end(), {first, second, last});
        const auto verified = verify(whole);
        if (!verified) continue;
        ++programs;
        ASSERT_EQ(check_walk(std::span(&*verified, 1), MergeRule::most_restrictive, inputs), "");
      }
    }
  }
  EXPECT_GT(programs, 1000u);
}

TEST(ProofWalk, GeneratedChains) {
  oracles::ProgramGenerator generator(11);
  oracles::Random random(12);
  for (int i = 0; i < 400; ++i) {
    const Pair pair = make_pair(generator, random);
    oracles::InputGenerator inputs;
    inputs.start(static_cast<std::uint64_t>(i));
    for (const Program& program : pair.before) inputs.add(program.instructions());
    std::vector<SeccompData> data(64);
    inputs.write(data);
    ASSERT_EQ(check_walk(pair.before, pair.rule, data), "") << i;
  }
}

// All filters of the golden folders.
TEST(ProofWalk, GoldenFilters) {
  int files = 0;
  for (const char* folder : {"ir", "jit", "search"}) {
    for (const auto& entry : std::filesystem::directory_iterator(golden_path(folder))) {
      if (entry.path().extension() != ".bpf") continue;
      const std::string name = (std::filesystem::path(folder) / entry.path().filename()).string();
      const std::vector<Program> filters = golden_filters(name);
      oracles::InputGenerator inputs;
      inputs.start(1);
      for (const Program& program : filters) inputs.add(program.instructions());
      std::vector<SeccompData> data(200);
      inputs.write(data);
      for (const MergeRule rule : {MergeRule::most_restrictive, MergeRule::first_non_allow}) {
        ASSERT_EQ(check_walk(filters, rule, data, folder == std::string_view("search")), "") << name;
      }
      ++files;
    }
  }
  EXPECT_GT(files, 20);
}

TEST(ProofWalk, AnEmptyChainAllows) {
  Walk walk(ChainRef{}, Budget{});
  ASSERT_EQ(walk.parts().size(), 1u);
  const auto& leaf = walk[walk.parts()[0].diagram];
  ASSERT_EQ(leaf.decisions.size(), 1u);
  EXPECT_EQ(walk.terms()[leaf.decisions[0].result].a, action::allow);
}

// A ladder of numbers is one part, whatever its length; equal conditions are one diagram.
TEST(ProofWalk, ALadderIsOneSetOfNumbers) {
  std::vector<Insn> ladder{{0x20, 0, 0, 0}};
  for (std::uint32_t i = 0; i < 1000; ++i) {
    ladder.push_back({0x15, 0, 1, 3 * i});
    ladder.push_back({0x06, 0, 0, action::allow});
  }
  ladder.push_back({0x06, 0, 0, action::kill_process});
  const Program program = test::program(ladder);
  Walk walk(ChainRef{std::span(&program, 1)}, Budget{});
  ASSERT_EQ(walk.parts().size(), 2u);
  EXPECT_EQ(walk.parts()[0].numbers.size(), 1000u);
}

}  // namespace
}  // namespace callgate::test
