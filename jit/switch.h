// What the code of decisions looks like before it is code: choices. All tests of one value that follow each other, in
// whatever shape and order the filter had them, are one choice among ranges of that value; on a 64-bit target tests of
// both halves of an argument become a choice among ranges of the whole argument. Equal choices are one, so calls with the
// same remaining checks share code.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ir/graph.h"

namespace callgate::jit {

using SwitchId = std::uint32_t;

enum class SwitchKind : std::uint8_t {
  constant,  // a result: `value`
  computed,  // a result: the expression of node `value`
  bits,      // whether expression `value` has a bit of `mask` set: then, otherwise
  ranges,    // by the range in which `value` lies: an expression, or (wide) the 64-bit word at this byte offset
  test,      // node `value`, which compares two expressions: then, otherwise
};

// From `start` up to the next range of the same choice. The first range of a choice starts at 0.
struct Range {
  std::uint64_t start;
  SwitchId target;

  bool operator==(const Range&) const = default;
};

struct Switch {
  SwitchKind kind;
  bool wide = false;
  std::uint32_t value = 0;
  std::uint32_t mask = 0;
  SwitchId then = 0;
  SwitchId otherwise = 0;
  std::uint32_t first_range = 0;
  std::uint32_t range_count = 0;
  ir::Source source = {};  // not part of identity
};

// What a target can do with the input, and where it finds it.
struct SwitchTarget {
  bool has_64_bits = false;
  bool halves_adjoin = true;  // the low and the high half of an argument are one 64-bit word in memory
};

class Switches {
 public:
  const Switch& operator[](SwitchId id) const { return choices_[id]; }
  std::uint32_t size() const { return static_cast<std::uint32_t>(choices_.size()); }
  std::span<const Range> ranges(const Switch& choice) const {
    return std::span(ranges_).subspan(choice.first_range, choice.range_count);
  }

  // The choice that is equal, or a new one. Targets have smaller numbers than what leads to them.
  SwitchId intern(Switch choice, std::span<const Range> ranges = {});

 private:
  bool equal(const Switch& a, const Switch& b, std::span<const Range> b_ranges) const;
  void grow();

  std::vector<Switch> choices_;
  std::vector<Range> ranges_;
  std::vector<std::uint32_t> hashes_;
  std::vector<std::uint32_t> slots_;
};

// The choices that the roots come to, by index of root. Takes time in proportion to the graph. May throw std::bad_alloc.
std::vector<SwitchId> make_switches(const ir::Graph& graph, std::span<const ir::NodeId> roots, const SwitchTarget& target,
                                   Switches& choices);

}  // namespace callgate::jit
