// callgate-bench: what decisions, compiling and memory cost. scripts/bench.sh makes tables and pictures of it.
//
//   callgate-bench [--workload NAME=FILE[,FILE…]]… [--stream FILE]… [flags of Google Benchmark]
//
// Without --workload the suite's own filters are measured. Files hold filters in any format that the callgate command
// recognises; those of one workload are a chain, oldest first. --stream replaces the recorded streams: raw records of
// struct seccomp_data, or NAME.calls as callgate record writes it. A stream is measured short (at most 4,096 calls, in
// blocks from all over the file) and, as NAME-long, with 65,536 calls; streams of uniform numbers and of the filters'
// own arguments are added.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <span>
#include <stdexcept>
#include <string_view>

#include "bench/suite/shares.h"
#include "bench/suite/suite.h"
#include "callgate/version.hpp"

namespace callgate::bench {

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
    const Shares shares = shares_of(workload.programs());
    benchmark::AddCustomContext("numbers of " + workload.name,
                                fmt::format("{} {} {}", shares.constants, shares.records, shares.code));
  }
  for (const SharedStream& stream : suite.streams) {
    benchmark::AddCustomContext("stream " + stream.name, std::to_string(stream.calls->size()));
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

// Takes --workload and --stream out of the words. Throws std::runtime_error if one has no value.
Selection take_selection(int& argc, char** argv) {
  Selection selection;
  int kept = 1;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto value_of = [&](const std::string& flag, std::vector<std::string>& values) {
      if (word.starts_with(flag + "=")) {
        values.push_back(word.substr(flag.size() + 1));
      } else if (word != flag) {
        return false;
      } else if (++i == argc) {
        throw std::runtime_error(flag + " needs a value");
      } else {
        values.emplace_back(argv[i]);
      }
      return true;
    };
    if (!value_of("--workload", selection.workloads) && !value_of("--stream", selection.streams))
      argv[kept++] = argv[i];
  }
  argc = kept;
  argv[argc] = nullptr;
  return selection;
}

void run(const Formats& formats, const Selection& selection) {
  const Suite suite(selection);
  describe(suite);
  add_decisions(suite);
  if (suite.has_own_workloads) add_chains(suite);
  if (suite.has_own_workloads) add_threads(suite);
  add_attaching(suite);
  add_stages(suite);
  if (suite.has_own_workloads) add_adversaries();
  add_memory(suite);
  add_startup(suite);
  if (suite.has_own_workloads) add_kernel(suite);
  Reporters reporters;
  benchmark::BenchmarkReporter* display = &reporters.console;
  if (formats.json) display = &reporters.json;
  benchmark::RunSpecifiedBenchmarks(display, formats.to_file ? &reporters.file : nullptr);
  benchmark::Shutdown();
}

}  // namespace
}  // namespace callgate::bench

int main(int argc, char** argv) {
  using namespace callgate::bench;
  const Formats formats(argc, argv);
  try {
    const Selection selection = take_selection(argc, argv);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    run(formats, selection);
  } catch (const std::exception& error) {
    fmt::print(stderr, "callgate-bench: {}\n", error.what());
    return 1;
  }
}
