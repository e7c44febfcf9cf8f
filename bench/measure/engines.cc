#include "bench/measure/engines.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "bench/measure/empty_call.h"

namespace callgate::bench {
namespace {

struct ByEmptyCall {
  std::shared_ptr<const EmptyCall> owner;
  EmptyCall::Function function;
  std::uint32_t operator()(const SeccompData& data) const { return function(&data); }
};

struct ByChain {
  Chain chain;
  std::uint32_t operator()(const SeccompData& data) const { return chain.evaluate(data); }
};

std::string remark_on(const Chain& chain) {
  return chain.fallback_reason() == FallbackReason::no_exec_memory ? std::string() : without_code(chain);
}

}  // namespace

const std::string empty_call_name = "empty call";

std::unique_ptr<Decider> empty_call_decider() {
  const auto empty = std::make_shared<const EmptyCall>();
  const std::string remark = empty->in_mapped_memory() ? "" : "a function of this program";
  return decider_over({empty_call_name, {}, remark}, ByEmptyCall{empty, empty->function()});
}

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

std::vector<NamedChain> all_chains(std::span<const Program> oldest_first, MergeRule rule) {
  std::vector<NamedChain> chains;
  for (Options options : available_options()) {
    options.rule = rule;
    chains.push_back({name_of(options), chain_of(options, oldest_first)});
  }
  return chains;
}

std::string without_code(const Chain& chain) {
  if (chain.fallback_reason() == FallbackReason::none) return {};
  const char* decides = chain.sizes().table > 0 ? "table, then graph or interpreter" : "interpreter";
  const char* error = chain.fallback_errno() != 0 ? strerrordesc_np(chain.fallback_errno()) : nullptr;
  return fmt::format("decides by {} ({}{}{})", decides, message(chain.fallback_reason()), error ? ": " : "",
                     error ? error : "");
}

std::unique_ptr<Decider> decider_of(std::string name, Chain chain) {
  const ChainSizes sizes = chain.sizes();
  About about{std::move(name), {sizes.code, sizes.table}, remark_on(chain)};
  return decider_over(std::move(about), ByChain{std::move(chain)});
}

std::uint32_t decide_one_by_one(std::span<const Program> oldest_first, const SeccompData& data, MergeRule rule) {
  std::uint32_t strictest = action::allow;
  for (std::size_t i = oldest_first.size(); i-- > 0;) {
    const std::uint32_t result = interpret(oldest_first[i], data);
    if (rule == MergeRule::first_non_allow && action_of(result) != action::allow) return result;
    if (rule == MergeRule::most_restrictive && is_stricter(result, strictest)) strictest = result;
  }
  return strictest;
}

double attach_microseconds(const Options& options, std::span<const Program> oldest_first) {
  using Clock = std::chrono::steady_clock;
  const Chain empty = chain_of(options, {});
  double least = std::numeric_limits<double>::max();
  for (int i = 0; i < 9; ++i) {
    const Clock::time_point start = Clock::now();
    const bool attached = empty.attach(oldest_first).has_value();
    if (!attached) throw std::runtime_error(name_of(options) + ": attaching failed");
    least = std::min(least, std::chrono::duration<double, std::micro>(Clock::now() - start).count());
  }
  return least;
}

}  // namespace callgate::bench
