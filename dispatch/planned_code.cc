#include "dispatch/planned_code.h"

#include <algorithm>

namespace callgate::detail {
namespace {

// Where code finds its input. Frames that must be read once are copied into a SeccompData first.
jit::InputMap input_map(const InputLayout& layout) {
  if (layout.single_fetch) return jit::seccomp_data_map;
  jit::InputMap map{};
  for (std::size_t i = 0; i < map.at.size(); ++i) {
    map.at[i] = static_cast<std::int32_t>(layout.words[i].value);
    map.is_constant[i] = layout.words[i].is_constant;
  }
  return map;
}

}  // namespace

bool wants_table(const Options& options) noexcept {
  return options.optimize == Optimize::full && options.engine != Engine::interpreter;
}

Expected<PlannedCode, jit::CompileError> compile(compose::Plan& plan, const std::function<compose::Plan(compose::Precision)>& plan_with,
                                                 const Options& options, Engine engine, Target target, bool with_marks) {
  const jit::InputMap input = input_map(options.layout);
  for (compose::Precision precision = compose::Precision::path_sensitive;;) {
    const bool has_less = std::ranges::any_of(plan, [](const auto& segment) { return segment->chain_graph() != nullptr; });
    Residuals residuals;
    if (wants_table(options)) residuals = find_residuals(plan, options.rule, options.layout);
    auto code = jit::compile({.plan = plan,
                              .rule = options.rule,
                              .engine = engine,
                              .target = target,
                              .with_marks = with_marks,
                              .residuals = residuals.roots,
                              .input = input,
                              .max_bytes = has_less ? std::min(options.code_limit, max_code_bytes) : jit::max_baseline_bytes});
    if (code) return PlannedCode{std::move(*code), std::move(residuals)};
    if (code.error().reason != FallbackReason::code_too_large || !has_less) return std::move(code).error();
    precision = static_cast<compose::Precision>(static_cast<int>(precision) + 1);
    plan = plan_with(precision);
  }
}

}  // namespace callgate::detail
