#include "bench/engines.h"

#include <fmt/format.h>

#include <stdexcept>

namespace callgate::bench {
namespace {

struct ByChain {
  Chain chain;
  std::uint32_t operator()(const SeccompData& data) const { return chain.evaluate(data); }
};

std::string remark_on(const Chain& chain) {
  const FallbackReason reason = chain.fallback_reason();
  if (reason == FallbackReason::none || reason == FallbackReason::no_exec_memory) return {};
  return fmt::format("runs on the interpreter: {}", rule(reason));
}

}  // namespace

const std::string interpreter_name = "interp";

std::string name_of(const Options& options) {
  if (options.engine == Engine::interpreter) return interpreter_name;
  if (options.no_exec_memory) return "no executable memory";
  return fmt::format("{} {} {}", name(options.engine), name(options.target), name(options.optimize));
}

std::vector<Options> available_options() {
  std::vector<Options> wanted(2);
  wanted[0].engine = Engine::interpreter;
  wanted[1].no_exec_memory = true;
  for (const Engine engine : {Engine::asmjit, Engine::xbyak}) {
    for (const Target target : {Target::x86_64, Target::x86_32}) {
      for (const Optimize level : {Optimize::none, Optimize::full}) {
        Options& options = wanted.emplace_back();
        options.engine = engine;
        options.target = target;
        options.optimize = level;
      }
    }
  }
  std::vector<Options> available;
  for (const Options& options : wanted) {
    if (Chain::create(options)) available.push_back(options);
  }
  return available;
}

std::string best_engine_name() {
  const std::vector<Options> available = available_options();
  return name_of(available.back());
}

Chain chain_of(const Options& options, std::span<const Program> oldest_first) {
  const Expected<Chain, AttachError> empty = Chain::create(options);
  if (!empty) throw std::runtime_error(name_of(options) + ": " + to_string(empty.error()));
  Expected<Chain, AttachError> chain = empty->attach(oldest_first);
  if (!chain) throw std::runtime_error(name_of(options) + ": " + to_string(chain.error()));
  return std::move(*chain);
}

std::vector<NamedChain> all_chains(std::span<const Program> oldest_first) {
  std::vector<NamedChain> chains;
  for (const Options& options : available_options()) {
    chains.push_back({name_of(options), chain_of(options, oldest_first)});
  }
  return chains;
}

std::unique_ptr<Evaluator> evaluator_of(std::string name, Chain chain) {
  const ChainSizes sizes = chain.sizes();
  About about{std::move(name), {sizes.code, sizes.table}, remark_on(chain)};
  return evaluator_over(std::move(about), ByChain{std::move(chain)});
}

std::uint32_t decide_one_by_one(std::span<const Program> oldest_first, const SeccompData& data) {
  for (std::size_t i = oldest_first.size(); i-- > 0;) {
    const std::uint32_t result = interpret(oldest_first[i], data);
    if (action_of(result) != action::allow) return result;
  }
  return action::allow;
}

}  // namespace callgate::bench
