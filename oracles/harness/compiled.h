// The code for one question, with the action table that says where in the code a call is decided.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "oracles/harness/decider.h"

namespace callgate::oracles {

// Where a call is decided: by a result that is known, or by the code at an offset.
struct Place {
  bool in_code;
  std::uint32_t value;  // the result, or bytes from the start of the code
};

struct Compiled {
  std::vector<std::uint8_t> bytes;
  std::vector<std::uint32_t> table;  // as a chain has it; empty if the start of the code decides every call
  std::vector<detail::ArgumentCheck> checks;

  Place look_up(const SeccompData& data) const {
    if (table.empty()) return {true, 0};
    const std::uint32_t word = table[detail::table_index(data.nr, data.arch)];
    if (!detail::is_residual(word)) return {false, word};
    if (word < detail::code_base) return {false, checks[word - detail::check_base].decide(&data)};
    return {true, word - detail::code_base};
  }
};

// Empty if there is no code; `answer` then says why.
std::optional<Compiled> compile(const Question& question, Engine engine, Target target, Optimize level, Answer& answer);

}  // namespace callgate::oracles
