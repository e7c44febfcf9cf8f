// decide/WORKLOAD/STREAM/EVALUATOR, isolated/…, l1-cold/… and l2-cold/…: nanoseconds per decision, of callgate's
// engines and its peers. Long streams are decided back to back only, in pieces.
#include <fmt/format.h>

#include "bench/suite/suite.h"
#include "bench/suite/together.h"

namespace callgate::bench {
namespace {

struct NamedPace {
  const char* folder;
  Pace pace;
};
constexpr NamedPace paces[] = {{"decide", Pace::back_to_back},
                               {"isolated", Pace::isolated},
                               {"l1-cold", Pace::l1_cold},
                               {"l2-cold", Pace::l2_cold}};

}  // namespace

void add_decisions(const Suite& suite) {
  struct Entry {
    const Workload& workload;
    std::shared_ptr<Entrants> entrants;
    std::vector<SharedStream> streams;
  };
  std::vector<Entry> entries;
  for (const Workload& workload : suite.workloads) {
    const auto entrants = std::make_shared<Entrants>(workload.programs(), Field::everybody);
    entries.push_back({workload, entrants, suite.streams_of(workload)});
  }
  for (const auto& [folder, pace] : paces) {
    for (std::size_t s = 0; s < entries.front().streams.size(); ++s) {
      for (const auto& [workload, entrants, streams] : entries) {
        const SharedStream& stream = streams[s];
        if (stream.is_long && pace != Pace::back_to_back) continue;
        const std::string title = fmt::format("{}/{}/{}", folder, workload.name, stream.name);
        add_group({title, entrants, stream.calls, stream.is_long ? Pace::in_pieces : pace});
      }
    }
  }
}

}  // namespace callgate::bench
