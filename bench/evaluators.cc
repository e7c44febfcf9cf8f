#include "bench/evaluators.h"

#include <fmt/format.h>

#include <stdexcept>

#include "bpf/names.h"

namespace callgate::bench {

std::vector<Options> available_options() {
  std::vector<Options> available;
  for (const Engine engine : {Engine::interpreter, Engine::xbyak, Engine::asmjit}) {
    for (const Target target : {Target::x86_64, Target::x86_32}) {
      for (const Optimize level : {Optimize::none, Optimize::full}) {
        Options options;
        options.engine = engine;
        options.target = engine == Engine::interpreter ? Target::native : target;
        options.optimize = level;
        const bool repeated = engine == Engine::interpreter && target != Target::x86_64;
        if (!repeated && Chain::create(options)) available.push_back(options);
      }
    }
  }
  return available;
}

std::string name_of(const Options& options) {
  if (options.engine == Engine::interpreter) return fmt::format("{} {}", name(options.engine), name(options.optimize));
  return fmt::format("{} {} {}", name(options.engine), name(options.target), name(options.optimize));
}

std::vector<Evaluator> make_evaluators(std::span<const Program> oldest_first) {
  std::vector<Evaluator> evaluators;
  for (const Options& options : available_options()) {
    const Expected<Chain, AttachError> empty = Chain::create(options);
    if (!empty) throw std::runtime_error(name_of(options) + ": " + to_string(empty.error()));
    const Expected<Chain, AttachError> chain = empty->attach(oldest_first);
    if (!chain) throw std::runtime_error(name_of(options) + ": " + to_string(chain.error()));
    evaluators.push_back({name_of(options), *chain});
  }
  return evaluators;
}

std::uint32_t decide_one_by_one(std::span<const Program> oldest_first, const SeccompData& data) {
  for (std::size_t i = oldest_first.size(); i-- > 0;) {
    const std::uint32_t result = interpret(oldest_first[i], data);
    if (action_of(result) != action::allow) return result;
  }
  return action::allow;
}

std::optional<Disagreement> find_disagreement(std::span<const Program> oldest_first,
                                              std::span<const Evaluator> evaluators,
                                              std::span<const SeccompData> calls) {
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const std::uint32_t expected = decide_one_by_one(oldest_first, calls[i]);
    for (const Evaluator& evaluator : evaluators) {
      const std::uint32_t result = evaluator.chain.evaluate(calls[i]);
      if (result != expected) return Disagreement{i, &evaluator, result, expected};
    }
  }
  return std::nullopt;
}

std::string to_string(const Disagreement& disagreement, std::span<const SeccompData> calls) {
  const SeccompData& data = calls[disagreement.call];
  return fmt::format(
      "{} says {}, the interpreter {}: call {}, nr {}, arch {:#x}, ip {:#x}, arguments {:#x} {:#x} {:#x} {:#x} "
      "{:#x} {:#x}",
      disagreement.evaluator->name, bpf::result_name(disagreement.result), bpf::result_name(disagreement.expected),
      disagreement.call, data.nr, data.arch, data.instruction_pointer, data.args[0], data.args[1], data.args[2],
      data.args[3], data.args[4], data.args[5]);
}

}  // namespace callgate::bench
