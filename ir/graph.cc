#include "ir/graph.h"

#include <array>
#include <cassert>

namespace callgate::ir {

const OpInfo& info(Op op) {
  static constexpr std::array table = {
#define CALLGATE_IR_OP(identifier, symbol, arity) OpInfo{symbol, arity},
#include "ir/opcodes.inc"
#undef CALLGATE_IR_OP
  };
  return table[static_cast<std::size_t>(op)];
}

std::uint32_t apply(Op op, std::uint32_t lhs, std::uint32_t rhs) {
  switch (op) {
    case Op::neg: return 0 - lhs;
    case Op::add: return lhs + rhs;
    case Op::sub: return lhs - rhs;
    case Op::mul: return lhs * rhs;
    case Op::div: return lhs / rhs;
    case Op::or_: return lhs | rhs;
    case Op::and_: return lhs & rhs;
    case Op::xor_: return lhs ^ rhs;
    case Op::lsh: return lhs << (rhs & 31);
    case Op::rsh: return lhs >> (rhs & 31);
    case Op::constant:
    case Op::load: break;
  }
  assert(false && "constant and load are no operations");
  return 0;
}

bool holds(Compare compare, std::uint32_t lhs, std::uint32_t rhs) {
  switch (compare) {
    case Compare::equal: return lhs == rhs;
    case Compare::greater: return lhs > rhs;
    case Compare::greater_equal: return lhs >= rhs;
    case Compare::any_bit_set: return (lhs & rhs) != 0;
  }
  return false;
}

const char* symbol(Compare compare) {
  switch (compare) {
    case Compare::equal: return "==";
    case Compare::greater: return ">";
    case Compare::greater_equal: return ">=";
    case Compare::any_bit_set: return "&";
  }
  return "?";
}

ExprId Graph::expr(Op op, ExprId lhs, ExprId rhs) {
  const bool binary = info(op).arity == 2;
  assert(lhs < expr_count() && (!binary || rhs < expr_count()));
  const std::uint32_t size = 1 + exprs_[lhs].size + (binary ? exprs_[rhs].size : 0);
  return exprs_.intern({op, size, lhs, binary ? rhs : 0});
}

}  // namespace callgate::ir
