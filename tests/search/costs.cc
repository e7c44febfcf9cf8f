#include "tests/search/costs.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <vector>

#include "compose/plan.h"
#include "tests/support/allocations.h"
#include "tests/support/chains.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

// Bytes. The search found 660 for an instruction.
[[maybe_unused]] constexpr std::size_t heap_of_an_attach = 256 * 1024;
[[maybe_unused]] constexpr std::size_t heap_of_an_insn = 2048;

std::vector<Program> programs_of(const oracles::Candidate& candidate) {
  std::vector<Program> programs;
  for (const auto& filter : candidate.filters) programs.push_back(program(filter));
  return programs;
}

Chain attach(const std::vector<Program>& programs, MergeRule rule, Attaching attaching) {
  const Options options{.rule = rule, .path_limit = 0};
  if (attaching == Attaching::at_once) return chain_of(programs, options);
  Chain chain = sound(Chain::create(options));
  for (const Program& filter : programs) chain = sound(chain.attach(filter));
  return chain;
}

double thread_microseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

}  // namespace

Counts counts_of(const oracles::Candidate& candidate, Attaching attaching) {
  const std::vector<Program> programs = programs_of(candidate);
  Counts counts;
  const std::ptrdiff_t before = live_bytes();
  forget_peak();
  const Chain chain = attach(programs, candidate.rule, attaching);
  counts.peak = static_cast<std::size_t>(peak_bytes() - before);
  counts.kept = static_cast<std::size_t>(live_bytes() - before) + chain.sizes().table;
  counts.code = chain.sizes().code;
  for (const auto& segment : compose::make_plan(programs, {.rule = candidate.rule})) {
    if (segment->chain_graph() != nullptr) counts.nodes += segment->chain_graph()->graph.node_count();
    if (segment->baseline() != nullptr) counts.baseline += segment->filter_count;
  }
  return counts;
}

double microseconds_of(const oracles::Candidate& candidate, Attaching attaching) {
  const std::vector<Program> programs = programs_of(candidate);
  double least = 0;
  for (int i = 0; i < 2; ++i) {
    const double start = thread_microseconds();
    static_cast<void>(attach(programs, candidate.rule, attaching));
    const double time = thread_microseconds() - start;
    least = i == 0 ? time : std::min(least, time);
  }
  return least;
}

void expect_within_bounds([[maybe_unused]] const oracles::Candidate& candidate, const Counts& counts) {
  if (counts.baseline == 0) {
    EXPECT_LE(counts.code, max_code_bytes);
    EXPECT_LE(counts.nodes, compose::max_decision_nodes);
  }
#ifdef NDEBUG  // else graphs are checked, which takes memory of its own
  std::size_t insns = 0;
  for (const auto& filter : candidate.filters) insns += filter.size();
  EXPECT_LE(counts.peak, heap_of_an_attach + heap_of_an_insn * insns) << insns << " instructions";
#endif
}

}  // namespace callgate::test
