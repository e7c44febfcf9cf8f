#include "dispatch/argument_check.h"

#include <algorithm>
#include <array>
#include <span>

namespace callgate::detail {
namespace {

using jit::Range;
using jit::Switch;
using jit::SwitchKind;

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

// The choice itself, if it is one look at an argument.
std::optional<ArgumentChecks::Form> ArgumentChecks::look(jit::SwitchId id) const {
  const Switch& choice = looks_.choices[id];
  const auto subject = looks_.subject_of(choice);
  if (!subject) return std::nullopt;
  if (choice.has_ranges()) return form_of_ranges(*subject, looks_.choices.ranges(choice), choice.is_wide());
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
      if (looks_.is_result(next) || depth == 0) continue;
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
  if (first_form_.empty()) first_form_.resize(looks_.choices.size(), unseen);
  if (first_form_[id] == unseen) find_forms(id, most_looks);
  for (std::uint32_t f = first_form_[id]; f < forms_.size() && forms_[f].of == id; ++f) {
    if (is_decision(forms_[f].form)) return forms_[f].form;
  }
  return std::nullopt;
}

std::optional<callgate_check> ArgumentChecks::check(jit::SwitchId id) {
  const auto form = decision(id);
  if (!form) return std::nullopt;
  const auto place = looks_.input.place_of(form->offset, form->set.mask);
  const auto set = place ? moved(form->set, place->left) : std::nullopt;
  if (!set) return std::nullopt;
  const std::uint32_t inside = looks_.choices[form->inside].result();
  const std::uint32_t outside = looks_.choices[form->outside].result();
  return callgate_check{set->mask, set->base, set->span, set->members, place->offset, outside, inside ^ outside, 0};
}

std::optional<ValueList> ArgumentChecks::list(jit::SwitchId id) const {
  const Switch& choice = looks_.choices[id];
  const auto subject = looks_.subject_of(choice);
  if (!subject || !choice.has_ranges()) return std::nullopt;
  const std::span<const Range> ranges = looks_.choices.ranges(choice);
  const std::uint64_t most = choice.is_wide() ? ~std::uint64_t{0} : 0xffffffff;
  const auto span_of = [&](std::size_t i) {
    return (i + 1 < ranges.size() ? ranges[i + 1].start - 1 : most) - ranges[i].start;
  };
  std::size_t longest = 0;
  for (std::size_t i = 1; i < ranges.size(); ++i) longest = span_of(i) > span_of(longest) ? i : longest;
  const jit::SwitchId outside = ranges[longest].target;
  if (!looks_.is_result(outside)) return std::nullopt;
  ValueList list{0, subject->mask, {}, 0, 0};
  jit::SwitchId inside = jit::no_switch;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    if (ranges[i].target == outside) continue;
    if (inside == jit::no_switch) inside = ranges[i].target;
    if (ranges[i].target != inside || span_of(i) >= most_listed_values - list.values.size()) return std::nullopt;
    for (std::uint64_t k = 0; k <= span_of(i); ++k) {
      const std::uint64_t value = (ranges[i].start + k) << subject->shift;
      if ((value & ~list.mask) == 0) list.values.push_back(value);
    }
  }
  if (list.values.empty()) return std::nullopt;
  if (!looks_.is_result(inside)) {  // one more look, at bits that the list does not look at
    const auto next = look(inside);
    if (!next || !is_decision(*next) || next->offset != subject->offset || next->outside != outside) {
      return std::nullopt;
    }
    if (next->set.span != 0 || (next->set.base & ~next->set.mask) != 0 || (next->set.mask & list.mask) != 0) {
      return std::nullopt;
    }
    for (std::uint64_t& value : list.values) value |= next->set.base;
    list.mask |= next->set.mask;
    inside = next->inside;
  }
  const auto place = looks_.input.place_of(subject->offset, list.mask);
  if (!place) return std::nullopt;
  list.offset = place->offset;
  const auto move = [&](std::uint64_t bits) {
    return place->left > 0 ? bits << 32 : place->left < 0 ? bits >> 32 : bits;
  };
  list.mask = move(list.mask);
  std::ranges::transform(list.values, list.values.begin(), move);
  list.inside = looks_.choices[inside].result();
  list.outside = looks_.choices[outside].result();
  return list;
}

}  // namespace callgate::detail
