// Units are lowered in the order in which they run, newest first. lower_baseline.cc or lower_graph.cc makes the blocks
// of a unit; behind them lie the blocks that merge its results (result_blocks.cc).
#include "jit/lower.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "jit/lower_baseline.h"
#include "jit/lower_graph.h"
#include "jit/result_blocks.h"

namespace callgate::jit {
namespace {

class UnitLowering {
 public:
  explicit UnitLowering(const LowerRequest& request)
      : request_(request), results_(static_cast<std::uint32_t>(request.units.size()), request.sequence) {
    flow_.units = request.units;
    flow_.sequence = request.sequence;
    flow_.blinding = request.blinding;
    flow_.keeps_current = flow_.needs_slots = results_.keeps_current();
  }

  Flow run() && {
    for (std::uint32_t unit = 0; unit < request_.units.size(); ++unit) {
      results_.append(results_.enter(unit));
      if (const ir::Baseline* baseline = request_.units[unit].baseline()) {
        lower(unit, *baseline);
      } else {
        lower(unit, *request_.units[unit].rooted_graph());
      }
      results_.append_merges();
    }
    flow_.blocks = std::move(results_).finish();
    find_entries();
    return std::move(flow_);
  }

 private:
  void lower(std::uint32_t unit, const ir::Baseline& baseline) {
    const BlockId first = lower_baseline(results_, baseline, unit);
    Block& enter = results_.block(results_.enter(unit));
    enter.next = first;
    enter.operand = Zeroed{baseline.reads_initial_a, baseline.reads_initial_x};
    flow_.needs_slots |= needs_slots(baseline);
  }

  // The root of the unit, then the roots with an entry of their own.
  void lower(std::uint32_t unit, const RootedGraph& rooted) {
    std::vector<ir::NodeId> roots{rooted.root};
    std::vector<BlockId> entries{results_.enter(unit)};
    if (unit == 0) {
      for (const ir::NodeId root : request_.entry_roots) {
        const EntryIndex index{static_cast<std::uint32_t>(entries.size())};
        roots.push_back(root);
        entries.push_back(results_.make({.kind = BlockKind::entry, .operand = index}));
      }
    }
    lower_graph(results_, flow_, *rooted.graph, roots, entries, unit, request_.target);
    flow_.needs_slots |= needs_slots(*rooted.graph);
  }

  void find_entries() {
    flow_.entries.resize(1 + request_.entry_roots.size(), no_block);
    for (std::uint32_t i = 0; i < flow_.blocks.size(); ++i) {
      const BlockId id{i};
      const Block& block = flow_.blocks[id];
      if (block.kind == BlockKind::entry) flow_.entries[block.get<EntryIndex>().index] = id;
    }
    assert(std::ranges::find(flow_.entries, no_block) == flow_.entries.end());
  }

  const LowerRequest& request_;
  ResultBlocks results_;
  Flow flow_;
};

}  // namespace

Flow lower(const LowerRequest& request) { return UnitLowering(request).run(); }

}  // namespace callgate::jit
