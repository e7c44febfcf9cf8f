// attach/WORKLOAD/ENGINE: microseconds to attach a workload's filters to an empty chain, the release included.
// size/KIND/N/ENGINE: the same for N instructions in total: one ladder cut to size, or a filter over and over.
// one-more/ENGINE: microseconds to attach a filter of 13 instructions to a chain of 512.
// publish/WORKLOAD: microseconds to put a chain's table, bytecode and code into sealed executable memory, and to
// release it: what is left of attach/ without it is verifying nothing, building, passes and emitting.
#include <fmt/format.h>

#include "bench/filters/ladder.h"
#include "bench/filters/seccomp_filter.h"
#include "bench/measure/engines.h"
#include "bench/suite/median.h"
#include "bench/suite/suite.h"
#include "jit/code_memory.h"

namespace callgate::bench {
namespace {

using Programs = std::vector<Program>;

std::size_t instructions_of(const Programs& programs) {
  std::size_t total = 0;
  for (const Program& program : programs) total += program.size();
  return total;
}

void attach(benchmark::State& state, const Chain& bare, const Programs& programs) {
  ChainSizes sizes;
  report_median(state, [&] {
    const Expected<Chain, AttachError> chain = bare.attach(programs);
    if (!chain) throw std::runtime_error(to_string(chain.error()));
    sizes = chain->sizes();
  });
  state.counters["instructions"] = static_cast<double>(instructions_of(programs));
  state.counters["code"] = static_cast<double>(sizes.code);
  state.counters["table"] = static_cast<double>(sizes.table);
}

void add(const std::string& title, const Chain& bare, const Programs& programs) {
  add_median(title, [bare, programs](benchmark::State& state) { attach(state, bare, programs); });
}

Chain bare_chain(Options options) {
  options.path_limit = 0;  // some of these are longer than the kernel allows
  return chain_of(options, {});
}

// A ladder of numbers of exactly `length` instructions, of which there are as many as fit.
Program ladder_of(std::uint32_t length) {
  Ladder ladder;
  ladder.start();
  for (std::uint32_t nr = 0; ladder.instructions().size() + 2 < length; ++nr) {
    ladder.decide(nr, nr % 3 == 0 ? action::errno_ | 1 : action::allow);
  }
  while (ladder.instructions().size() < length) ladder.finish(action::errno_ | 38);
  return verified("ladder", ladder.instructions()).program;
}

// Options worth a curve: the interpreter does nothing at attach.
std::vector<Options> compiling_options() {
  std::vector<Options> found;
  for (const Options& options : available_options()) {
    if (options.engine != Engine::interpreter) found.push_back(options);
  }
  return found;
}

void add_sizes(const Suite& suite) {
  for (const Options& options : compiling_options()) {
    const Chain bare = bare_chain(options);
    for (std::uint32_t size = 64; size <= 32768; size *= 2) {
      const Programs ladders(std::max(1U, size / max_program_length), ladder_of(std::min(size, max_program_length)));
      add(fmt::format("size/ladder/{}/{}", size, name_of(options)), bare, ladders);
    }
    for (const char* name : {"argument-heavy", "maximum"}) {
      for (std::size_t times = 1; times <= 32; times *= 2) {
        const Programs repeated(times, suite.workload(name).programs().front());
        if (instructions_of(repeated) > 65536) continue;
        add(fmt::format("size/{}/{}/{}", name, instructions_of(repeated), name_of(options)), bare, repeated);
      }
    }
  }
}

void publish(benchmark::State& state, const ChainSizes& sizes) {
  const std::vector<std::uint8_t> data(sizes.table + sizes.bytecode, 1);
  const std::vector<std::uint8_t> code(sizes.code, 0xc3);
  report_median(state, [&] {
    auto memory = jit::publish(data, code, {});
    if (!memory) throw std::runtime_error("executable memory is refused");
  });
}

// Of what the best engine makes of the chain.
void add_publishing(const std::string& name, const Chain& chain) {
  add_median("publish/" + name, [sizes = chain.sizes()](benchmark::State& state) { publish(state, sizes); });
}

void add_one_more() {
  constexpr std::uint32_t below = 512;
  constexpr std::uint32_t above = 13;
  for (const Options& options : compiling_options()) {
    const Chain old = *bare_chain(options).attach(ladder_of(below));
    add(fmt::format("one-more/{}", name_of(options)), old, {ladder_of(above)});
  }
  add_publishing("one-more",
                 *bare_chain(available_options().back()).attach(std::vector{ladder_of(below), ladder_of(above)}));
}

}  // namespace

void add_attaching(const Suite& suite) {
  for (const Workload& workload : suite.workloads) {
    const Programs programs = workload.programs();
    for (const Options& options : available_options()) {
      add(fmt::format("attach/{}/{}", workload.name, name_of(options)), bare_chain(options), programs);
    }
    add_publishing(workload.name, chain_of(available_options().back(), programs));
  }
  if (!suite.has_own_workloads) return;
  add_sizes(suite);
  add_one_more();
}

}  // namespace callgate::bench
