// Chains of every kind that this process can run, for tests of what all of them promise.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "callgate/callgate.hpp"
#include "oracles/reference/reference.h"
#include "tests/support/run_everywhere.h"

namespace callgate::test {

inline const Chain& sound(const Expected<Chain, AttachError>& chain) {
  if (!chain) throw std::runtime_error("no chain: " + to_string(chain.error()));
  return *chain;
}

inline Chain chain_of(const std::vector<Program>& oldest_first, const Options& options = {}) {
  return sound(sound(Chain::create(options)).attach(oldest_first));
}

// The interpreter, the action table over the interpreter, and each native engine with and without table.
inline std::vector<Options> all_options(MergeRule rule = MergeRule::first_non_allow) {
  std::vector<Options> all = {{.engine = Engine::interpreter, .rule = rule}, {.rule = rule, .no_exec_memory = true}};
  for (const Engine engine : native_engines()) {
    all.push_back({.engine = engine, .rule = rule});
    all.push_back({.engine = engine, .optimize = Optimize::none, .rule = rule});
  }
  return all;
}

inline std::string describe(const Options& options) {
  return std::string(name(options.engine)) + " optimize=" + name(options.optimize) + " rule=" + name(options.rule) +
         (options.no_exec_memory ? " no_exec_memory" : "");
}

}  // namespace callgate::test

namespace callgate {

// How GoogleTest shows options; else it shows bytes, and padding is not initialised.
inline void PrintTo(const Options& options, std::ostream* out) { *out << test::describe(options); }

}  // namespace callgate

namespace callgate::test {

// The name of a parametrised test.
inline std::string shown(const testing::TestParamInfo<Options>& info) {
  return std::string(name(info.param.engine)) + (info.param.optimize == Optimize::none ? "_baseline" : "") +
         (info.param.no_exec_memory ? "_without_code" : "");
}

// What the chain must decide, and the newest filter with that result.
inline Match reference(const std::vector<Program>& oldest_first, MergeRule rule, const SeccompData& data) {
  const std::uint32_t result = oracles::reference(oldest_first, rule, data);
  if (result == action::allow) return {result, std::nullopt};
  std::size_t newest = oldest_first.size() - 1;
  while (interpret(oldest_first[newest], data) != result) --newest;
  return {result, static_cast<std::uint32_t>(newest)};
}

}  // namespace callgate::test
