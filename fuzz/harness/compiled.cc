#include "fuzz/harness/compiled.h"

#include "dispatch/action_table.h"
#include "jit/compile.h"

namespace callgate::fuzz {

std::optional<Compiled> compile(const Question& question, Engine engine, Target target, Optimize level,
                                Answer& answer) {
  const ir::Plan plan = ir::make_plan(question.filters, {.rule = question.rule, .level = level});
  const bool has_table = plan[0]->decisions() != nullptr;
  detail::Residuals residuals;
  if (has_table) residuals = detail::find_residuals(plan, question.rule);
  auto code = jit::compile(
      {.plan = plan, .rule = question.rule, .engine = engine, .target = target, .residuals = residuals.roots});
  if (!code) {
    const bool limit = code.error().reason == FallbackReason::code_too_large;
    answer = {limit ? Answer::declined : Answer::failed, code.error().message};
    return std::nullopt;
  }
  Compiled made{std::move(code->bytes), {}, residuals.checks};
  if (has_table) {
    made.table.resize(detail::action_table_words);
    const detail::ActionTable table(made.table.data(), made.table.size());
    detail::fill(table, plan, question.rule, residuals, code->entries);
  }
  return made;
}

}  // namespace callgate::fuzz
