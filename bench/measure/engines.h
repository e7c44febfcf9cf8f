// The same chain on everything of callgate that can decide calls in this build.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bench/measure/decider.h"
#include "callgate/chain.hpp"

namespace callgate::bench {

// Engine, mode and level: what create() accepts of all of them. The interpreter comes first; then automatic without
// executable memory (the table decides what it can, a walk of the decision graph the rest).
std::vector<Options> available_options();
std::string name_of(const Options& options);  // "xbyak x86_64 full"

// What the plain interpreter and the best that this build has are called.
extern const std::string interpreter_name;
std::string best_engine_name();

// The programs on an empty chain. Throws std::runtime_error that names the options if that fails.
Chain chain_of(const Options& options, std::span<const Program> oldest_first);

struct NamedChain {
  std::string name;
  Chain chain;
};

// What decides in a chain that has no code although its options ask for it, and why: a sentence. Empty if it has code,
// or was to be interpreted.
std::string without_code(const Chain& chain);

// A chain for each of available_options().
std::vector<NamedChain> all_chains(std::span<const Program> oldest_first, MergeRule rule = MergeRule::first_non_allow);

// The unit of measure: see bench/measure/empty_call.h. It answers ALLOW to everything.
extern const std::string empty_call_name;
std::unique_ptr<Decider> empty_call_decider();

std::unique_ptr<Decider> decider_of(std::string name, Chain chain);

// What the filters say one by one, merged by the rule: the answer that all deciders must give.
std::uint32_t decide_one_by_one(std::span<const Program> oldest_first, const SeccompData& data,
                                MergeRule rule = MergeRule::first_non_allow);

// Microseconds to attach verified filters to an empty chain of the options and to release what that made: the least of
// nine times. What "attach" means wherever the command prints it.
double attach_microseconds(const Options& options, std::span<const Program> oldest_first);

}  // namespace callgate::bench
