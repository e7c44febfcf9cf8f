// A chain compiled as Chain compiles it, for any target, without being published: the code, and the action table that says
// where it begins or what needs no code.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "callgate/chain.hpp"

namespace callgate::oracles {

struct CALLGATE_HIDDEN CompiledChain {
  std::vector<std::uint8_t> code;
  std::vector<std::uint32_t> table;
  std::vector<detail::ArgumentCheck> checks;

  // With the code at `base`, which this process must be able to run if entry_of() says so.
  std::uint32_t decide(const SeccompData& data, std::uintptr_t base) const {
    const std::uint32_t word = word_of(data);
    return detail::is_residual(word) ? detail::decide_residual(word, checks.data(), base, &data, nullptr) : word;
  }

  // Where the code for the call begins, in bytes from the start of the code; nothing if table or checks decide it.
  std::optional<std::uint32_t> entry_of(const SeccompData& data) const {
    const std::uint32_t word = word_of(data);
    if (!detail::is_residual(word) || word < detail::code_base) return std::nullopt;
    return word - detail::code_base;
  }

 private:
  std::uint32_t word_of(const SeccompData& data) const {
    return table[detail::table_index(data.nr, data.arch)];
  }
};

// One for each of `engines`. Throws std::runtime_error if one does not compile the chain.
std::vector<CompiledChain> compile_chain(std::span<const Program> oldest_first, MergeRule rule, Optimize level,
                                         std::span<const Engine> engines, Target target);

// Engines that make code for the target.
std::vector<Engine> engines_for(Target target);

// Engines whose code this process can run.
std::vector<Engine> engines_here();

}  // namespace callgate::oracles
