#include "compose/number_columns.h"

#include <numeric>

#include "compose/seccomp.h"

namespace callgate::compose {
namespace {

template <Op op, class Column>
void each(Column& a, const Column& b) {
  for (std::size_t n = 0; n < a.size(); ++n) {
    if constexpr (op == Op::div) {
      a[n] = b[n] == 0 ? 0 : evaluate_op(op, a[n], b[n]);
    } else {
      a[n] = evaluate_op(op, a[n], b[n]);
    }
  }
}

template <Compare compare, class Column>
NumberSet where(const Column& a, const Column& b) {
  NumberSet set;
  for (std::uint32_t first = 0; first < a.size(); first += 64) {
    std::uint64_t word = 0;
    for (std::uint32_t i = 0; i < 64; ++i) {
      word |= std::uint64_t{ir::holds(compare, a[first + i], b[first + i])} << i;
    }
    set.insert_word(first, word);
  }
  return set;
}

}  // namespace

NumberSet NumberColumns::holds(const Node& test, const Domain& domain) {
  compute(test.lhs(), domain, 0);
  compute(test.rhs(), domain, 1);
  switch (test.compare) {
    case Compare::equal: return where<Compare::equal>(columns_[0], columns_[1]);
    case Compare::greater: return where<Compare::greater>(columns_[0], columns_[1]);
    case Compare::greater_equal: return where<Compare::greater_equal>(columns_[0], columns_[1]);
    case Compare::any_bit_set: break;
  }
  return where<Compare::any_bit_set>(columns_[0], columns_[1]);
}

// The column in `slot` becomes the values of the expression; later slots are free. Recursion is bounded by the size of
// an expression.
void NumberColumns::compute(ExprId id, const Domain& domain, std::size_t slot) {
  if (columns_.size() < slot + 2) columns_.resize(slot + 2);
  const Expr& e = graph_.expr_at(id);
  if (e.op == Op::constant) return columns_[slot].fill(e.value());
  if (e.op == Op::load && e.offset() == arch_offset) return columns_[slot].fill(domain.arch);
  if (e.op == Op::load) return std::iota(columns_[slot].begin(), columns_[slot].end(), domain.first);
  compute(e.lhs(), domain, slot);
  if (info(e.op).arity == 2) compute(e.rhs(), domain, slot + 1);
  operate(e.op, columns_[slot], columns_[slot + 1]);
}

void NumberColumns::operate(Op op, Column& a, const Column& b) {
  switch (op) {
    case Op::neg: return each<Op::neg>(a, b);
    case Op::add: return each<Op::add>(a, b);
    case Op::sub: return each<Op::sub>(a, b);
    case Op::mul: return each<Op::mul>(a, b);
    case Op::div: return each<Op::div>(a, b);
    case Op::or_: return each<Op::or_>(a, b);
    case Op::and_: return each<Op::and_>(a, b);
    case Op::xor_: return each<Op::xor_>(a, b);
    case Op::lsh: return each<Op::lsh>(a, b);
    case Op::rsh: return each<Op::rsh>(a, b);
    // LCOV_EXCL_START: operands, see compute()
    case Op::constant:
    case Op::load:
      return;
      // LCOV_EXCL_STOP
  }
}

}  // namespace callgate::compose
