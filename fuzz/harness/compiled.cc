#include "fuzz/harness/compiled.h"

#include "dispatch/action_table.h"
#include "jit/compile.h"

namespace callgate::fuzz {

namespace {

Compiled assemble(const ir::Plan& plan, MergeRule rule, detail::Residuals residuals, jit::Code code) {
  Compiled made{std::move(code.bytes), {}, {}};
  if (plan.empty() || plan[0]->decisions() == nullptr) return made;
  made.table.resize(detail::action_table_words);
  detail::fill(detail::ActionTable(made.table.data(), made.table.size()), plan, rule, residuals, code.entries);
  made.checks = std::move(residuals.checks);
  return made;
}

}  // namespace

// With less detail as long as the code is too large, as a chain does it.
std::optional<Compiled> compile(const Question& question, Engine engine, Target target, Optimize level,
                                Answer& answer) {
  for (ir::Detail detail = ir::Detail::facts;;) {
    const ir::Plan plan = ir::make_plan(question.filters, {.rule = question.rule, .level = level, .detail = detail});
    const bool has_less = level == Optimize::full && detail != ir::Detail::straight;
    auto residuals = detail::find_residuals(plan, question.rule);
    auto code = jit::compile({.plan = plan,
                              .rule = question.rule,
                              .engine = engine,
                              .target = target,
                              .residuals = residuals.roots,
                              .max_bytes = has_less ? max_code_bytes : jit::max_straight_bytes});
    if (code) return assemble(plan, question.rule, std::move(residuals), std::move(*code));
    const bool too_large = code.error().reason == FallbackReason::code_too_large;
    if (!too_large || !has_less) {
      answer = {too_large ? Answer::declined : Answer::failed, code.error().message};
      return std::nullopt;
    }
    detail = static_cast<ir::Detail>(static_cast<int>(detail) + 1);
  }
}

}  // namespace callgate::fuzz
