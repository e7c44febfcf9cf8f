// startup/WORKLOAD: microseconds from starting a process until it has ended, where the process reads a workload's filters,
// verifies and attaches them, and decides one call. startup/nothing: the same program without filters. Their difference
// is what a program that loads a chain pays at its start.
#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>

#include "bench/suite/median.h"
#include "bench/suite/suite.h"

namespace callgate::bench {
namespace {

// A file in memory with the filters one behind the other, each after its length in instructions.
int filters_in_memory(const std::vector<Program>& programs) {
  const int fd = memfd_create("filters", 0);
  for (const Program& program : programs) {
    const std::uint32_t size = program.size();
    const auto bytes = program.instructions().size_bytes();
    if (write(fd, &size, sizeof size) != sizeof size ||
        write(fd, program.instructions().data(), bytes) != static_cast<ssize_t>(bytes)) {
      close(fd);
      return -1;
    }
  }
  return fd;
}

void run_once(const std::string& file) {
  char program[] = CALLGATE_BENCH_START;
  std::string name = file;
  char* arguments[] = {program, name.data(), nullptr};
  pid_t child = -1;
  int status = -1;
  if (posix_spawn(&child, program, nullptr, nullptr, arguments, environ) != 0 || waitpid(child, &status, 0) != child ||
      status != 0) {
    throw std::runtime_error("the process failed");
  }
}

void start(benchmark::State& state, const std::vector<Program>& programs) {
  const int fd = filters_in_memory(programs);
  if (fd < 0) return state.SkipWithError("memfd_create failed");
  const std::string file = fmt::format("/proc/{}/fd/{}", getpid(), fd);
  report_median(
      state, [&] { run_once(file); }, CLOCK_MONOTONIC);
  close(fd);
}

}  // namespace

void add_startup(const Suite& suite) {
  const auto add = [](const std::string& name, const std::vector<Program>& programs) {
    add_median("startup/" + name, [programs](benchmark::State& state) { start(state, programs); });
  };
  add("nothing", {});
  for (const Workload& workload : suite.workloads) add(workload.name, workload.programs());
}

}  // namespace callgate::bench
