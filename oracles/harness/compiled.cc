#include "oracles/harness/compiled.h"

#include "dispatch/planned_code.h"

namespace callgate::oracles {

namespace {

Compiled assemble(const compose::Plan& plan, MergeRule rule, detail::PlannedCode made) {
  Compiled compiled{std::move(made.code.bytes), {}, {}};
  if (plan.empty() || plan[0]->chain_graph() == nullptr) return compiled;
  compiled.table.resize(detail::action_table_words);
  detail::fill(detail::ActionTable(compiled.table.data(), compiled.table.size()), plan, rule, made.residuals,
               made.code.entries);
  compiled.checks = std::move(made.residuals.checks);
  return compiled;
}

}  // namespace

std::optional<Compiled> compile(const Question& question, Engine engine, Target target, Optimize level,
                                Answer& answer) {
  const auto plan_with = [&](compose::Precision precision) {
    return compose::make_plan(question.filters, {.rule = question.rule, .level = level, .precision = precision});
  };
  compose::Plan plan = plan_with(compose::Precision::path_sensitive);
  auto made = detail::compile(plan, plan_with, {.optimize = level, .rule = question.rule}, engine, target);
  if (made) return assemble(plan, question.rule, std::move(*made));
  const bool too_large = made.error().reason == FallbackReason::code_too_large;
  answer = {too_large ? Answer::declined : Answer::failed, made.error().message};
  return std::nullopt;
}

}  // namespace callgate::oracles
