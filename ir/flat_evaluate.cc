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

std::uint32_t value_of(const FlatOp* op, const void* input) noexcept {
  std::uint32_t stack[max_merged_expr_size];  // no more operands wait at any time than an expression has nodes
  std::uint32_t depth = 0;
  for (;; ++op) {
    switch (op->op) {
      case Op::constant: stack[depth++] = op->value; break;
      case Op::load: stack[depth++] = word_of(input, op->value); break;
      case Op::neg: stack[depth - 1] = 0 - stack[depth - 1]; break;
      // The analyser cannot know that both operands are there. NOLINTBEGIN(clang-analyzer-core.*)
      case Op::add: --depth, stack[depth - 1] += stack[depth]; break;
      case Op::sub: --depth, stack[depth - 1] -= stack[depth]; break;
      case Op::mul: --depth, stack[depth - 1] *= stack[depth]; break;
      case Op::div:  // a test stands in front; the check costs nothing here
        --depth, stack[depth - 1] = stack[depth] == 0 ? 0 : stack[depth - 1] / stack[depth];
        break;
      case Op::or_: --depth, stack[depth - 1] |= stack[depth]; break;
      case Op::and_: --depth, stack[depth - 1] &= stack[depth]; break;
      case Op::xor_: --depth, stack[depth - 1] ^= stack[depth]; break;
      case Op::lsh: --depth, stack[depth - 1] <<= stack[depth] & 31; break;
      case Op::rsh:
        --depth, stack[depth - 1] >>= stack[depth] & 31;
        break;
        // NOLINTEND(clang-analyzer-core.*)
    }
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
  return false;  // LCOV_EXCL_LINE: every value has its case above
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
    id = taken ? node.then : node.otherwise;
  }
}

}  // namespace callgate::ir
