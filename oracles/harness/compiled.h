// The image for one question.
#pragma once

#include <optional>

#include "dispatch/image.h"
#include "oracles/harness/decider.h"

namespace callgate::oracles {

// With code that need not run here. Empty if there is no code; `answer` then says why.
std::optional<detail::Image> compile(const Question& question, Engine engine, Target target, Optimize level,
                                     Answer& answer);

}  // namespace callgate::oracles
