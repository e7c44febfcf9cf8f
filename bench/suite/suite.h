// The benchmarks of callgate-bench, by what they measure. Names read "what/of what/…"; see BENCHMARKS.md.
#pragma once

#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "bench/filters/workload.h"
#include "bench/stream.h"

namespace callgate::bench {

// What all benchmarks share. Lives until the program ends.
struct Suite {
  std::vector<Workload> workloads = all_workloads();
  std::vector<NamedStream> streams = all_streams(CALLGATE_BENCH_STREAMS);

  const Workload& workload(const std::string& name) const;
};

void add_decisions(const Suite& suite);  // decide/, isolated/, l1-cold/, l2-cold/: every workload, stream and decider
void add_chains(const Suite& suite);     // length/: longer and longer chains; domains/: x86_64, x32 and i386
void add_threads(const Suite& suite);    // threads/: one chain shared
void add_attaching(const Suite& suite);  // attach/, size/, one-more/, publish/: compiling
void add_stages(const Suite& suite);     // stage/: the stages of an attach
void add_adversaries();                  // adversary/: compiling filters that were made to explode
void add_memory(const Suite& suite);     // memory/: bytes of a chain
void add_startup(const Suite& suite);    // startup/: a process that loads a chain
void add_kernel(const Suite& suite);     // kernel/: what the kernel's own filters cost a system call

}  // namespace callgate::bench
