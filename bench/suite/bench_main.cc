// callgate-bench: what decisions, compiling and memory cost. Flags and output formats are Google Benchmark's;
// scripts/bench.sh makes tables and pictures of them.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <span>
#include <stdexcept>
#include <string_view>

#include "bench/suite/suite.h"
#include "callgate/version.hpp"

namespace callgate::bench {

const Workload& Suite::workload(const std::string& name) const {
  for (const Workload& workload : workloads) {
    if (workload.name == name) return workload;
  }
  throw std::runtime_error("no workload " + name);
}

namespace {

std::string compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

// What a reader of the JSON must know about the workloads and the build.
void describe(const Suite& suite) {
  benchmark::AddCustomContext("callgate", CALLGATE_VERSION);
  benchmark::AddCustomContext("compiler", compiler());
  benchmark::AddCustomContext("bits", std::to_string(8 * sizeof(void*)));
  for (const Workload& workload : suite.workloads) {
    std::size_t instructions = 0;
    for (const NamedFilter& filter : workload.filters) instructions += filter.program.size();
    benchmark::AddCustomContext("workload " + workload.name,
                                fmt::format("{} {} {}", workload.filters.size(), instructions, workload.description));
  }
  for (const NamedStream& stream : suite.streams) {
    benchmark::AddCustomContext("stream " + stream.name, std::to_string(stream.calls.size()));
  }
}

// The library adds to each name how it was told to run it, which here says nothing about the figure.
template <class Reporter>
class WithPlainNames final : public Reporter {
 public:
  using Reporter::Reporter;
  void ReportRuns(const std::vector<benchmark::BenchmarkReporter::Run>& runs) override {
    auto renamed = runs;
    for (auto& run : renamed) {
      run.run_name.iterations.clear();
      run.run_name.time_type.clear();
      run.run_name.threads.clear();
      run.run_name.min_time.clear();
    }
    Reporter::ReportRuns(renamed);
  }
};

struct Reporters {
  WithPlainNames<benchmark::ConsoleReporter> console{isatty(STDOUT_FILENO) != 0
                                                         ? benchmark::ConsoleReporter::OO_ColorTabular
                                                         : benchmark::ConsoleReporter::OO_Tabular};
  WithPlainNames<benchmark::JSONReporter> json;
  WithPlainNames<benchmark::JSONReporter> file;
};

// Of the formats that the library knows, the table and JSON are offered.
struct Formats {
  bool json = false;     // on standard output
  bool to_file = false;  // JSON as well

  Formats(int argc, char** argv) {
    for (const std::string_view word : std::span(argv, static_cast<std::size_t>(argc))) {
      json = word == "--benchmark_format=json" || (json && !word.starts_with("--benchmark_format="));
      to_file |= word.starts_with("--benchmark_out=");
    }
  }
};

void run(const Formats& formats) {
  const Suite suite;
  describe(suite);
  add_decisions(suite);
  add_chains(suite);
  add_threads(suite);
  add_attaching(suite);
  add_stages(suite);
  add_adversaries();
  add_memory(suite);
  add_startup(suite);
  add_kernel(suite);
  Reporters reporters;
  benchmark::BenchmarkReporter* display = &reporters.console;
  if (formats.json) display = &reporters.json;
  benchmark::RunSpecifiedBenchmarks(display, formats.to_file ? &reporters.file : nullptr);
  benchmark::Shutdown();
}

}  // namespace
}  // namespace callgate::bench

int main(int argc, char** argv) {
  const callgate::bench::Formats formats(argc, argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  try {
    callgate::bench::run(formats);
  } catch (const std::exception& error) {
    fmt::print(stderr, "callgate-bench: {}\n", error.what());
    return 1;
  }
}
