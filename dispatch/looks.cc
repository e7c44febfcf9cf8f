#include "dispatch/looks.h"

namespace callgate::detail {

std::optional<Subject> Looks::subject_of(const jit::Switch& choice) const {
  if (choice.kind() != jit::SwitchKind::bits && !choice.has_ranges()) return std::nullopt;
  if (choice.is_wide()) return Subject{choice.offset(), ~std::uint64_t{0}, 0};
  const ir::Expr* e = &graph.expr_at(choice.expr());
  std::uint64_t mask = 0xffffffff;
  if (e->op == ir::Op::and_ && graph.is_constant(e->rhs())) {
    mask = graph.constant_value(e->rhs());
    e = &graph.expr_at(e->lhs());
  }
  if (e->op != ir::Op::load || !graph.input().is_half(e->offset() / 4)) return std::nullopt;
  const unsigned shift = 8 * (e->offset() % 8);
  return Subject{e->offset() - e->offset() % 8, mask << shift, shift};
}

}  // namespace callgate::detail
