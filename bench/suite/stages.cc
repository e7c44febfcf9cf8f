// stage/WORKLOAD/STAGE: microseconds of each stage of an attach, for the best engine at full optimisation.
//   verify      bytes are proved to be a filter (not part of attach, which takes verified ones)
//   build       filters become decision graphs
//   plan        build, and composing and specialising by number and arch
//   table       what number and arch settle, and what is left
//   lower       blocks in order, and the size of everything
//   compile     lower, and writing the code
// publish/ (suite/attach.cc) is the last one.
#include <fmt/format.h>

#include <array>

#include "bench/measure/engines.h"
#include "bench/suite/median.h"
#include "bench/suite/suite.h"
#include "compose/filter_graph.h"
#include "compose/plan.h"
#include "dispatch/action_table.h"
#include "dispatch/units.h"
#include "jit/compile.h"
#include "jit/layout.h"

namespace callgate::bench {
namespace {

// Everything that one stage leaves for the next.
struct Stages {
  std::vector<Program> programs;
  Options options;
  Target target = jit::host_target();
  compose::Plan plan = compose::make_plan(programs, {});
  detail::Residuals residuals = detail::find_residuals(plan, options.rule);
  std::vector<jit::Unit> units = detail::units_of(plan);

  Stages(std::vector<Program> oldest_first, Options best)
      : programs(std::move(oldest_first)), options(std::move(best)) {}

  jit::Request request() const {
    jit::Request request = detail::seccomp_request(units, options.rule, options.engine, target);
    request.entry_roots = residuals.roots;
    return request;
  }
};

void verify_all(const Stages& stages) {
  for (const Program& program : stages.programs) benchmark::DoNotOptimize(verify(program.instructions()));
}
void build(const Stages& stages) {
  for (const Program& program : stages.programs) benchmark::DoNotOptimize(compose::build(program));
}
void plan(const Stages& stages) { benchmark::DoNotOptimize(compose::make_plan(stages.programs, {})); }
void table(const Stages& stages) { benchmark::DoNotOptimize(detail::find_residuals(stages.plan, stages.options.rule)); }
void lower(const Stages& stages) {
  const jit::Flow flow = jit::lower(jit::lower_request(stages.request()));
  benchmark::DoNotOptimize(jit::lay_out(flow, jit::abi_of(stages.target), detail::seccomp_data_map));
}
void compile(const Stages& stages) { benchmark::DoNotOptimize(jit::compile(stages.request())); }

struct Stage {
  const char* name;
  void (*run)(const Stages& stages);
};
constexpr std::array all_stages = {Stage{"verify", verify_all}, Stage{"build", build}, Stage{"plan", plan},
                                   Stage{"table", table},       Stage{"lower", lower}, Stage{"compile", compile}};

}  // namespace

void add_stages(const Suite& suite) {
  const Options best = available_options().back();
  if (best.engine == Engine::interpreter || best.no_exec_memory) return;  // no assembler in this build
  for (const Workload& workload : suite.workloads) {
    const auto stages = std::make_shared<const Stages>(workload.programs(), best);
    for (const Stage& stage : all_stages) {
      add_median(fmt::format("stage/{}/{}", workload.name, stage.name),
                 [stages, stage](benchmark::State& state) { report_median(state, [&] { stage.run(*stages); }); });
    }
  }
}

}  // namespace callgate::bench
