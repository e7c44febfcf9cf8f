#include "oracles/exhaustive/compiled_chain.h"

#include <stdexcept>

namespace callgate::oracles {

// The first engine's plan serves the others too.
std::vector<detail::Image> compile_chain(std::span<const Program> oldest_first, MergeRule rule, Optimize level,
                                         std::span<const Engine> engines, Target target) {
  const Options options{.optimize = level, .rule = rule};
  const auto plan_with = [&](compose::Precision precision) {
    return compose::make_plan(oldest_first, detail::plan_options(options, precision));
  };
  compose::Plan plan = plan_with(compose::Precision::path_sensitive);
  std::vector<detail::Image> images;
  for (const Engine engine : engines) {
    images.push_back(detail::make_image(plan, plan_with, {options, engine, target}));
    if (images.back().engine != engine) throw std::runtime_error(images.back().error);
    plan = images.back().plan;
  }
  return images;
}

std::vector<Engine> engines_for(Target target) {
  std::vector<Engine> engines;
  for (const Engine engine : {Engine::xbyak, Engine::asmjit}) {
    if (available(engine, target)) engines.push_back(engine);
  }
  return engines;
}

std::vector<Engine> engines_here() { return engines_for(jit::host_target()); }

}  // namespace callgate::oracles
