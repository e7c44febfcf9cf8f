// Conditions on the arguments of a call, in words.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proof/walk.h"

namespace callgate::cli {

// Values of 64 bits: first and last of each interval, in rising order.
using Values = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

// Alternatives, of which each is a list of conditions that hold together.
class Conditions {
 public:
  // The paths' conditions on arguments and instruction pointer; those on number and architecture are left out. Halves
  // of an argument are put together, and alternatives where they differ in one argument only.
  Conditions(const proof::Terms& terms, std::span<const proof::Path> paths);

  bool are_always() const;  // whether they hold for every call
  std::size_t alternatives() const { return rows_.size(); }

  // "arg0 & (CLONE_NEWNS|CLONE_NEWUSER) = 0 and arg1 is 3; or arg2 > 0x100". `call` is for the names of constants, and
  // may be empty.
  std::string text(std::string_view call) const;

  // "arg0.lo", "arg1.lo & 0x3": what a condition may be about.
  std::string term_text(proof::TermId id) const { return term_text(id, 4); }

 private:
  static constexpr std::size_t places = 7;  // six arguments and the instruction pointer

  // What may stand in one place.
  struct Cell {
    proof::IntervalSet high = proof::IntervalSet::all();
    proof::IntervalSet low = proof::IntervalSet::all();
    std::optional<Values> values;  // the same, where it is intervals of 64 bits; empty: high and low count

    bool is_all() const;
    friend bool operator==(const Cell&, const Cell&) = default;
  };
  struct Row {
    std::array<Cell, places> cells;
    std::vector<proof::Literal> others;  // about terms that are no whole words
  };

  Row row_of(const proof::Path& path) const;
  void merge();
  bool merge_two(Row& into, const Row& row) const;
  std::string row_text(const Row& row, std::string_view call) const;
  std::string term_text(proof::TermId id, int depth) const;
  std::string literal_text(const proof::Literal& literal, std::string_view call) const;

  const proof::Terms& terms_;
  std::vector<Row> rows_;
};

}  // namespace callgate::cli
