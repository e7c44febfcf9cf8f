// The plan of the filters of a question.
#pragma once

#include <span>

#include "ir/plan.h"

namespace callgate::fuzz {

inline ir::Plan plan_of(std::span<const Program> oldest_first, MergeRule rule, Optimize level) {
  ir::Plan plan;
  std::uint32_t filter = 0;
  for (const Program& program : oldest_first) plan = ir::attach(plan, program, filter++, rule, level);
  return plan;
}

}  // namespace callgate::fuzz
