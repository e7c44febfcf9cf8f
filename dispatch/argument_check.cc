#include "dispatch/argument_check.h"

#include <array>

#include "dispatch/units.h"
#include "dispatch/value_set.h"

namespace callgate::detail {
namespace {

using jit::Range;
using jit::Switch;
using jit::SwitchKind;

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
std::optional<ArgumentChecks::Form> form_of_ranges(const Subject& subject, std::span<const Range> ranges, bool wide) {
  const std::uint64_t most = wide ? ~std::uint64_t{0} : 0xffffffff;
  const auto last_of = [&](std::size_t i) { return i + 1 < ranges.size() ? ranges[i + 1].start - 1 : most; };
  const jit::SwitchId outside = ranges.back().target;
  std::size_t first = 0;
  while (ranges[first].target == outside) ++first;
  std::size_t last = ranges.size() - 1;
  while (ranges[last].target == outside) --last;
  const jit::SwitchId inside = ranges[first].target;
  ValueSet set{subject.mask, ranges[first].start, last_of(last) - ranges[first].start};
  if (first != last) {
    if (set.span >= 64 || subject.shift != 0) return std::nullopt;
    set.members = 0;
    for (std::size_t i = first; i <= last; ++i) {
      if (ranges[i].target == outside) continue;
      if (ranges[i].target != inside) return std::nullopt;
      for (std::uint64_t value = ranges[i].start; value <= last_of(i); ++value) {
        set.members |= std::uint64_t{1} << (value - set.base);
      }
    }
  }
  set.base <<= subject.shift;
  set.span <<= subject.shift;
  return ArgumentChecks::Form{subject.offset, set, inside, outside};
}

// The operations on sets that may not be there.
using MaybeSet = std::optional<ValueSet>;
MaybeSet both(const MaybeSet& a, const MaybeSet& b) { return a && b ? intersection(*a, *b) : MaybeSet(); }
MaybeSet either(const MaybeSet& a, const MaybeSet& b) { return a && b ? set_union(*a, *b) : MaybeSet(); }

}  // namespace

bool has_wide_arguments(const InputLayout& layout) { return input_map(layout).halves_adjoin(); }

// The choice itself, if it is one look at an argument.
std::optional<ArgumentChecks::Form> ArgumentChecks::look(jit::SwitchId id) const {
  const Switch& choice = choices_[id];
  if (choice.kind() != SwitchKind::bits && !choice.has_ranges()) return std::nullopt;
  const auto subject = subject_of(graph_, choice);
  if (!subject) return std::nullopt;
  if (choice.has_ranges()) return form_of_ranges(*subject, choices_.ranges(choice), choice.is_wide());
  const std::uint64_t mask = subject->mask & std::uint64_t{choice.mask()} << subject->shift;
  return Form{subject->offset, ValueSet::single(mask, 0), choice.otherwise(), choice.then()};  // inside: no bit set
}

// Two looks as one: `first` comes to `second` on one side, and on the other one where `second` may lead as well.
std::optional<ArgumentChecks::Form> ArgumentChecks::joined(const Form& first, jit::SwitchId via, const Form& second) {
  if (first.offset != second.offset) return std::nullopt;
  const bool via_inside = first.inside == via;
  const jit::SwitchId shared = via_inside ? first.outside : first.inside;
  if (shared != second.inside && shared != second.outside) return std::nullopt;
  const MaybeSet other = complement(first.set);
  const MaybeSet to_second = via_inside ? first.set : other;
  const MaybeSet to_shared = via_inside ? other : first.set;
  const MaybeSet onwards = shared == second.outside ? MaybeSet(second.set) : complement(second.set);
  const jit::SwitchId end = shared == second.outside ? second.inside : second.outside;
  if (const MaybeSet set = both(to_second, onwards)) return Form{first.offset, *set, end, shared};
  const MaybeSet back = shared == second.outside ? complement(second.set) : MaybeSet(second.set);
  if (const MaybeSet set = either(to_shared, back)) return Form{first.offset, *set, shared, end};
  return std::nullopt;
}

// All forms that the choice has, found once; fewer where looks follow each other in too long a row.
void ArgumentChecks::find_forms(jit::SwitchId id, unsigned depth) {
  std::array<Form, most_forms> own{};
  std::size_t count = 0;
  if (const auto one = look(id)) own[count++] = *one;
  for (std::size_t i = 0; i < count; ++i) {
    for (const jit::SwitchId next : {own[i].inside, own[i].outside}) {
      if (is_result(next) || depth == 0) continue;
      if (first_form_[next] == unseen) find_forms(next, depth - 1);
      for (std::uint32_t f = first_form_[next]; f < forms_.size() && forms_[f].of == next && count < most_forms; ++f) {
        if (const auto form = joined(own[i], next, forms_[f].form)) own[count++] = *form;
      }
    }
  }
  first_form_[id] = static_cast<std::uint32_t>(forms_.size());
  for (std::size_t i = 0; i < count; ++i) forms_.push_back({id, own[i]});
}

// The form that has two results, if there is one.
std::optional<ArgumentChecks::Form> ArgumentChecks::decision(jit::SwitchId id) {
  const auto one = look(id);
  if (!one || is_decision(*one)) return one;
  constexpr unsigned most_looks = 8;
  if (first_form_.empty()) first_form_.resize(choices_.size(), unseen);
  if (first_form_[id] == unseen) find_forms(id, most_looks);
  for (std::uint32_t f = first_form_[id]; f < forms_.size() && forms_[f].of == id; ++f) {
    if (is_decision(forms_[f].form)) return forms_[f].form;
  }
  return std::nullopt;
}

std::optional<callgate_check> ArgumentChecks::check(jit::SwitchId id) {
  const auto form = decision(id);
  if (!form) return std::nullopt;
  const std::uint32_t offset = layout_.single_fetch ? form->offset : layout_.words[form->offset / 4].value;
  const std::uint32_t inside = choices_[form->inside].result();
  const std::uint32_t outside = choices_[form->outside].result();
  return callgate_check{form->set.mask, form->set.base, form->set.span,  form->set.members,
                        offset,         outside,        inside ^ outside};
}

}  // namespace callgate::detail
