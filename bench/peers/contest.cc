#include "bench/peers/contest.h"

#include "bench/measure/engines.h"
#include "bench/peers/peers.h"

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
  if (field == Field::everybody) add_peers(contest, oldest_first);
  return contest;
}

}  // namespace callgate::bench
