#include "bench/peers/contest.h"

#include "bench/measure/agreement.h"
#include "bench/measure/engines.h"
#include "bench/peers/peers.h"
#include "oracles/process/child.h"

namespace callgate::bench {
namespace {

void add_peers(Contest& contest, std::span<const Program> oldest_first) {
  for (const Peer& peer : all_peers()) {
    if (oldest_first.size() < peer.fewest_filters) continue;
    try {
      contest.deciders.push_back(peer.make(oldest_first));
    } catch (const Absent& absent) {
      contest.absent.push_back({peer.name, absent.what()});
    }
  }
}

}  // namespace

Contest make_contest(std::span<const Program> oldest_first, Field field) {
  Contest contest;
  contest.deciders.push_back(empty_call_decider());
  for (NamedChain& chain : all_chains(oldest_first)) {
    contest.deciders.push_back(decider_of(std::move(chain.name), std::move(chain.chain)));
  }
  contest.engine_count = contest.deciders.size() - 1;
  if (field == Field::everybody) add_peers(contest, oldest_first);
  return contest;
}

std::string why_out(std::span<const Program> oldest_first, const std::unique_ptr<Decider>& decider,
                    std::span<const SeccompData> calls) {
  constexpr unsigned patience = 60;  // seconds
  const auto all_of_it = [&] { return find_disagreement(oldest_first, std::span(&decider, 1), calls); };
  const std::string end = process::isolated([&] { static_cast<void>(all_of_it()); }, patience);
  if (!end.empty()) return end + " while it decided by these filters";
  const auto found = all_of_it();
  return found ? to_string(*found, calls) : "";
}

}  // namespace callgate::bench
