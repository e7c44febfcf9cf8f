// One question: filters, a rule, and system calls. A run's cases depend on its seed and their index alone.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "callgate/program.hpp"
#include "oracles/generator/inputs.h"
#include "oracles/harness/config.h"

namespace callgate::oracles {

struct Case {
  std::vector<std::vector<Insn>> filters;  // oldest first
  MergeRule rule = MergeRule::first_non_allow;
  std::vector<SeccompData> inputs;
};

class CaseGenerator {
 public:
  explicit CaseGenerator(const Config& config) : config_(config) {}

  // The run's case `index`, in the memory of `out`.
  void make_filters(std::uint64_t index, Case& out);
  void make_inputs(std::uint64_t index, Case& out);  // after make_filters()

  Case make(std::uint64_t index);

 private:
  const Config config_;
  InputGenerator inputs_;
};

}  // namespace callgate::oracles
