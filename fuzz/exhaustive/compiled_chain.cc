#include "fuzz/exhaustive/compiled_chain.h"

#include <stdexcept>

#include "dispatch/action_table.h"
#include "ir/plan.h"
#include "jit/compile.h"

namespace callgate::fuzz {

namespace {

// Empty, with the reason, if the code is too large for one of the engines; throws what is no matter of size.
Expected<std::vector<CompiledChain>, std::string> compile_plan(const ir::Plan& plan, MergeRule rule,
                                                               std::span<const Engine> engines, Target target) {
  const detail::Residuals residuals = detail::find_residuals(plan, rule);
  std::vector<CompiledChain> compiled;
  for (const Engine engine : engines) {
    auto code =
        jit::compile({.plan = plan, .rule = rule, .engine = engine, .target = target, .residuals = residuals.roots});
    if (!code && code.error().reason == FallbackReason::code_too_large) return code.error().message;
    if (!code) throw std::runtime_error(code.error().message);
    CompiledChain& chain = compiled.emplace_back();
    chain.code = std::move(code->bytes);
    chain.checks = residuals.checks;
    chain.table.resize(detail::action_table_words);
    detail::fill(detail::ActionTable(chain.table.data(), chain.table.size()), plan, rule, residuals, code->entries);
  }
  return compiled;
}

}  // namespace

// With less detail as long as the code is too large, as a chain does it.
std::vector<CompiledChain> compile_chain(std::span<const Program> oldest_first, MergeRule rule, Optimize level,
                                         std::span<const Engine> engines, Target target) {
  for (ir::Detail detail = ir::Detail::facts;; detail = static_cast<ir::Detail>(static_cast<int>(detail) + 1)) {
    const ir::Plan plan = ir::make_plan(oldest_first, {.rule = rule, .level = level, .detail = detail});
    auto compiled = compile_plan(plan, rule, engines, target);
    if (compiled) return std::move(*compiled);
    if (level == Optimize::none || detail == ir::Detail::straight) throw std::runtime_error(compiled.error());
  }
}

std::vector<Engine> engines_for(Target target) {
  std::vector<Engine> engines;
  for (const Engine engine : {Engine::xbyak, Engine::asmjit}) {
    const jit::Backend* backend = jit::find_backend(engine);
    if (backend != nullptr && backend->makes(target)) engines.push_back(engine);
  }
  return engines;
}

std::vector<Engine> engines_here() { return engines_for(jit::host_target()); }

}  // namespace callgate::fuzz
