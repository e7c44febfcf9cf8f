// startup/WORKLOAD: microseconds from starting a process until it has ended, where the process reads a workload's
// filters, verifies and attaches them, and decides one call. startup/nothing: the same program without filters. Their
// difference is what a program that loads a chain pays at its start.
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <stdexcept>

#include "bench/suite/median.h"
#include "bench/suite/suite.h"
#include "oracles/process/child.h"

namespace callgate::bench {
namespace {

// A file in memory with the filters one behind the other, each after its length in instructions.
class FiltersInMemory {
 public:
  explicit FiltersInMemory(const std::vector<Program>& programs) : fd_(memfd_create("filters", 0)) {
    for (const Program& program : programs) {
      const std::uint32_t size = program.size();
      put(&size, sizeof size);
      put(program.instructions().data(), program.instructions().size_bytes());
    }
  }
  FiltersInMemory(const FiltersInMemory&) = delete;
  FiltersInMemory& operator=(const FiltersInMemory&) = delete;
  ~FiltersInMemory() { close(fd_); }

  std::string name() const { return fmt::format("/proc/{}/fd/{}", getpid(), fd_); }

 private:
  void put(const void* data, std::size_t size) const {
    if (write(fd_, data, size) != static_cast<ssize_t>(size)) throw std::runtime_error("a file in memory is refused");
  }

  int fd_;
};

void run_once(const std::string& file) {
  const int status = process::wait_for(process::spawn({CALLGATE_BENCH_START, file}));
  if (status != 0) throw std::runtime_error("the process failed");
}

// All take turns, so that whatever the machine does meanwhile meets all of them alike.
class Starts {
 public:
  void add(std::string name, const std::vector<Program>& programs) {
    starts_.push_back({std::move(name), programs, {}});
  }
  std::size_t count() const { return starts_.size(); }
  const std::string& name(std::size_t index) const { return starts_[index].name; }

  // Seconds of each start of one, the fastest first.
  const std::vector<double>& seconds(std::size_t index) {
    if (starts_[index].seconds.empty()) measure();
    return starts_[index].seconds;
  }

 private:
  struct Start {
    std::string name;
    std::vector<Program> programs;
    std::vector<double> seconds;
  };

  void measure() {
    std::vector<std::unique_ptr<FiltersInMemory>> files;
    for (const Start& start : starts_) {
      files.push_back(std::make_unique<FiltersInMemory>(start.programs));
      run_once(files.back()->name());
    }
    for (int round = 0; round < pieces; ++round) {
      for (std::size_t i = 0; i < starts_.size(); ++i) {
        const double start = seconds_of(CLOCK_MONOTONIC);
        run_once(files[i]->name());
        starts_[i].seconds.push_back(seconds_of(CLOCK_MONOTONIC) - start);
      }
    }
    for (Start& start : starts_) std::ranges::sort(start.seconds);
  }

  std::vector<Start> starts_;
};

void report(benchmark::State& state, Starts& starts, std::size_t index) {
  try {
    const std::vector<double>& seconds = starts.seconds(index);
    while (state.KeepRunningBatch(pieces)) {
      state.SetIterationTime(seconds[pieces / 2] * static_cast<double>(pieces));
      state.counters["min"] = seconds.front() * 1e6;
    }
  } catch (const std::exception& error) {
    state.SkipWithError(error.what());
  }
}

}  // namespace

void add_startup(const Suite& suite) {
  const auto starts = std::make_shared<Starts>();
  starts->add("nothing", {});
  for (const Workload& workload : suite.workloads) starts->add(workload.name, workload.programs());
  for (std::size_t i = 0; i < starts->count(); ++i) {
    add_median("startup/" + starts->name(i), [starts, i](benchmark::State& state) { report(state, *starts, i); });
  }
}

}  // namespace callgate::bench
