#include "cli/conditions.h"

#include <algorithm>

#include <fmt/format.h>

#include "cli/constant_names.h"

namespace callgate::cli {
namespace {

using proof::Interval;
using proof::IntervalSet;
using proof::Literal;
using proof::TermOp;

constexpr std::uint64_t largest = ~std::uint64_t{0};
constexpr std::size_t pointer_place = 6;
constexpr std::size_t most_rows_to_merge = 200;

std::size_t place_of_word(std::uint32_t word) { return word < 4 ? pointer_place : (word - 4) / 2; }
bool is_high_half(std::uint32_t word) { return word % 2 == 1; }

std::string place_name(std::size_t place) {
  return place == pointer_place ? "instruction_pointer" : fmt::format("arg{}", place);
}

void append(Values& values, std::uint64_t first, std::uint64_t last) {
  if (!values.empty() && (values.back().second == largest || values.back().second + 1 >= first)) {
    values.back().second = std::max(values.back().second, last);
  } else {
    values.emplace_back(first, last);
  }
}

Values united(const Values& a, const Values& b) {
  Values all = a;
  all.insert(all.end(), b.begin(), b.end());
  std::ranges::sort(all);
  Values result;
  for (const auto& [first, last] : all) append(result, first, last);
  return result;
}

Values complement(const Values& values) {
  Values result;
  std::uint64_t next = 0;
  for (const auto& [first, last] : values) {
    if (first > next) result.emplace_back(next, first - 1);
    if (last == largest) return result;
    next = last + 1;
  }
  result.emplace_back(next, largest);
  return result;
}

// Intervals of 64 bits, if the halves make some: the upper half is one value, or the lower half is free.
std::optional<Values> whole_values(const IntervalSet& high, const IntervalSet& low) {
  Values values;
  if (low.is_all()) {
    for (const Interval& i : high.intervals()) {
      append(values, std::uint64_t{i.first} << 32, std::uint64_t{i.last} << 32 | 0xffffffff);
    }
    return values;
  }
  constexpr std::uint64_t most = 4;
  if (high.size() > most) return std::nullopt;
  for (const Interval& h : high.intervals()) {
    for (std::uint64_t upper = h.first; upper <= h.last; ++upper) {
      for (const Interval& l : low.intervals()) append(values, upper << 32 | l.first, upper << 32 | l.last);
    }
  }
  return values;
}

Values values_of(const IntervalSet& set) {
  Values values;
  for (const Interval& i : set.intervals()) values.emplace_back(i.first, i.last);
  return values;
}

bool is_single(const std::pair<std::uint64_t, std::uint64_t>& interval) { return interval.first == interval.second; }

// "is 1, 2 or 8 to 15"
template <class Name>
std::string list_text(const Values& values, Name name) {
  constexpr std::size_t most = 24;
  std::string text;
  const std::size_t shown = std::min(values.size(), most);
  for (std::size_t i = 0; i < shown; ++i) {
    text += i == 0 ? "" : i + 1 == values.size() ? " or " : ", ";
    if (is_single(values[i])) {
      text += name(values[i].first);
    } else {
      text += constant_text("", 0, values[i].first) + " to " + constant_text("", 0, values[i].second);
    }
  }
  return values.size() > most ? text + fmt::format(" or {} more", values.size() - most) : text;
}

// A few neighbours one by one, where each has a name.
template <class Name>
Values with_names(const Values& values, Name name) {
  constexpr std::uint64_t most = 3;
  Values result;
  for (const auto& [first, last] : values) {
    bool all_named = last - first <= most;
    for (std::uint64_t v = first; all_named && v - first <= last - first; ++v) all_named = name(v)[0] > '9';
    if (!all_named) {
      result.emplace_back(first, last);
      continue;
    }
    for (std::uint64_t v = first; v - first <= last - first; ++v) result.emplace_back(v, v);
  }
  return result;
}

template <class Name>
std::string values_text(const std::string& what, const Values& values, std::uint64_t most, Name name) {
  if (values.empty()) return what + " is nothing";
  if (values.size() == 1) {
    const auto& [first, last] = values[0];
    if (first == last) return what + " = " + name(first);
    if (first == 0) return what + " <= " + constant_text("", 0, last);
    if (last == most) return what + " >= " + constant_text("", 0, first);
  }
  Values others = complement(values);
  if (!others.empty() && others.back().second == largest && most != largest) {  // 32 bits: what lies above is no value
    if (others.back().first > most) others.pop_back();
  }
  const bool few_others = std::ranges::all_of(others, is_single) && others.size() <= values.size();
  if (few_others && others.size() == 1) return what + " != " + name(others[0].first);
  if (few_others && !others.empty()) return what + " is not " + list_text(others, name);
  return what + " is " + list_text(with_names(values, name), name);
}

}  // namespace

bool Conditions::Cell::is_all() const {
  return values ? values->size() == 1 && values->front() == std::pair(std::uint64_t{0}, largest)
                : high.is_all() && low.is_all();
}

Conditions::Conditions(const proof::Terms& terms, std::span<const proof::Path> paths) : terms_(terms) {
  for (const proof::Path& path : paths) rows_.push_back(row_of(path));
  if (rows_.size() <= most_rows_to_merge) merge();
}

Conditions::Row Conditions::row_of(const proof::Path& path) const {
  Row row;
  for (const Literal& literal : path.conditions) {
    const proof::Term& term = terms_[literal.term];
    if (term.op != TermOp::word) {
      row.others.push_back(literal);
      continue;
    }
    if (term.a == proof::nr_word || term.a == proof::arch_word) continue;
    Cell& cell = row.cells[place_of_word(term.a)];
    IntervalSet& half = is_high_half(term.a) ? cell.high : cell.low;
    half = half & literal.set;
  }
  for (Cell& cell : row.cells) cell.values = whole_values(cell.high, cell.low);
  return row;
}

// Two rows become one if they differ in one place only.
bool Conditions::merge_two(Row& into, const Row& row) const {
  const auto same_literal = [](const Literal& a, const Literal& b) { return a.term == b.term && a.set == b.set; };
  if (!std::ranges::equal(into.others, row.others, same_literal)) {
    // Or in one set.
    const auto same_term = [](const Literal& a, const Literal& b) { return a.term == b.term; };
    if (into.cells != row.cells || into.others.size() != 1 || !std::ranges::equal(into.others, row.others, same_term)) {
      return false;
    }
    into.others[0].set = into.others[0].set | row.others[0].set;
    if (into.others[0].set.is_all()) into.others.clear();
    return true;
  }
  std::optional<std::size_t> differs;
  for (std::size_t i = 0; i < places; ++i) {
    if (into.cells[i] == row.cells[i]) continue;
    if (differs) return false;
    differs = i;
  }
  if (!differs) return true;
  Cell& a = into.cells[*differs];
  const Cell& b = row.cells[*differs];
  if (a.values && b.values) {
    a.values = united(*a.values, *b.values);
    return true;
  }
  if (a.high == b.high) {
    a.low = a.low | b.low;
  } else if (a.low == b.low) {
    a.high = a.high | b.high;
  } else {
    return false;
  }
  a.values = whole_values(a.high, a.low);
  return true;
}

void Conditions::merge() {
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      for (std::size_t j = rows_.size(); j-- > i + 1;) {
        if (!merge_two(rows_[i], rows_[j])) continue;
        rows_.erase(rows_.begin() + static_cast<std::ptrdiff_t>(j));
        changed = true;
      }
    }
  }
}

