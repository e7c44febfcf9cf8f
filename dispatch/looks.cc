#include "dispatch/looks.h"

#include <algorithm>

#include "dispatch/units.h"

namespace callgate::detail {

InputWords::InputWords(const InputLayout& layout) : layout_(layout), halves_adjoin_(input_map(layout).halves_adjoin()) {
  if (layout.single_fetch) {  // records read the copy
    end_ = sizeof(SeccompData);
    return;
  }
  begin_ = ~std::uint32_t{0};
  for (const InputWord& word : layout.words) {
    if (word.is_constant) continue;
    begin_ = std::min(begin_, word.value);
    end_ = std::max(end_, word.value + 4);
  }
}

std::optional<std::uint32_t> InputWords::offset_of(std::uint32_t offset) const {
  if (layout_.single_fetch) return offset;
  const InputWord& word = layout_.words[offset / 4];
  return word.is_constant ? std::nullopt : std::optional(word.value);
}

std::optional<Place> InputWords::place_of(std::uint32_t offset, std::uint64_t mask) const {
  const auto low = offset_of(offset);
  const auto high = offset_of(offset + 4);
  if (low && high && *high == *low + 4) return Place{*low, 0};
  const bool is_high = mask > 0xffffffff;
  if (is_high && static_cast<std::uint32_t>(mask) != 0) return std::nullopt;
  const auto word = is_high ? high : low;
  if (!word) return std::nullopt;
  const int left = is_high ? -32 : 0;
  if (holds(*word, 8)) return Place{*word, left};
  if (*word >= 4 && holds(*word - 4, 8)) return Place{*word - 4, left + 32};
  return std::nullopt;
}

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
