// Walks a flat graph. Runs on the path of evaluate(): general registers only, no allocation, a bounded stack.
#include <cstring>

#include "ir/flat.h"

namespace callgate::ir {
namespace {

std::uint32_t word_of(const void* input, std::uint32_t word) noexcept {
  std::uint32_t value;
  std::memcpy(&value, static_cast<const unsigned char*>(input) + std::size_t{4} * word, sizeof value);
  return value;
}

std::uint32_t combine(Op op, std::uint32_t lhs, std::uint32_t rhs) noexcept {
  switch (op) {
    case Op::add: return lhs + rhs;
    case Op::sub: return lhs - rhs;
    case Op::mul: return lhs * rhs;
    case Op::div: return rhs == 0 ? 0 : lhs / rhs;  // a test stands in front; the check costs nothing here
    case Op::or_: return lhs | rhs;
    case Op::and_: return lhs & rhs;
    case Op::xor_: return lhs ^ rhs;
    case Op::lsh: return lhs << (rhs & 31);
    case Op::rsh: return lhs >> (rhs & 31);
    case Op::constant:
    case Op::load:
    case Op::neg: break;
  }
  __builtin_unreachable();  // no operations of two operands
}

std::uint32_t value_of(const FlatOp* op, const void* input) noexcept {
  std::uint32_t stack[max_merged_expr_size];  // no more operands wait at any time than an expression has nodes
  std::uint32_t depth = 0;
  for (;; ++op) {
    // The analyser cannot know that the operands are there. NOLINTBEGIN(clang-analyzer-core.*)
    switch (op->op) {
      case Op::constant: stack[depth++] = op->value; break;
      case Op::load: stack[depth++] = word_of(input, op->value); break;
      case Op::neg: stack[depth - 1] = 0 - stack[depth - 1]; break;
      case Op::add:
      case Op::sub:
      case Op::mul:
      case Op::div:
      case Op::or_:
      case Op::and_:
      case Op::xor_:
      case Op::lsh:
      case Op::rsh:
        --depth;
        stack[depth - 1] = combine(op->op, stack[depth - 1], stack[depth]);
        break;
    }
    // NOLINTEND(clang-analyzer-core.*)
    if (op->last) return stack[0];
  }
}

bool compares(Compare how, std::uint32_t lhs, std::uint32_t rhs) noexcept {
  switch (how) {
    case Compare::equal: return lhs == rhs;
    case Compare::greater: return lhs > rhs;
    case Compare::greater_equal: return lhs >= rhs;
    case Compare::any_bit_set: return (lhs & rhs) != 0;
  }
  __builtin_unreachable();  // every value has its case above, and a flat graph is made by FlatGraph::make() alone
}

}  // namespace

std::uint32_t walk(const FlatNode* nodes, const FlatOp* ops, NodeId id, const void* input) noexcept {
  for (;;) {
    const FlatNode& node = nodes[id.index()];
    bool taken = false;
    switch (node.kind) {
      case FlatKind::constant: return node.k;
      case FlatKind::computed: return value_of(ops + node.lhs, input);
      case FlatKind::equal: taken = word_of(input, node.lhs) == node.k; break;
      case FlatKind::at_least: taken = word_of(input, node.lhs) >= node.k; break;
      case FlatKind::any_bit_set: taken = (word_of(input, node.lhs) & node.k) != 0; break;
      case FlatKind::compare:
        taken = compares(node.how, value_of(ops + node.lhs, input), value_of(ops + node.k, input));
        break;
    }
    // By index: of two objects of a class, GCC picks the address first, which takes two instructions more a step.
    id = NodeId{taken ? node.then.index() : node.otherwise.index()};
  }
}

}  // namespace callgate::ir