bool Conditions::are_always() const {
  return rows_.size() == 1 && rows_[0].others.empty() &&
         std::ranges::all_of(rows_[0].cells, [](const Cell& cell) { return cell.is_all(); });
}

std::string Conditions::term_text(proof::TermId id, int depth) const {
  const proof::Term& term = terms_[id];
  if (term.op == TermOp::constant) return constant_text("", 0, term.a);
  if (term.op == TermOp::word) {
    if (term.a == proof::nr_word) return "nr";
    if (term.a == proof::arch_word) return "arch";
    return place_name(place_of_word(term.a)) + (is_high_half(term.a) ? ".hi" : ".lo");
  }
  if (depth == 0) return "…";
  const char* sign = "";
  switch (term.op) {
    case TermOp::add: sign = " + "; break;
    case TermOp::mul: sign = " * "; break;
    case TermOp::div: sign = " / "; break;
    case TermOp::and_: sign = " & "; break;
    case TermOp::or_: sign = " | "; break;
    case TermOp::xor_: sign = " ^ "; break;
    case TermOp::lsh: sign = " << "; break;
    case TermOp::rsh: sign = " >> "; break;
    default: sign = " < "; break;
  }
  const auto part = [&](proof::TermId operand) {
    const std::string text = term_text(operand, depth - 1);
    return text.find(' ') == std::string::npos ? text : "(" + text + ")";
  };
  return part(term.a) + sign + part(term.b);
}

