// Sorting of what is mostly a few items.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace callgate::jit {

// As std::stable_sort(), which takes memory from the heap and gives it back even for two items.
template <class T, class Less>
void sort_stably(std::vector<T>& items, Less less) {
  constexpr std::size_t few = 16;
  if (items.size() > few) return std::stable_sort(items.begin(), items.end(), less);
  for (std::size_t i = 1; i < items.size(); ++i) {
    for (std::size_t at = i; at != 0 && less(items[at], items[at - 1]); --at) std::swap(items[at], items[at - 1]);
  }
}

}  // namespace callgate::jit
