// Typed numbers: the number of a node cannot be taken for that of an expression.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>

namespace callgate::ir {

// The number of a thing of kind Tag, which counts from 0. As large and as cheap as its index: trivial, so that arrays
// of ids are copied as memory is; `Id()` and `{}` are 0, and an id that is declared without either is not set, as an
// int.
template <class Tag>
class Id {
 public:
  Id() = default;
  constexpr explicit Id(std::uint32_t index) : index_(index) {}

  constexpr std::uint32_t index() const { return index_; }

  friend constexpr bool operator==(Id, Id) = default;
  friend constexpr auto operator<=>(Id, Id) = default;

 private:
  std::uint32_t index_;
};

using ExprId = Id<struct ExprTag>;  // of an expression of a graph
using NodeId = Id<struct NodeTag>;  // of a node of a graph

// The index of an id, or of what is an index already.
constexpr std::uint32_t index_of(std::uint32_t index) { return index; }
template <class Tag>
constexpr std::uint32_t index_of(Id<Tag> id) {
  return id.index();
}

// The ids first … end - 1, for loops: upwards, or downwards. None if `end` is not above `first`.
template <class Id>
class IdRange {
 public:
  class Iterator {
   public:
    constexpr Iterator(std::uint32_t index, std::uint32_t step) : index_(index), step_(step) {}
    constexpr Id operator*() const { return Id{index_}; }
    constexpr Iterator& operator++() {
      index_ += step_;
      return *this;
    }
    constexpr bool operator==(const Iterator&) const = default;

   private:
    std::uint32_t index_;
    std::uint32_t step_;  // 1, or all ones for -1
  };

  static constexpr IdRange upwards(std::uint32_t first, std::uint32_t end) {
    return {{first, 1}, {std::max(first, end), 1}};
  }
  static constexpr IdRange downwards(std::uint32_t first, std::uint32_t end) {
    return {{std::max(first, end) - 1, 0xffffffff}, {first - 1, 0xffffffff}};
  }

  constexpr Iterator begin() const { return begin_; }
  constexpr Iterator end() const { return end_; }

 private:
  constexpr IdRange(Iterator begin, Iterator end) : begin_(begin), end_(end) {}

  Iterator begin_;
  Iterator end_;
};

}  // namespace callgate::ir
