#include "oracles/harness/compiled.h"

namespace callgate::oracles {

std::optional<detail::Image> compile(const Question& question, Engine engine, Target target, Optimize level,
                                     Answer& answer) {
  const Options options{.optimize = level, .rule = question.rule};
  detail::Image image = detail::make_image(question.filters, {options, engine, target});
  if (image.engine == engine) return image;
  const bool too_large = image.fallback_reason == FallbackReason::code_too_large;
  answer = {too_large ? Answer::declined : Answer::failed, image.error};
  return std::nullopt;
}

}  // namespace callgate::oracles
