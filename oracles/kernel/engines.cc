#include "oracles/kernel/engines.h"

#include <stdexcept>

#include "callgate/action.hpp"

namespace callgate::kernel {

std::string Decider::name() const {
  return std::string(callgate::name(engine)) + ", optimize " + callgate::name(optimize);
}

Chain Decider::chain(std::span<const Program> oldest_first, MergeRule rule) const {
  Options options;
  options.engine = engine;
  options.optimize = optimize;
  options.rule = rule;
  const auto empty = Chain::create(options);
  if (!empty) throw std::runtime_error(name() + ": " + to_string(empty.error()));
  const auto chain = empty->attach(oldest_first);
  if (!chain) throw std::runtime_error(name() + ": " + to_string(chain.error()));
  if (chain->engine() != engine) {
    throw std::runtime_error(name() + ": fell back to " + callgate::name(chain->engine()) + ": " +
                             callgate::message(chain->fallback_reason()));
  }
  return *chain;
}

Deciders deciders() {
  Deciders choices;
  for (const Engine engine : {Engine::interpreter, Engine::xbyak, Engine::asmjit}) {
    for (const Optimize optimize : {Optimize::none, Optimize::full}) {
      const Decider choice{engine, optimize};
      Options options;
      options.engine = engine;
      options.optimize = optimize;
      if (const auto chain = Chain::create(options)) {
        choices.available.push_back(choice);
      } else {
        choices.left_out.push_back(choice.name() + ": " + to_string(chain.error()));
      }
    }
  }
  return choices;
}

}  // namespace callgate::kernel
