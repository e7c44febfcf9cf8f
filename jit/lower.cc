// Lowering, segment by segment: baseline forms to basic blocks, graphs to one block a node. Returns of the same constant
// share one block at the end of the code; a block that runs into a return gets a copy of its own behind it.
#include "jit/block.h"

#include <utility>

#include "bpf/opcode.h"
#include "callgate/action.hpp"
#include "ir/liveness.h"
#include "jit/lower_graph.h"
#include "jit/result_blocks.h"

namespace callgate::jit {
namespace {

using bpf::Opcode;

Cond cond_of(Opcode op) {
  switch (op) {
    case Opcode::jeq_k: case Opcode::jeq_x: return Cond::equal;
    case Opcode::jgt_k: case Opcode::jgt_x: return Cond::above;
    case Opcode::jge_k: case Opcode::jge_x: return Cond::above_equal;
    default: return Cond::not_equal;
  }
}

// Cuts one baseline form into blocks. Jumps through JA and to RET K are followed while lowering.
class StraightLowering {
 public:
  StraightLowering(ResultBlocks& results, const ir::Baseline& form, std::uint32_t segment)
      : results_(results), insns_(form.program.instructions()), segment_(segment), block_at_(insns_.size(), no_block) {
    leaders_.resize(insns_.size());
    for (std::uint32_t pc = 0; pc < insns_.size(); ++pc) {
      const ir::Successors next = ir::successors_of(insns_[pc], pc);
      const bool falls_through = next.count == 1 && next.at[0] == pc + 1;
      for (std::uint32_t i = 0; i < next.count && !falls_through; ++i) leaders_[next.at[i]] = true;
    }
  }

  // Returns the block of the first instruction. All blocks are in order once this returns.
  BlockId run() {
    const BlockId first = destination(0);
    for (std::uint32_t pc = 0; pc < insns_.size(); ++pc) {
      if (block_at_[pc] != no_block) lower_from(pc);
    }
    return first;
  }

 private:
  BlockId destination(std::uint32_t pc) {
    while (bpf::opcode_of(insns_[pc]) == Opcode::ja) pc += 1 + insns_[pc].k;
    if (bpf::opcode_of(insns_[pc]) == Opcode::ret_k) return results_.constant(segment_, insns_[pc].k);
    if (bpf::opcode_of(insns_[pc]) == Opcode::ret_a) return results_.in_a(segment_);
    if (block_at_[pc] == no_block) block_at_[pc] = results_.make({BlockKind::baseline, segment_, pc, pc});
    return block_at_[pc];
  }

  void lower_from(std::uint32_t first) {
    BlockId id = block_at_[first];
    results_.append(id);
    for (std::uint32_t pc = first;; ++pc) {
      const Insn& insn = insns_[pc];
      const Opcode op = bpf::opcode_of(insn);
      if ((pc != first && leaders_[pc]) || op == Opcode::ja || op == Opcode::ret_k || op == Opcode::ret_a) {
        return end(id, pc, destination(pc));
      }
      if (op == Opcode::div_x) id = guard(id, pc);
      if (bpf::is_branch(bpf::find_opcode(insn.code)->form)) return end_in_branch(id, pc);
    }
  }

  void end(BlockId id, std::uint32_t last, BlockId next) {
    Block& block = results_.block(id);
    block.last = last;
    block.next = next;
  }

  void end_in_branch(BlockId id, std::uint32_t pc) {
    const Insn& insn = insns_[pc];
    const BlockId then = destination(pc + 1 + insn.jt);
    const BlockId otherwise = destination(pc + 1 + insn.jf);
    if (then == otherwise) return end(id, pc, then);
    end(id, pc + 1, otherwise);
    results_.block(id).taken = then;
    results_.block(id).cond = cond_of(bpf::opcode_of(insn));
  }

  // Ends the block before the DIV X at `pc` in a test of X, and begins a new one at the division.
  BlockId guard(BlockId id, std::uint32_t pc) {
    const BlockId division = results_.make({BlockKind::baseline, segment_, pc, pc});
    const BlockId by_zero = results_.constant(segment_, action::kill_thread);
    end(id, pc, division);
    Block& block = results_.block(id);
    block.kind = BlockKind::guard;
    block.cond = Cond::equal;
    block.taken = by_zero;
    results_.append(division);
    return division;
  }

  ResultBlocks& results_;
  std::span<const Insn> insns_;
  std::uint32_t segment_;
  std::vector<BlockId> block_at_;  // blocks that start at an instruction and are gone to
  std::vector<bool> leaders_;      // targets of jumps
};

bool needs_slots(const ir::Baseline& form) {
  for (const Insn& insn : form.program.instructions()) {
    if (bpf::find_opcode(insn.code)->form == bpf::Form::scratch || bpf::opcode_of(insn) == Opcode::div_k) return true;
  }
  return false;
}

bool is_operand(const ir::Graph& graph, ir::ExprId id) { return ir::info(graph.expr_at(id).op).arity == 0; }

bool needs_slots(const ir::Graph& graph) {
  for (ir::ExprId id = 0; id < graph.expr_count(); ++id) {
    const ir::Expr& e = graph.expr_at(id);
    if (ir::info(e.op).arity == 2 && !is_operand(graph, e.rhs)) return true;
  }
  for (ir::NodeId id = 0; id < graph.node_count(); ++id) {
    const ir::Node& n = graph.node_at(id);
    if (n.kind == ir::NodeKind::test && !is_operand(graph, n.rhs)) return true;
  }
  return false;
}

// The whole segment's root, then those with an entry of their own.
void lower_graph(ResultBlocks& results, Flow& flow, const FlowRequest& request, std::uint32_t segment) {
  const compose::ChainGraph& decisions = *request.plan[segment]->chain_graph();
  std::vector<ir::NodeId> roots{decisions.by_number() ? decisions.rest : decisions.roots[0]};
  std::vector<BlockId> entries{results.enter(segment)};
  if (segment == 0) {
    for (const ir::NodeId root : request.residuals) {
      roots.push_back(root);
      entries.push_back(results.make({BlockKind::entry, 0, static_cast<std::uint32_t>(entries.size())}));
    }
  }
  lower_graph(results, flow, decisions.graph, roots, entries, segment, request.target);
}

}  // namespace

Flow lower(const FlowRequest& request) {
  const auto& plan = request.plan;
  ResultBlocks results(static_cast<std::uint32_t>(plan.size()), request.rule);
  Flow flow{plan, {}, results.keeps_current(), results.keeps_current(), {}, {}};
  for (std::uint32_t i = 0; i < plan.size(); ++i) {
    results.append(results.enter(i));
    if (const ir::Baseline* straight = plan[i]->baseline()) {
      const BlockId first = StraightLowering(results, *straight, i).run();
      Block& enter = results.block(results.enter(i));
      enter.next = first;
      enter.first = (straight->reads_initial_a ? zero_a : 0) | (straight->reads_initial_x ? zero_x : 0);
      flow.needs_slots |= needs_slots(*straight);
    } else {
      lower_graph(results, flow, request, i);
      flow.needs_slots |= needs_slots(plan[i]->chain_graph()->graph);
    }
    results.append_merges();
  }
  flow.blocks = std::move(results).finish();
  flow.entries.resize(1 + request.residuals.size());
  for (BlockId id = 0; id < flow.blocks.size(); ++id) {
    if (flow.blocks[id].kind == BlockKind::entry) flow.entries[flow.blocks[id].first] = id;
  }
  return flow;
}

}  // namespace callgate::jit
