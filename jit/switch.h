// The switches of a graph. All tests of one value that follow each other, in whatever shape and order the filter had
// them, are one switch over ranges of that value; where the target has 64-bit operations, tests of both halves of a
// 64-bit value become one switch over ranges of the whole. Equal switches are one (hash consing), so calls with the
// same remaining tests share code.
//
// Recovering a switch from a chain of comparisons is a usual step of compilers (SimplifyCFG in LLVM, if-to-switch in
// GCC). Here every comparison with a constant becomes part of one, and all code of graphs is made from switches.
//
// Example (tests/golden/ir/compare_64_bits.bpf, args[0] > 0x100000002 in halves):
//
//   n4: if args[0].hi >= 2 then n1 else n3          s3: args[0]  0 …            -> s0
//   n3: if args[0].hi == 1 then n2 else n0    ==>                0x100000003 …  -> s1
//   n2: if args[0].lo >= 3 then n1 else n0          s1: return 0x50016
//   n1: return 0x50016                              s0: return 0x7fff0000
//   n0: return 0x7fff0000
//
// On the way: the low half becomes s2 (0 … -> s0, 3 … -> s1), the high half 0 … -> s0, 1 … -> s2, 2 … -> s1; since s2
// is reached for one value of the high half only, its ranges can be put in the place of that value. The code is in
// tests/golden/jit/compare_64_bits.lst.
#pragma once

#include <cassert>
#include <cstdint>
#include <span>
#include <vector>

#include "ir/graph.h"
#include "ir/input_schema.h"

namespace callgate::jit {

using SwitchId = ir::Id<struct SwitchTag>;
inline constexpr SwitchId no_switch{0xffffffff};

enum class SwitchKind : std::uint8_t {
  constant,     // a leaf: result()
  computed,     // a leaf: the result is the value of the computed leaf node()
  bits,         // whether expr() has a bit of `mask` set: then, otherwise
  ranges,       // by the range in which expr() lies
  wide_ranges,  // by the range in which the 64-bit word at offset() lies
  test,         // the test node(), which compares two expressions: then, otherwise
};

// From `start` up to the next range of the same switch. The first range of a switch starts at 0.
struct Range {
  std::uint64_t start;
  SwitchId target;

  bool operator==(const Range&) const = default;
};

// Immutable once it is interned. Fields that its kind does not use are 0.
class Switch {
 public:
  static Switch constant(std::uint32_t result) { return Switch(SwitchKind::constant, result, {}); }
  static Switch computed(ir::NodeId leaf, ir::Source source) {
    return Switch(SwitchKind::computed, leaf.index(), source);
  }
  static Switch bits(ir::ExprId expr, std::uint32_t mask, SwitchId then, SwitchId otherwise, ir::Source source) {
    return Switch(SwitchKind::bits, expr.index(), source, mask, then, otherwise);
  }
  static Switch ranges(ir::ExprId expr, ir::Source source) { return Switch(SwitchKind::ranges, expr.index(), source); }
  static Switch wide_ranges(std::uint32_t offset, ir::Source source) {
    return Switch(SwitchKind::wide_ranges, offset, source);
  }
  static Switch test(ir::NodeId test, SwitchId then, SwitchId otherwise, ir::Source source) {
    return Switch(SwitchKind::test, test.index(), source, 0, then, otherwise);
  }

  SwitchKind kind() const { return kind_; }
  bool is_leaf() const { return kind_ == SwitchKind::constant || kind_ == SwitchKind::computed; }
  bool has_ranges() const { return kind_ == SwitchKind::ranges || is_wide(); }
  bool is_wide() const { return kind_ == SwitchKind::wide_ranges; }

  std::uint32_t result() const {
    assert(kind_ == SwitchKind::constant);
    return operand_;
  }
  ir::NodeId node() const {
    assert(kind_ == SwitchKind::computed || kind_ == SwitchKind::test);
    return ir::NodeId{operand_};
  }
  ir::ExprId expr() const {
    assert(kind_ == SwitchKind::bits || kind_ == SwitchKind::ranges);
    return ir::ExprId{operand_};
  }
  std::uint32_t offset() const {  // in bytes from the start of the input
    assert(kind_ == SwitchKind::wide_ranges);
    return operand_;
  }
  std::uint32_t mask() const { return mask_; }
  SwitchId then() const { return then_; }
  SwitchId otherwise() const { return otherwise_; }
  ir::Source source() const { return source_; }  // not part of identity

 private:
  friend class Switches;

  Switch(SwitchKind kind, std::uint32_t operand, ir::Source source, std::uint32_t mask = 0, SwitchId then = {},
         SwitchId otherwise = {})
      : kind_(kind), operand_(operand), mask_(mask), then_(then), otherwise_(otherwise), source_(source) {}

  std::uint32_t hash(std::span<const Range> ranges) const;

  SwitchKind kind_;
  std::uint32_t operand_;
  std::uint32_t mask_;
  SwitchId then_;
  SwitchId otherwise_;
  std::uint32_t first_range_ = 0;
  std::uint32_t range_count_ = 0;
  ir::Source source_;
};

// The operations on the input that a target has.
struct SwitchTarget {
  bool has_64_bits = false;
  bool halves_adjoin = true;  // the low and the high half of a 64-bit value are one 64-bit word in memory
};

class Switches {
 public:
  const Switch& operator[](SwitchId id) const { return switches_[id]; }
  std::uint32_t size() const { return static_cast<std::uint32_t>(switches_.size()); }
  // Targets first.
  ir::IdRange<SwitchId> ids() const { return ir::IdRange<SwitchId>::upwards(0, size()); }
  // Ascending; no two neighbours have the same target.
  std::span<const Range> ranges(const Switch& of) const {
    return std::span(ranges_).subspan(of.first_range_, of.range_count_);
  }

  // Makes room for the switches of a graph of so many nodes.
  void reserve(std::size_t nodes) {
    switches_.reserve(nodes);
    hashes_.reserve(nodes);
    ranges_.reserve(4 * nodes);
  }
  std::size_t range_count() const { return ranges_.size(); }

  // The switch that is equal, or a new one. Targets have smaller numbers than the switches that lead to them.
  SwitchId intern(Switch item, std::span<const Range> ranges = {});

 private:
  bool equal(const Switch& a, const Switch& b, std::span<const Range> b_ranges) const;
  void grow();

  ir::IdMap<SwitchId, Switch> switches_;
  std::vector<Range> ranges_;
  std::vector<std::uint32_t> hashes_;
  std::vector<std::uint32_t> slots_;
};

// The switches of the roots, by index of root. Takes time in proportion to the graph. May throw std::bad_alloc.
std::vector<SwitchId> make_switches(const ir::Graph& graph, std::span<const ir::NodeId> roots,
                                    const SwitchTarget& target, Switches& switches);

}  // namespace callgate::jit
