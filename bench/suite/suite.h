// The benchmarks of callgate-bench, by what they measure. Names read "what/of what/…"; see BENCHMARKS.md.
#pragma once

#include <benchmark/benchmark.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/filters/workload.h"
#include "bench/stream.h"

namespace callgate::bench {

// What is measured instead of the suite's own filters and streams.
struct Selection {
  std::vector<std::string> workloads;  // NAME=FILE[,FILE…]
  std::vector<std::string> streams;    // files
};

// A stream that is made when it is first needed, and kept.
class Calls {
 public:
  // `size` is what `make` gives, unless it gives none.
  Calls(std::size_t size, std::function<std::vector<SeccompData>()> make) : size_(size), make_(std::move(make)) {}
  explicit Calls(std::vector<SeccompData> calls) : size_(calls.size()), calls_(std::move(calls)) {}

  std::size_t size() const { return size_; }
  const std::vector<SeccompData>& get() {
    if (calls_.empty() && make_) calls_ = std::exchange(make_, nullptr)();
    return calls_;
  }

 private:
  std::size_t size_;
  std::function<std::vector<SeccompData>()> make_;
  std::vector<SeccompData> calls_;
};

struct SharedStream {
  std::string name;
  std::shared_ptr<Calls> calls;
  bool is_long = false;  // so long that predictors cannot learn it
};

// What all benchmarks share. Lives until the program ends.
struct Suite {
  bool has_own_workloads;  // not those of a Selection
  std::vector<Workload> workloads;
  std::vector<SharedStream> streams;  // for all workloads: recorded ones first, then uniform, then the long ones

  // Throws std::runtime_error that names the file, or the workload, that is at fault.
  explicit Suite(const Selection& selection);

  const Workload& workload(const std::string& name) const;
  // The shared streams, and those that are made from the workload's own constants.
  std::vector<SharedStream> streams_of(const Workload& workload) const;
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
