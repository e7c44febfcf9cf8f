// A chain's plan as jit/ takes it: the one place that turns segments, rules and seccomp's input into data for the
// compiler.
#pragma once

#include <span>
#include <vector>

#include "callgate/layout.hpp"
#include "callgate/options.hpp"
#include "compose/plan.h"
#include "compose/seccomp.h"
#include "jit/compile.h"

namespace callgate {
namespace CALLGATE_HIDDEN detail {

// A SeccompData as it lies.
inline constexpr jit::InputMap seccomp_data_map = jit::identity_map(compose::seccomp_input);

// Where code finds the words of a layout. Frames that must be read once are copied into a SeccompData first.
jit::InputMap input_map(const InputLayout& layout);

// One unit for each segment, in the same order. Units refer to the plan's segments, which must outlive them. May throw
// std::bad_alloc.
std::vector<jit::Unit> units_of(const compose::Plan& plan);

// The compilation of a whole chain that decides a SeccompData. The caller may change any member; `units` must outlive
// the request.
jit::Request seccomp_request(std::span<const jit::Unit> units, MergeRule rule, Engine engine, Target target);

}  // namespace detail
}  // namespace callgate
