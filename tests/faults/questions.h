// Filters for tests of what fails, the calls that tell them apart, and what chains of them must decide.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "oracles/generator/inputs.h"
#include "oracles/generator/program_generator.h"
#include "tests/support/chains.h"
#include "tests/support/filters.h"

namespace callgate::test {

// Three filters, each of which decides some calls alone, so that none can be lost unseen; round 0 has short ones,
// others random ones above them. Answers are looked up, so that asking allocates nothing.
class Questions {
 public:
  explicit Questions(std::uint64_t round = 0) {
    oracles::ProgramGenerator generator(90 + round);
    for (std::uint32_t i = 0; i < 3; ++i) {
      filters_.push_back(round == 0 || i == 1 ? telling(i) : program(std::span<const Insn>(generator.valid(40))));
      for (const SeccompData& call : oracles::inputs_for(filters_.back().instructions(), 91, 16))
        calls_.push_back(call);
      calls_.push_back({.nr = 100, .arch = arch::x86_64, .instruction_pointer = 0, .args = {i == 0, i == 1, i == 2}});
      calls_.push_back({.nr = i, .arch = arch::x86_64, .instruction_pointer = 0, .args = {}});
    }
    for (std::size_t count = 0; count <= filters_.size(); ++count) {
      for (const MergeRule rule : {MergeRule::first_non_allow, MergeRule::most_restrictive}) {
        for (const SeccompData& call : calls_) answers_.push_back(reference(first(count), rule, call));
      }
    }
  }

  const std::vector<Program>& filters() const { return filters_; }
  const std::vector<SeccompData>& calls() const { return calls_; }
  std::vector<Program> first(std::size_t count) const {
    return {filters_.begin(), filters_.begin() + static_cast<std::ptrdiff_t>(count)};
  }

  // Whether the chain decides as its filters, the oldest ones of filters(), do on the interpreter.
  bool right(const Chain& chain) const noexcept {
    const std::size_t kind = 2 * chain.length() + (chain.options().rule == MergeRule::most_restrictive ? 1 : 0);
    const Match* answer = answers_.data() + kind * calls_.size();
    for (const SeccompData& call : calls_) {
      const Match match = chain.match(call);
      if (chain.evaluate(call) != answer->result) return false;
      if (match.result != answer->result || match.filter != answer->filter) return false;
      ++answer;
    }
    return true;
  }

 private:
  static Program telling(std::uint32_t i) {
    const std::string argument =
        "ld [args[" + std::to_string(i) + "].lo]\njneq #1, ok\nret #" + std::to_string(0x50001 + i);
    return program(argument + "\nok: ld [nr]\njneq #" + std::to_string(i) + ", allow\nret #" +
                   std::to_string(0x30001 + i) + "\nallow: ret #0x7fff0000");
  }

  std::vector<Program> filters_;
  std::vector<SeccompData> calls_;
  std::vector<Match> answers_;  // by number of filters, then rule, then call
};

// Rounds of filters that each test goes through: 1, or what CALLGATE_FAULT_ROUNDS asks for in a long run.
inline std::uint64_t fault_rounds() {
  const char* const wanted = std::getenv("CALLGATE_FAULT_ROUNDS");
  return wanted == nullptr ? 1 : std::strtoull(wanted, nullptr, 10);
}

// Chains of every kind, in both merge rules.
inline std::vector<Options> all_kinds() {
  std::vector<Options> all = all_options(MergeRule::first_non_allow);
  for (const Options& options : all_options(MergeRule::most_restrictive)) all.push_back(options);
  return all;
}

inline std::string shown_with_rule(const testing::TestParamInfo<Options>& info) {
  return shown(info) + "_" + name(info.param.rule);
}

}  // namespace callgate::test
