// adversary/NAME: microseconds to compile a filter that was made to explode (oracles/generator/adversaries.h): all of
// an attach but putting the result into sealed memory. In the counters: instructions, and bytes of code.
#include <stdexcept>

#include "bench/measure/engines.h"
#include "bench/suite/median.h"
#include "bench/suite/suite.h"
#include "jit/backend.h"
#include "oracles/generator/adversaries.h"
#include "oracles/harness/compiled.h"

namespace callgate::bench {
namespace {

void compile(benchmark::State& state, const Options& options, const std::vector<Program>& filters) {
  std::size_t code = 0;
  report_median(state, [&] {
    oracles::Answer answer;
    const auto made =
        oracles::compile({filters, options.rule, {}}, options.engine, jit::host_target(), options.optimize, answer);
    if (!made) throw std::runtime_error(answer.why);
    code = made->code.bytes.size();
  });
  std::size_t instructions = 0;
  for (const Program& filter : filters) instructions += filter.size();
  state.counters["instructions"] = static_cast<double>(instructions);
  state.counters["code"] = static_cast<double>(code);
}

}  // namespace

void add_adversaries() {
  const Options best = available_options().back();
  if (best.engine == Engine::interpreter || best.no_exec_memory) return;  // no assembler in this build
  for (const auto& [name, filters] : oracles::longest_adversaries()) {
    add_median("adversary/" + name,
               [best, filters = filters](benchmark::State& state) { compile(state, best, filters); });
  }
}

}  // namespace callgate::bench
