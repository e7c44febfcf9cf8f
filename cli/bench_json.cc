#include "cli/bench_json.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <chrono>
#include <cmath>
#include <ctime>
#include <nlohmann/json.hpp>
#include <thread>

#include "bench/measure/engines.h"
#include "bench/measure/processor.h"
#include "callgate/version.hpp"

namespace callgate::cli {
namespace {

using Json = nlohmann::ordered_json;

const std::string decide = "decide/";

// Counted up when figures of the same name mean something else.
constexpr int baseline_format = 2;

#if defined(__clang__)
const std::string compiler = "clang " __clang_version__;
#else
const std::string compiler = "g++ " __VERSION__;
#endif

// FNV-1a: for telling files apart by accident, not by an attacker. Values are fed from their lowest byte on, so that a
// hash is the same on every machine.
class Hash {
 public:
  void add(std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) state_ = (state_ ^ (value >> (8 * i) & 0xff)) * 0x100000001b3;
  }
  std::string text() const { return fmt::format("{:016x}", state_); }

 private:
  std::uint64_t state_ = 0xcbf29ce484222325;
};

std::string hash_of(const Program& program) {
  Hash hash;
  for (const Insn& insn : program.instructions()) {
    hash.add(insn.code, 2);
    hash.add(insn.jt, 1);
    hash.add(insn.jf, 1);
    hash.add(insn.k, 4);
  }
  return hash.text();
}

std::string hash_of(std::span<const SeccompData> calls) {
  Hash hash;
  for (const SeccompData& data : calls) {
    hash.add(data.nr, 4);
    hash.add(data.arch, 4);
    hash.add(data.instruction_pointer, 8);
    for (const std::uint64_t argument : data.args) hash.add(argument, 8);
  }
  return hash.text();
}

std::string now() {
  const std::time_t time = std::time(nullptr);
  char text[32];
  std::tm parts{};
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S+00:00", gmtime_r(&time, &parts));
  return text;
}

Json context(const Measured& measured) {
  utsname system{};
  uname(&system);
  const Identity& identity = measured.identity;
  return {{"date", now()},
          {"host_name", system.nodename},
          {"kernel", system.release},
          {"executable", "callgate bench"},
          {"num_cpus", std::thread::hardware_concurrency()},
          {"library_build_type", "release"},
          {"baseline_format", baseline_format},
          {"callgate", identity.version},
          {"compiler", identity.compiler},
          {"bits", identity.bits},
          {"processor", identity.processor},
          {"filter_hashes", identity.filters},
          {"stream_hash", identity.stream},
          {"rule", identity.rule},
          {"seconds", identity.seconds},
          {"rounds", measured.rounds},
          {"filters", identity.filters.size()},
          {"instructions", measured.instructions},
          {"calls", measured.calls}};
}

Json run(const std::string& name, double time, const char* unit) {
  return {{"name", name},    {"run_name", name},  {"run_type", "iteration"}, {"repetitions", 1}, {"threads", 1},
          {"iterations", 1}, {"real_time", time}, {"cpu_time", time},        {"time_unit", unit}};
}

Json decision(const Figure& figure, double empty_call) {
  const bench::Timing& timing = figure.time.timing;
  Json entry = run(decide + figure.name, timing.lower_quartile, "ns");
  entry["iterations"] = timing.chunks;
  entry["steps"] = figure.time.steps;
  if (figure.instructions) entry["instructions"] = *figure.instructions;
  entry["empty_calls"] = timing.lower_quartile / empty_call;
  entry["steady"] = figure.time.is_steady();
  entry["min"] = timing.lowest;
  entry["q1"] = timing.lower_quartile;
  entry["median"] = timing.median;
  entry["q3"] = timing.upper_quartile;
  entry["dropped"] = timing.dropped;
  entry["code"] = figure.sizes.code;
  entry["table"] = figure.sizes.table;
  if (!figure.remark.empty()) entry["label"] = figure.remark;
  return entry;
}

[[noreturn]] void refuse(const std::string& what) {
  throw std::runtime_error("not the JSON of callgate bench: " + what);
}

// Without the name that the JSON library has for the error.
std::string reason(const Json::exception& error) {
  constexpr std::string_view name_end = "] ";
  const std::string text = error.what();
  const std::size_t end = text.find(name_end);
  return end == text.npos ? text : text.substr(end + name_end.size());
}

const Json& member(const Json& object, const char* key) {
  if (!object.is_object() || !object.contains(key)) refuse(fmt::format("\"{}\" is missing", key));
  return object.at(key);
}

template <class T>
T value_of(const Json& object, const char* key) {
  const Json& value = member(object, key);
  try {
    return value.get<T>();
  } catch (const Json::exception& error) {
    refuse(fmt::format("\"{}\": {}", key, reason(error)));
  }
}

Identity identity_in(const Json& context) {
  const auto text = [&](const char* key) { return value_of<std::string>(context, key); };
  Identity identity;
  identity.filters = value_of<std::vector<std::string>>(context, "filter_hashes");
  identity.stream = text("stream_hash");
  identity.rule = text("rule");
  identity.processor = text("processor");
  identity.version = text("callgate");
  identity.compiler = text("compiler");
  identity.bits = value_of<decltype(identity.bits)>(context, "bits");
  identity.seconds = value_of<double>(context, "seconds");
  return identity;
}

// A figure that something is divided by.
double positive(const Json& entry, const char* key) {
  const double value = value_of<double>(entry, key);
  if (!std::isfinite(value) || value <= 0) throw std::runtime_error(fmt::format("{} is {}", key, value));
  return value;
}

Baseline::Engine engine_in(const Json& entry, const std::string& name) {
  Baseline::Engine engine{name, positive(entry, "steps"), {}, value_of<bool>(entry, "steady")};
  if (entry.contains("instructions")) engine.instructions = positive(entry, "instructions");
  return engine;
}

Baseline baseline_in(const Json& document) {
  const Json& context = member(document, "context");
  if (!context.contains("baseline_format") || context.at("baseline_format") != baseline_format) {
    throw OtherFormat("it is from another version of callgate bench, in another format: record it anew (--json)");
  }
  Baseline baseline{identity_in(context), {}};
  for (const Json& entry : member(document, "benchmarks")) {
    const auto name = value_of<std::string>(entry, "name");
    if (!name.starts_with(decide) || name == decide + bench::empty_call_name) continue;
    baseline.engines.push_back(engine_in(entry, name.substr(decide.size())));
  }
  if (baseline.engines.empty()) throw std::runtime_error("no engine is in it");
  return baseline;
}

}  // namespace

Identity identity_of(std::span<const Program> oldest_first, std::span<const SeccompData> calls, MergeRule rule,
                     double seconds) {
  Identity identity{{},       hash_of(calls),    name(rule), bench::processor_model(), CALLGATE_VERSION,
                    compiler, 8 * sizeof(void*), seconds};
  for (const Program& program : oldest_first) identity.filters.push_back(hash_of(program));
  return identity;
}

std::string to_json(const Measured& measured) {
  Json benchmarks = Json::array();
  const double empty_call = measured.figures.front().time.timing.lower_quartile;
  for (const Figure& figure : measured.figures) benchmarks.push_back(decision(figure, empty_call));
  for (const Figure& figure : measured.figures) {
    if (figure.attach_microseconds) {
      benchmarks.push_back(run("attach/" + figure.name, *figure.attach_microseconds, "us"));
    }
  }
  return Json{{"context", context(measured)}, {"benchmarks", benchmarks}}.dump(2) + "\n";
}

Baseline read_baseline(const std::string& text) {
  try {
    return baseline_in(Json::parse(text));
  } catch (const Json::exception& error) {
    refuse(reason(error));
  }
}

}  // namespace callgate::cli
