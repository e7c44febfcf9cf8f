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

Expected<PlannedCode, jit::CompileError> compile(ir::Plan& plan, const std::function<ir::Plan(ir::Detail)>& plan_with,
                                                 const Options& options, Engine engine, Target target, bool with_marks) {
  const jit::InputMap input = input_map(options.layout);
  for (ir::Detail detail = ir::Detail::facts;;) {
    const bool has_less = std::ranges::any_of(plan, [](const auto& segment) { return segment->decisions() != nullptr; });
    Residuals residuals;
    if (wants_table(options)) residuals = find_residuals(plan, options.rule, options.layout);
    auto code = jit::compile({.plan = plan,
                              .rule = options.rule,
                              .engine = engine,
                              .target = target,
                              .with_marks = with_marks,
                              .residuals = residuals.roots,
                              .input = input,
                              .max_bytes = has_less ? std::min(options.code_limit, max_code_bytes) : jit::max_straight_bytes});
    if (code) return PlannedCode{std::move(*code), std::move(residuals)};
    if (code.error().reason != FallbackReason::code_too_large || !has_less) return std::move(code).error();
    detail = static_cast<ir::Detail>(static_cast<int>(detail) + 1);
    plan = plan_with(detail);
  }
}

}  // namespace callgate::detail
