// What somebody may have meant who wrote a word that nobody knows.
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string_view>
#include <vector>

#include "bpf/text.h"

namespace callgate::bpf {

// Insertions, deletions, replacements and exchanges of neighbours that lead from `a` to `b`, whatever their case
// (optimal string alignment distance). Time and memory are the product of the lengths.
inline std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before.swap(last);
    last.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto same = [&](std::size_t x, std::size_t y) { return lower(a[x]) == lower(b[y]); };
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same(i - 1, j - 1) ? 0u : 1u)});
      if (i > 1 && j > 1 && same(i - 1, j - 2) && same(i - 2, j - 1)) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

// The word of `list` that resembles `word` most, the first of several; empty if more than a third of it would have to
// change. `text_of(element)` is the word of an element.
template <class List, class TextOf>
std::string_view nearest(std::string_view word, const List& list, TextOf text_of) {
  constexpr std::size_t longest = 64;
  std::string_view best;
  if (word.empty() || word.size() > longest) return best;
  std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const auto& element : list) {
    const std::string_view text = text_of(element);
    const std::size_t distance = edit_distance(word, text);
    if (distance >= least || distance >= text.size()) continue;
    least = distance;
    best = text;
  }
  return best;
}

template <class List>
std::string_view nearest(std::string_view word, const List& list) {
  return nearest(word, list, [](std::string_view text) { return text; });
}

}  // namespace callgate::bpf
