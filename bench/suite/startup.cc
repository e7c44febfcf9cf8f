// startup/WORKLOAD: microseconds from starting a process until it has ended, where the process reads a workload's filters,
// verifies and attaches them, and decides one call. startup/nothing: the same program without filters. Their difference
// is what a program that loads a chain pays at its start.
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>

#include "bench/suite/suite.h"
#include "bpf/formats.h"
#include "callgate/chain.hpp"

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

bool run_once(const std::string& file) {
  char self[] = "/proc/self/exe";
  char option[] = "--start-up";
  std::string name = file;
  char* arguments[] = {self, option, name.data(), nullptr};
  pid_t child = -1;
  int status = -1;
  return posix_spawn(&child, self, nullptr, nullptr, arguments, environ) == 0 && waitpid(child, &status, 0) == child &&
         status == 0;
}

void start(benchmark::State& state, const std::vector<Program>& programs) {
  const int fd = filters_in_memory(programs);
  if (fd < 0) return state.SkipWithError("memfd_create failed");
  const std::string file = fmt::format("/proc/{}/fd/{}", getpid(), fd);
  for (auto _ : state) {
    if (!run_once(file)) {
      state.SkipWithError("the process failed");
      break;
    }
  }
  close(fd);
}

Expected<Chain, AttachError> read_and_attach(std::istream& input) {
  std::vector<Program> programs;
  std::uint32_t size = 0;
  while (input.read(reinterpret_cast<char*>(&size), sizeof size)) {
    std::vector<Insn> insns(size);
    input.read(reinterpret_cast<char*>(insns.data()), static_cast<std::streamsize>(size * sizeof(Insn)));
    auto program = verify(insns);
    if (!program) return AttachError{AttachErrc::out_of_memory};
    programs.push_back(std::move(*program));
  }
  return Chain::create()->attach(programs);
}

}  // namespace

int start_up(const std::string& file) {
  std::ifstream input(file, std::ios::binary);
  const auto chain = read_and_attach(input);
  if (!chain) return 1;
  const SeccompData data{0, arch::x86_64, 0, {}};
  return chain->evaluate(data) == action::allow ? 0 : 2;
}

void add_startup(const Suite& suite) {
  const auto add = [](const std::string& name, const std::vector<Program>& programs) {
    const auto run = [programs](benchmark::State& state) { start(state, programs); };
    benchmark::RegisterBenchmark(("startup/" + name).c_str(), run)
        ->Unit(benchmark::kMicrosecond)
        ->UseRealTime()
        ->MinTime(0.1);
  };
  add("nothing", {});
  for (const Workload& workload : suite.workloads) add(workload.name, workload.programs());
}

}  // namespace callgate::bench
