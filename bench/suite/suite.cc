#include "bench/suite/suite.h"

#include <algorithm>
#include <set>
#include <stdexcept>

#include "bench/filters/filter_file.h"
#include "bench/measure/engines.h"
#include "bench/own_arguments.h"

namespace callgate::bench {
namespace {

constexpr std::size_t short_calls = 4096;   // which predictors learn when they come again and again
constexpr std::size_t long_calls = 65'536;  // which they do not
constexpr std::uint64_t seed = 1;

std::vector<Workload> workloads_of(const Selection& selection) {
  if (selection.workloads.empty()) return all_workloads();
  std::vector<Workload> workloads;
  std::set<std::string> names;
  for (const std::string& text : selection.workloads) {
    Workload& workload = workloads.emplace_back(workload_from_files(text));
    if (!names.insert(workload.name).second) throw std::runtime_error("--workload " + text + ": the name comes twice");
    try {
      static_cast<void>(chain_of(available_options().front(), workload.programs()));
    } catch (const std::runtime_error& error) {
      throw std::runtime_error("--workload " + text + ": " + error.what());
    }
  }
  return workloads;
}

SharedStream shared(const std::string& name, std::vector<SeccompData> calls) {
  return {name, std::make_shared<Calls>(std::move(calls)), false};
}

SharedStream lengthened(const std::string& name, std::vector<SeccompData> calls) {
  const auto make = [calls = std::move(calls)] { return long_stream(calls, long_calls, seed); };
  return {name + "-long", std::make_shared<Calls>(long_calls, make), true};
}

SharedStream long_uniform() {
  return {"uniform-long", std::make_shared<Calls>(long_calls, [] { return uniform_stream(long_calls, seed); }), true};
}

std::vector<SharedStream> streams_of_suite() {
  std::vector<SharedStream> streams;
  std::vector<SeccompData> recorded;
  for (NamedStream& stream : all_streams(CALLGATE_BENCH_STREAMS)) {
    if (stream.name != "uniform") recorded.insert(recorded.end(), stream.calls.begin(), stream.calls.end());
    streams.push_back(shared(stream.name, std::move(stream.calls)));
  }
  streams.push_back(lengthened("mix", std::move(recorded)));
  streams.push_back(long_uniform());
  return streams;
}

// A file's calls come short and long; a stream of uniform numbers is added where no file is one.
std::vector<SharedStream> streams_of_files(const std::vector<std::string>& files) {
  std::vector<SharedStream> streams;
  std::vector<SharedStream> long_ones;
  bool has_uniform = false;
  for (const std::string& file : files) {
    const NamedStream stream = stream_from_file(file);
    has_uniform |= stream.name == "uniform";
    streams.push_back(shared(stream.name, sample_blocks(stream.calls, short_calls)));
    long_ones.push_back(lengthened(stream.name, stream.calls));
  }
  if (!has_uniform) {
    streams.push_back(shared("uniform", uniform_stream(short_calls, seed)));
    long_ones.push_back(long_uniform());
  }
  streams.insert(streams.end(), long_ones.begin(), long_ones.end());
  std::set<std::string> names{"own-arguments", "own-arguments-long"};
  for (const SharedStream& stream : streams) {
    if (!names.insert(stream.name).second) throw std::runtime_error("two streams are named " + stream.name);
    if (stream.name.find('/') != std::string::npos || stream.name.empty())
      throw std::runtime_error("a stream has no name");
  }
  return streams;
}

}  // namespace

Suite::Suite(const Selection& selection)
    : has_own_workloads(selection.workloads.empty()),
      workloads(workloads_of(selection)),
      streams(selection.streams.empty() ? streams_of_suite() : streams_of_files(selection.streams)) {}

const Workload& Suite::workload(const std::string& name) const {
  for (const Workload& workload : workloads) {
    if (workload.name == name) return workload;
  }
  throw std::runtime_error("no workload " + name);
}

std::vector<SharedStream> Suite::streams_of(const Workload& workload) const {
  std::vector<SharedStream> all = streams;
  for (const bool is_long : {false, true}) {
    const std::size_t size = is_long ? long_calls : short_calls;
    const auto make = [programs = workload.programs(), size] { return own_arguments_stream(programs, size, seed); };
    all.push_back({is_long ? "own-arguments-long" : "own-arguments", std::make_shared<Calls>(size, make), is_long});
  }
  return all;
}

}  // namespace callgate::bench
