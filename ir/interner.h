// Hash consing: equal items get the same number, and numbers count up in the order of first appearance.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "ir/id.h"

namespace callgate::ir {

// T has operator== and std::uint32_t hash() const. Numbers stay valid forever; references only until the next
// intern(). Iteration and numbering never depend on addresses, so that two runs give the same result.
template <class T, class Number = std::uint32_t, class Items = std::vector<T>>
class Interner {
 public:
  Number intern(const T& item) {
    if (items_.size() * 2 >= slots_.size()) grow();
    std::uint32_t& slot = slots_[place_of(item)];
    if (slot == empty) {
      slot = static_cast<std::uint32_t>(items_.size());
      items_.push_back(item);
    }
    return Number{slot};
  }

  // The number of an item that is there. Not between assign() and the next intern().
  std::optional<Number> find(const T& item) const {
    if (slots_.empty()) return std::nullopt;
    const std::uint32_t slot = slots_[place_of(item)];
    return slot == empty ? std::nullopt : std::optional(Number{slot});
  }

  // Makes room for `more` items in one go, and has the index of `indexed` of them ready.
  void reserve(std::size_t indexed, std::size_t more) {
    const std::size_t wanted = std::bit_ceil(2 * (items_.size() + indexed) + 2);
    if (wanted > slots_.size()) resize(wanted);
    items_.reserve(items_.size() + more);
  }

  // Gives back what is not needed until the next intern().
  void shrink() {
    items_.shrink_to_fit();
    slots_ = std::vector<std::uint32_t>();  // {} would keep the memory
  }

  // Replaces all items; no two of the new ones are equal. They take no more memory than themselves until the next
  // intern().
  void assign(Items items) {
    items_ = std::move(items);
    slots_ = std::vector<std::uint32_t>();  // {} would keep the memory
  }

  const T& operator[](Number id) const { return items_[index_of(id)]; }
  std::uint32_t size() const { return static_cast<std::uint32_t>(items_.size()); }

 private:
  static constexpr std::uint32_t empty = 0xffffffff;

  std::size_t place_of(const T& item) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t i = item.hash() & mask;
    while (slots_[i] != empty && !(items_[slots_[i]] == item)) i = (i + 1) & mask;
    return i;
  }

  // Large tables by two, so that they stay small: their pages are touched as a whole.
  void grow() {
    const std::size_t wanted = (items_.size() < 1024 ? 4 : 2) * items_.size() + 2;
    resize(std::max(std::size_t{64}, std::bit_ceil(wanted)));
  }

  // The items differ from each other, so they need not be compared.
  void resize(std::size_t slots) {
    slots_.assign(slots, empty);
    for (std::uint32_t id = 0; id < size(); ++id) {
      std::size_t i = items_[id].hash() & (slots - 1);
      while (slots_[i] != empty) i = (i + 1) & (slots - 1);
      slots_[i] = id;
    }
  }

  Items items_;
  std::vector<std::uint32_t> slots_;  // a power of two of them
};

// Mixes three words into one whose low bits depend on all of them.
constexpr std::uint32_t mix(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
  std::uint64_t h = (std::uint64_t{a} << 32 | b) * 0x9e3779b97f4a7c15u;
  h = (h ^ (h >> 29) ^ c) * 0xbf58476d1ce4e5b9u;
  return static_cast<std::uint32_t>(h >> 32);
}

}  // namespace callgate::ir
