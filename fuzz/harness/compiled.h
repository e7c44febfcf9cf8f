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
  std::vector<detail::ArgumentCheck> checks;

  // The action table's word for the call: a result, a check, or a place in the code.
  std::uint32_t word(const SeccompData& data) const {
    if (table.empty()) return detail::code_base;
    return table[detail::table_index(detail::call_id(data.nr, data.arch))];
  }

  static bool is_code(std::uint32_t word) { return detail::is_residual(word) && word >= detail::code_base; }

  // What the word says without code: a result, or what its check finds.
  std::uint32_t result(std::uint32_t word, const SeccompData& data) const {
    return detail::is_residual(word) ? checks[word - detail::check_base].decide(&data) : word;
  }
};

// Empty if there is no code; `answer` then says why.
std::optional<Compiled> compile(const Question& question, Engine engine, Target target, Optimize level, Answer& answer);

}  // namespace callgate::fuzz
