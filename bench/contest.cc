#include "bench/contest.h"

#include "bench/empty_call.h"
#include "bench/engines.h"
#include "bench/peers/peers.h"

namespace callgate::bench {
namespace {

struct ByEmptyCall {
  std::shared_ptr<const EmptyCall> owner;
  EmptyCall::Function function;
  std::uint32_t operator()(const SeccompData& data) const { return function(&data); }
};

void add_peers(Contest& contest, std::span<const Program> oldest_first) {
  for (const Peer& peer : all_peers()) {
    if (oldest_first.size() < peer.fewest_filters) continue;
    try {
      contest.evaluators.push_back(peer.make(oldest_first));
    } catch (const Absent& absent) {
      contest.absent.push_back({peer.name, absent.what()});
    }
  }
}

}  // namespace

const std::string empty_call_name = "empty call";

std::unique_ptr<Evaluator> empty_call_evaluator() {
  const auto empty = std::make_shared<const EmptyCall>();
  const std::string remark = empty->in_mapped_memory() ? "" : "a function of this program";
  return evaluator_over({empty_call_name, {}, remark}, ByEmptyCall{empty, empty->function()});
}

Contest make_contest(std::span<const Program> oldest_first, Field field) {
  Contest contest;
  contest.evaluators.push_back(empty_call_evaluator());
  for (NamedChain& chain : all_chains(oldest_first)) {
    contest.evaluators.push_back(evaluator_of(std::move(chain.name), std::move(chain.chain)));
  }
  if (field == Field::everybody) add_peers(contest, oldest_first);
  return contest;
}

}  // namespace callgate::bench
