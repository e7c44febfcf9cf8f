// callgate-perf: what the gate counts (scripts/perf-check.sh). Runs each piece of work once inside callgate_counted(),
// so that callgrind can count the instructions of it and of nothing else, and prints what it did, in order:
//
//   count NAME          a piece of work; callgrind writes its profiles in the same order
//   bytes NAME VALUE    a size
//
//   callgate-perf [--seed SEED] [WORKLOAD…]
//
// --seed makes the program slower on purpose, where it was built for that (bench/perf/seeds.cc).
#include <cstdio>
#include <cstring>
#include <functional>
#include <stdexcept>

#include "bench/filters/workload.h"
#include "bench/measure/engines.h"
#include "bench/measure/heap.h"
#include "bench/perf/seeds.h"
#include "bench/stream.h"

// Callgrind finds it by its name.
extern "C" [[gnu::noinline]] void callgate_counted(const std::function<void()>& work) {
  work();
  asm volatile("" : : : "memory");  // so that the call above is no jump
}

namespace callgate::bench {
namespace {

void count(const std::string& name, const std::function<void()>& work) {
  std::printf("count %s\n", name.c_str());
  callgate_counted(work);
}

void print_bytes(const std::string& name, std::size_t value) { std::printf("bytes %s %zu\n", name.c_str(), value); }

void decide_all(const Chain& chain, const std::vector<SeccompData>& calls) {
  for (const SeccompData& data : calls) use(chain.evaluate(data));
}

std::size_t heap_of(const Chain& bare, const std::vector<Program>& programs) {
  const HeapCount heap;
  const Chain chain = *bare.attach(programs);
  return static_cast<std::size_t>(heap.bytes());
}

// What the gate looks at: the best engine, the same without optimisation, and the table with a walk over the graph.
struct Variant {
  const char* name;
  Options options;
};

std::vector<Variant> variants() {
  std::vector<Variant> found{{"full", {}}, {"none", {}}, {"no code", {}}};
  found[1].options.optimize = Optimize::none;
  found[2].options.no_exec_memory = true;
  return found;
}

void count_verifying(const Workload& workload, const std::vector<Program>& programs) {
  count("verify " + workload.name, [&] {
    for (const Program& program : programs) static_cast<void>(verify(program.instructions()));
  });
}

void run(const Workload& workload, const std::vector<NamedStream>& streams) {
  const std::vector<Program> programs = workload.programs();
  count_verifying(workload, programs);
  for (const auto& [name, options] : variants()) {
    const std::string what = workload.name + ", " + name;
    const Chain bare = chain_of(options, {});
    std::optional<Chain> chain;
    count("attach " + what, [&] { chain = *bare.attach(programs); });
    print_bytes("heap " + what, heap_of(bare, programs));
    print_bytes("code " + what, chain->sizes().code);
    print_bytes("table " + what, chain->sizes().table);
    for (const NamedStream& stream : streams) {
      decide_all(*chain, stream.calls);
      count("decide " + what + ", " + stream.name, [&] { decide_all(*chain, stream.calls); });
    }
  }
}

std::vector<NamedStream> two_streams() {
  std::vector<NamedStream> streams = all_streams(CALLGATE_BENCH_STREAMS);
  return {streams.front(), streams.back()};
}

int run(int argc, char** argv) {
  int at = 1;
  if (argc > 2 && std::strcmp(argv[1], "--seed") == 0) {
    if (!choose_seed(argv[2])) throw std::runtime_error(std::string("no seed ") + argv[2] + " in this program");
    at = 3;
  }
  const std::vector<std::string> wanted(argv + at, argv + argc);
  const std::vector<NamedStream> streams = two_streams();
  for (const auto& [name, make] : workload_makers()) {
    const bool named = std::find(wanted.begin(), wanted.end(), name) != wanted.end();
    if (wanted.empty() || named) run(make(), streams);
  }
  return 0;
}

}  // namespace
}  // namespace callgate::bench

int main(int argc, char** argv) {
  try {
    return callgate::bench::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "callgate-perf: %s\n", error.what());
    return 1;
  }
}