std::string Conditions::literal_text(const Literal& literal, std::string_view call) const {
  const proof::Term& term = terms_[literal.term];
  const auto plain = [](std::uint64_t value) { return constant_text("", 0, value); };
  if (term.op == TermOp::and_ && terms_.is_constant(term.b) && terms_.is_word(term.a) && terms_[term.a].a >= 4 &&
      !is_high_half(terms_[term.a].a)) {
    const std::size_t place = place_of_word(terms_[term.a].a);
    const std::uint32_t mask = terms_[term.b].a;
    std::string flags = constant_text(call, place, mask);
    if (flags.find('|') != std::string::npos) flags = "(" + flags + ")";
    const auto name = [&](std::uint64_t value) {
      std::string text = constant_text(call, place, value);
      return text;
    };
    IntervalSet set = literal.set & IntervalSet(0, mask);
    std::string what = place_name(place) + " & " + flags;
    if (set == IntervalSet(1, mask)) return what + " != 0";
    return values_text(what, values_of(set), mask, name);
  }
  if (term.op == TermOp::below && literal.set.is_single()) {
    const std::string a = term_text(term.a, 4);
    const std::string b = term_text(term.b, 4);
    return literal.set.contains(1) ? a + " < " + b : a + " >= " + b;
  }
  return values_text(term_text(literal.term, 4), values_of(literal.set), proof::largest_word, plain);
}

namespace {

// The mask and the value for which the set is {v : (v & mask) = value}, if there is one and no interval says it better.
std::optional<std::pair<std::uint32_t, std::uint32_t>> as_masked(const IntervalSet& set) {
  if (set.intervals().size() < 2) return std::nullopt;
  const std::uint32_t mask = ~(set.min() ^ set.max());
  const auto masked = proof::preimage_of_bits(IntervalSet::of(set.min() & mask), mask, 0, set.intervals().size());
  if (!masked || !(*masked == set)) return std::nullopt;
  return std::pair(mask, set.min() & mask);
}

std::string mask_text(std::string_view call, std::size_t place, std::uint32_t mask) {
  const std::string text = constant_text(call, place, mask);
  return text.find('|') == std::string::npos ? text : "(" + text + ")";
}

// The lower half, by flags if that is what it is about.
std::optional<std::string> flags_condition(std::string_view call, std::size_t place, const IntervalSet& low) {
  const std::string name = place_name(place);
  if (const auto masked = as_masked(low)) {
    return fmt::format("{} & {} = {}", name, mask_text(call, place, masked->first),
                       constant_text(call, place, masked->second));
  }
  if (const auto masked = as_masked(low.complement())) {
    return fmt::format("{} & {} != {}", name, mask_text(call, place, masked->first),
                       constant_text(call, place, masked->second));
  }
  return std::nullopt;
}

}  // namespace

std::string Conditions::row_text(const Row& row, std::string_view call) const {
  std::vector<std::string> parts;
  for (std::size_t place = 0; place < places; ++place) {
    const Cell& cell = row.cells[place];
    if (cell.is_all()) continue;
    const auto name = [&](std::uint64_t value) { return constant_text(call, place, value); };
    const auto plain = [](std::uint64_t value) { return constant_text("", 0, value); };
    if (cell.values) {
      parts.push_back(values_text(place_name(place), *cell.values, largest, name));
      continue;
    }
    if (!cell.high.is_all()) {
      parts.push_back(
          values_text("the upper half of " + place_name(place), values_of(cell.high), proof::largest_word, plain));
    }
    if (cell.low.is_all()) continue;
    const auto flags = flags_condition(call, place, cell.low);
    parts.push_back(
        flags ? *flags
              : values_text("the lower half of " + place_name(place), values_of(cell.low), proof::largest_word, name));
  }
  for (const Literal& literal : row.others) parts.push_back(literal_text(literal, call));
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : " and ") + part;
  return text;
}

std::string Conditions::text(std::string_view call) const {
  constexpr std::size_t most = 12;
  std::string text;
  const std::size_t shown = std::min(rows_.size(), most);
  for (std::size_t i = 0; i < shown; ++i) text += (i == 0 ? "" : "; or ") + row_text(rows_[i], call);
  return rows_.size() > most ? text + fmt::format("; or {} more alternatives", rows_.size() - most) : text;
}

}  // namespace callgate::cli
