// Code for a plan, with what its action table needs.
#pragma once

#include <functional>

#include "callgate/options.hpp"
#include "dispatch/action_table.h"
#include "jit/compile.h"

namespace callgate {
namespace CALLGATE_HIDDEN detail {

struct PlannedCode {
  jit::Code code;
  Residuals residuals;  // none where Options::optimize is none
};

// Compiles the plan of a chain's filters for the options' rule, layout and code limit, by an engine that is there (not
// `automatic`). As long as the code is too large, the plan is replaced by one with less precision, which `plan_with` makes; the
// baseline form has the compiler's own limit. May throw std::bad_alloc, and what `plan_with` throws.
Expected<PlannedCode, jit::CompileError> compile(compose::Plan& plan, const std::function<compose::Plan(compose::Precision)>& plan_with,
                                                 const Options& options, Engine engine, Target target,
                                                 bool with_marks = false);

// Chains that decide by table and code have the table; those that run straight code for every call do not.
bool wants_table(const Options& options) noexcept;

}  // namespace detail
}  // namespace callgate
