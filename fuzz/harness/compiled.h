// The code for one question, with the action table that says where in the code a call is decided.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "fuzz/harness/decider.h"

namespace callgate::fuzz {

struct Compiled {
  std::vector<std::uint8_t> bytes;
  std::vector<std::uint32_t> table;  // as a chain has it; empty if the start of the code decides every call

  // The action table's word for the call: a result, or a place in the code.
  std::uint32_t word(const SeccompData& data) const {
    if (table.empty()) return detail::residual_base;
    return table[detail::table_index(detail::call_id(data.nr, data.arch))];
  }
};

// Empty if there is no code; `answer` then says why.
std::optional<Compiled> compile(const Question& question, Engine engine, Target target, Optimize level, Answer& answer);

}  // namespace callgate::fuzz
