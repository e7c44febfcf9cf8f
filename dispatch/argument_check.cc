#include "dispatch/argument_check.h"

#include "dispatch/units.h"

namespace callgate::detail {
namespace {

using jit::Range;
using jit::Switch;
using jit::SwitchKind;

constexpr std::uint64_t all_members = ~std::uint64_t{0};

// What a choice looks at: bits of a 64-bit word of seccomp_data, and how far they lie from bit 0.
struct Subject {
  std::uint32_t offset;  // of the 64-bit word
  std::uint64_t mask;
  unsigned shift;
};

std::optional<Subject> subject_of(const ir::Graph& graph, const Switch& choice) {
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

// The values of the ranges that do not lead where the last one leads, as an interval with members.
struct Set {
  std::uint64_t base;
  std::uint64_t span;
  std::uint64_t members;
  jit::SwitchId inside;
  jit::SwitchId outside;
};

std::optional<Set> set_of(std::span<const Range> ranges, bool wide) {
  const std::uint64_t most = wide ? ~std::uint64_t{0} : 0xffffffff;
  const auto last_of = [&](std::size_t i) { return i + 1 < ranges.size() ? ranges[i + 1].start - 1 : most; };
  const jit::SwitchId outside = ranges.back().target;
  std::size_t first = 0;
  while (ranges[first].target == outside) ++first;
  std::size_t last = ranges.size() - 1;
  while (ranges[last].target == outside) --last;
  const jit::SwitchId inside = ranges[first].target;
  Set set{ranges[first].start, last_of(last) - ranges[first].start, all_members, inside, outside};
  if (first == last) return set;
  if (set.span >= 64) return std::nullopt;
  set.members = 0;
  for (std::size_t i = first; i <= last; ++i) {
    if (ranges[i].target == outside) continue;
    if (ranges[i].target != inside) return std::nullopt;
    for (std::uint64_t value = ranges[i].start; value <= last_of(i); ++value) {
      set.members |= std::uint64_t{1} << (value - set.base);
    }
  }
  return set;
}

}  // namespace

bool has_wide_arguments(const InputLayout& layout) { return input_map(layout).halves_adjoin(); }

std::optional<callgate_check> argument_check(const ir::Graph& graph, const jit::Switches& choices, jit::SwitchId id,
                                             const InputLayout& layout) {
  const Switch& choice = choices[id];
  if (choice.kind() != SwitchKind::bits && !choice.has_ranges()) return std::nullopt;
  const auto subject = subject_of(graph, choice);
  if (!subject) return std::nullopt;

  Set set{0, 0, all_members, choice.otherwise(), choice.then()};  // no bit set
  std::uint64_t mask = subject->mask;
  if (choice.kind() == SwitchKind::bits) {
    mask &= std::uint64_t{choice.mask()} << subject->shift;
  } else {
    const auto found = set_of(choices.ranges(choice), choice.is_wide());
    if (!found || (subject->shift != 0 && found->members != all_members)) return std::nullopt;
    set = *found;
  }
  const Switch& inside = choices[set.inside];
  const Switch& outside = choices[set.outside];
  if (inside.kind() != SwitchKind::constant || outside.kind() != SwitchKind::constant) return std::nullopt;
  const std::uint32_t offset = layout.single_fetch ? subject->offset : layout.words[subject->offset / 4].value;
  return callgate_check{mask,   set.base << subject->shift, set.span << subject->shift,        set.members,
                        offset, outside.result(),           inside.result() ^ outside.result()};
}

}  // namespace callgate::detail
