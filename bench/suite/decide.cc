// decide/WORKLOAD/STREAM/EVALUATOR, isolated/…, l1-cold/… and l2-cold/…: nanoseconds per decision, of callgate's
// engines and its peers.
#include <fmt/format.h>

#include "bench/suite/suite.h"
#include "bench/suite/together.h"

namespace callgate::bench {
namespace {

const char* folder(Pace pace) {
  switch (pace) {
    case Pace::isolated: return "isolated";
    case Pace::l1_cold: return "l1-cold";
    case Pace::l2_cold: return "l2-cold";
    default: return "decide";
  }
}

}  // namespace

void add_decisions(const Suite& suite) {
  std::vector<std::shared_ptr<Entrants>> entrants;
  for (const Workload& workload : suite.workloads) {
    entrants.push_back(std::make_shared<Entrants>(workload.programs(), Field::everybody));
  }
  for (const Pace pace : {Pace::back_to_back, Pace::isolated, Pace::l1_cold, Pace::l2_cold}) {
    for (const NamedStream& stream : suite.streams) {
      const auto calls = std::make_shared<const std::vector<SeccompData>>(stream.calls);
      for (std::size_t w = 0; w < entrants.size(); ++w) {
        const std::string title = fmt::format("{}/{}/{}", folder(pace), suite.workloads[w].name, stream.name);
        add_group({title, entrants[w], calls, pace});
      }
    }
  }
}

}  // namespace callgate::bench
