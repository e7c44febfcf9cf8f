// The same chain on everything that can decide calls in this build.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "callgate/chain.hpp"

namespace callgate::bench {

struct Evaluator {
  std::string name;  // "xbyak x86_64 full"
  Chain chain;       // with the programs attached
};

// Engine, mode and level: what create() accepts of all of them. The interpreter without optimisation comes first.
std::vector<Options> available_options();
std::string name_of(const Options& options);

// The chain on every engine. Throws std::runtime_error if one of them refuses the programs.
std::vector<Evaluator> make_evaluators(std::span<const Program> oldest_first);

struct Disagreement {
  std::size_t call;  // index into the calls
  const Evaluator* evaluator;
  std::uint32_t result;
  std::uint32_t expected;  // the interpreter's, filter by filter and without a chain
};

// What the filters say one by one, with the first answer that is not ALLOW taken from the newest down.
std::uint32_t decide_one_by_one(std::span<const Program> oldest_first, const SeccompData& data);

std::optional<Disagreement> find_disagreement(std::span<const Program> oldest_first,
                                              std::span<const Evaluator> evaluators,
                                              std::span<const SeccompData> calls);
std::string to_string(const Disagreement& disagreement, std::span<const SeccompData> calls);

}  // namespace callgate::bench
