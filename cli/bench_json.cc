#include "cli/bench_json.h"

#include <sys/utsname.h>

#include <chrono>
#include <ctime>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "callgate/version.hpp"

namespace callgate::cli {
namespace {

using Json = nlohmann::ordered_json;

const std::string decide = "decide/";

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
  return {{"date", now()},
          {"host_name", system.nodename},
          {"kernel", system.release},
          {"executable", "callgate bench"},
          {"num_cpus", std::thread::hardware_concurrency()},
          {"library_build_type", "release"},
          {"callgate", CALLGATE_VERSION},
          {"bits", 8 * sizeof(void*)},
          {"filters", measured.filters},
          {"instructions", measured.instructions},
          {"calls", measured.calls}};
}

Json run(const std::string& name, double time, const char* unit) {
  return {{"name", name},    {"run_name", name},  {"run_type", "iteration"}, {"repetitions", 1}, {"threads", 1},
          {"iterations", 1}, {"real_time", time}, {"cpu_time", time},        {"time_unit", unit}};
}

Json decision(const Figure& figure) {
  Json entry = run(decide + figure.name, figure.timing.median, "ns");
  entry["iterations"] = figure.timing.chunks;
  entry["empty_calls"] = figure.empty_calls;
  entry["min"] = figure.timing.lowest;
  entry["q1"] = figure.timing.lower_quartile;
  entry["q3"] = figure.timing.upper_quartile;
  entry["dropped"] = figure.timing.dropped;
  entry["code"] = figure.sizes.code;
  entry["table"] = figure.sizes.table;
  if (!figure.remark.empty()) entry["label"] = figure.remark;
  return entry;
}

}  // namespace

std::string to_json(const Measured& measured) {
  Json benchmarks = Json::array();
  for (const Figure& figure : measured.figures) benchmarks.push_back(decision(figure));
  for (const Figure& figure : measured.figures) {
    if (figure.attach_microseconds) {
      benchmarks.push_back(run("attach/" + figure.name, *figure.attach_microseconds, "us"));
    }
  }
  return Json{{"context", context(measured)}, {"benchmarks", benchmarks}}.dump(2) + "\n";
}

std::vector<std::pair<std::string, double>> empty_calls_in_json(const std::string& text) {
  std::vector<std::pair<std::string, double>> found;
  try {
    const Json document = Json::parse(text);
    for (const Json& entry : document.at("benchmarks")) {
      const std::string name = entry.at("name");
      if (name.starts_with(decide)) found.emplace_back(name.substr(decide.size()), entry.at("empty_calls"));
    }
  } catch (const Json::exception& error) {
    throw std::runtime_error(std::string("not the JSON of callgate bench: ") + error.what());
  }
  return found;
}

}  // namespace callgate::cli
