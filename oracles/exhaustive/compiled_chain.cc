#include "oracles/exhaustive/compiled_chain.h"

#include <stdexcept>

#include "dispatch/planned_code.h"
#include "jit/backend.h"

namespace callgate::oracles {

namespace {

CompiledChain assemble(const compose::Plan& plan, MergeRule rule, jit::Code code, const detail::Residuals& residuals) {
  CompiledChain chain;
  chain.table.resize(detail::action_table_words);
  detail::fill(detail::ActionTable(chain.table.data(), chain.table.size()), plan, rule, residuals, code.entries);
  chain.code = std::move(code.bytes);
  chain.checks = residuals.checks;
  return chain;
}

}  // namespace

// The first engine's plan serves the others too.
std::vector<CompiledChain> compile_chain(std::span<const Program> oldest_first, MergeRule rule, Optimize level,
                                         std::span<const Engine> engines, Target target) {
  const auto plan_with = [&](compose::Precision precision) {
    return compose::make_plan(oldest_first, {.rule = rule, .level = level, .precision = precision});
  };
  compose::Plan plan = plan_with(compose::Precision::path_sensitive);
  auto made = detail::compile(plan, plan_with, {.optimize = level, .rule = rule}, engines[0], target);
  if (!made) throw std::runtime_error(made.error().message);
  std::vector<CompiledChain> compiled{assemble(plan, rule, std::move(made->code), made->residuals)};
  for (const Engine engine : engines.subspan(1)) {
    auto code = jit::compile(
        {.plan = plan, .rule = rule, .engine = engine, .target = target, .residuals = made->residuals.roots});
    if (!code) throw std::runtime_error(code.error().message);
    compiled.push_back(assemble(plan, rule, std::move(*code), made->residuals));
  }
  return compiled;
}

std::vector<Engine> engines_for(Target target) {
  std::vector<Engine> engines;
  for (const Engine engine : {Engine::xbyak, Engine::asmjit}) {
    if (available(engine, target)) engines.push_back(engine);
  }
  return engines;
}

std::vector<Engine> engines_here() { return engines_for(jit::host_target()); }

}  // namespace callgate::oracles
