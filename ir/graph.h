// The decision graph: the decisions of one filter, or of a whole chain, as a loop-free graph of tests that ends in
// leaves. It is a binary decision diagram whose tests are comparisons, in no fixed order.
//
// Nodes and expressions are hash-consed and immutable. A node's successors always have smaller numbers than the node,
// so every walk is a loop over numbers: upwards it meets successors first, downwards predecessors first. No function
// recurses over nodes, because chains are attached on small stacks.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>

#include "ir/id.h"
#include "ir/id_map.h"
#include "ir/input_schema.h"
#include "ir/interner.h"

namespace callgate::ir {

enum class Op : std::uint8_t {
#define CALLGATE_IR_OP(identifier, symbol, arity) identifier,
#include "ir/opcodes.inc"
#undef CALLGATE_IR_OP
};

struct OpInfo {
  const char* symbol;
  int arity;
};
const OpInfo& info(Op op);

// The value of a binary or unary operation on constants, exactly as a filter computes it. rhs is ignored by neg.
// Must not be asked to divide by 0.
inline std::uint32_t evaluate_op(Op op, std::uint32_t lhs, std::uint32_t rhs) {
  switch (op) {
    case Op::neg: return 0 - lhs;
    case Op::add: return lhs + rhs;
    case Op::sub: return lhs - rhs;
    case Op::mul: return lhs * rhs;
    case Op::div: return lhs / rhs;  // NOLINT(clang-analyzer-core.DivideZero): nobody asks
    case Op::or_: return lhs | rhs;
    case Op::and_: return lhs & rhs;
    case Op::xor_: return lhs ^ rhs;
    case Op::lsh: return lhs << (rhs & 31);
    case Op::rsh: return lhs >> (rhs & 31);
    case Op::constant:     // LCOV_EXCL_LINE: no caller applies an operand
    case Op::load: break;  // LCOV_EXCL_LINE: no caller applies an operand
  }
  assert(false && "constant and load are no operations");  // LCOV_EXCL_LINE: see above
  return 0;                                                // LCOV_EXCL_LINE: see above
}

// A set of the values that a subgraph tests, as a Bloom filter of 64 bits with one hash function (Bloom 1970): bit 0
// stands for every value that depends on a word which decides the class of the input (InputSchema::class_words), the
// other bits for the values that hash to them. It may contain a value that is not tested, but it never misses one that
// is.
using Support = std::uint64_t;
inline constexpr Support class_support = 1;

// An expression is a pure function of the input. Trees are kept small (max_expr_size), because an expression is
// computed again at every test of it.
class Expr {
 public:
  // The number is the value of a constant, and the byte offset into the input of a load.
  static Expr constant(std::uint32_t value) { return Expr(Op::constant, 0, 1, value, 0); }
  static Expr load(std::uint32_t offset, std::uint16_t words) { return Expr(Op::load, words, 1, offset, 0); }
  static Expr operation(Op op, std::uint16_t words, std::uint32_t size, ExprId lhs, ExprId rhs = {}) {
    return Expr(op, words, size, lhs.index(), rhs.index());
  }

  Op op;
  std::uint16_t words;  // the words of the input that it depends on, one bit each; not part of identity
  std::uint32_t size;   // nodes of the tree; not part of identity
  Support support = 0;  // its own bit as a value, and class_support if it depends on the class; not part of identity

  std::uint32_t value() const {
    assert(op == Op::constant);
    return first_;
  }
  std::uint32_t offset() const {
    assert(op == Op::load);
    return first_;
  }
  // The operands of an operation. What has one alone has lhs().
  ExprId lhs() const {
    assert(info(op).arity >= 1);
    return ExprId{first_};
  }
  ExprId rhs() const {
    assert(info(op).arity == 2);
    return ExprId{second_};
  }

  // The same expression where its operands have other numbers.
  Expr renumbered(const IdMap<ExprId, ExprId>& exprs) const {
    Expr expr = *this;
    if (info(op).arity >= 1) expr.first_ = exprs[lhs()].index();
    if (info(op).arity == 2) expr.second_ = exprs[rhs()].index();
    return expr;
  }

  bool operator==(const Expr& other) const {
    return op == other.op && first_ == other.first_ && second_ == other.second_;
  }
  std::uint32_t hash() const { return mix(static_cast<std::uint32_t>(op), first_, second_); }

 private:
  Expr(Op op_, std::uint16_t words_, std::uint32_t size_, std::uint32_t first, std::uint32_t second)
      : op(op_), words(words_), size(size_), first_(first), second_(second) {}

  std::uint32_t first_;
  std::uint32_t second_;  // 0 where there is none
};
inline constexpr std::uint32_t max_expr_size = 32;
// Merging the results of filters puts at most two operations, each with a constant, around the expression of a result
// (the precedence of its action).
inline constexpr std::uint32_t max_merged_expr_size = max_expr_size + 4;

// How a test compares its two sides. Unsigned, as all comparisons of classic BPF.
enum class Compare : std::uint8_t { equal, greater, greater_equal, any_bit_set };

inline bool holds(Compare compare, std::uint32_t lhs, std::uint32_t rhs) {
  switch (compare) {
    case Compare::equal: return lhs == rhs;
    case Compare::greater: return lhs > rhs;
    case Compare::greater_equal: return lhs >= rhs;
    case Compare::any_bit_set: return (lhs & rhs) != 0;
  }
  return false;  // LCOV_EXCL_LINE: every value has its case above
}
const char* symbol(Compare compare);  // "==", ">", ">=", "&"

enum class NodeKind : std::uint8_t {
  test,      // continues at `then` if its condition holds, else at `otherwise`
  constant,  // a leaf: the result is result()
  computed,  // a leaf: the result is the value of the expression computed()
};

// Where a node comes from, for dumps: the first instruction that it was made for.
struct Source {
  std::uint32_t filter = 0;  // counted from the chain's oldest, which is 0
  std::uint32_t pc = 0;
};

class Node {
 public:
  static Node constant(std::uint32_t result, Source source) {
    return Node(NodeKind::constant, {}, result, {}, {}, {}, source);
  }
  static Node computed(ExprId value, Source source) {
    return Node(NodeKind::computed, {}, value.index(), {}, {}, {}, source);
  }
  static Node test(Compare compare, ExprId lhs, ExprId rhs, NodeId then, NodeId otherwise, Source source) {
    return Node(NodeKind::test, compare, lhs.index(), rhs, then, otherwise, source);
  }

  NodeKind kind;
  Compare compare;  // of a test, as the next two
  NodeId then;
  NodeId otherwise;
  Source source;  // not part of identity

  // The two sides of a test.
  ExprId lhs() const {
    assert(kind == NodeKind::test);
    return ExprId{first_};
  }
  ExprId rhs() const {
    assert(kind == NodeKind::test);
    return second_;
  }
  // The same node where what it refers to has other numbers.
  Node renumbered(const IdMap<NodeId, NodeId>& nodes, const IdMap<ExprId, ExprId>& exprs) const {
    Node node = *this;
    if (kind == NodeKind::test) {
      node.second_ = exprs[second_];
      node.then = nodes[then];
      node.otherwise = nodes[otherwise];
    }
    if (kind != NodeKind::constant) node.first_ = exprs[ExprId{first_}].index();
    return node;
  }
  // Of a constant leaf its result, of a computed leaf the expression of its result.
  std::uint32_t result() const {
    assert(kind == NodeKind::constant);
    return first_;
  }
  ExprId computed() const {
    assert(kind == NodeKind::computed);
    return ExprId{first_};
  }

  bool operator==(const Node& other) const {
    return kind == other.kind && compare == other.compare && first_ == other.first_ && second_ == other.second_ &&
           then == other.then && otherwise == other.otherwise;
  }
  std::uint32_t hash() const {
    return mix(
        mix(static_cast<std::uint32_t>(kind) << 8 | static_cast<std::uint32_t>(compare), first_, second_.index()),
        then.index(), otherwise.index());
  }

 private:
  Node(NodeKind kind_, Compare compare_, std::uint32_t first, ExprId second, NodeId then_, NodeId otherwise_,
       Source source_)
      : kind(kind_),
        compare(compare_),
        then(then_),
        otherwise(otherwise_),
        source(source_),
        first_(first),
        second_(second) {}

  std::uint32_t first_;
  ExprId second_;
};

// Roots are no part of a graph: it may have several, and its user keeps them.
class Graph {
 public:
  explicit Graph(const InputSchema& input) : input_(input) {}

  // The loads that the graph may contain, and the words that class_support stands for.
  const InputSchema& input() const { return input_; }

  ExprId constant(std::uint32_t value) { return exprs_.intern(Expr::constant(value)); }
  ExprId load(std::uint32_t offset) {
    return add(Expr::load(offset, static_cast<std::uint16_t>(1u << offset / 4 % max_input_words)));
  }
  ExprId expr(Op op, ExprId lhs, ExprId rhs = {});

  // A node that is there already keeps the source that it was made with.
  NodeId leaf(std::uint32_t result, Source source = {}) { return add(Node::constant(result, source)); }
  NodeId computed_leaf(ExprId value, Source source = {}) { return add(Node::computed(value, source)); }
  NodeId test(Compare compare, ExprId lhs, ExprId rhs, NodeId then, NodeId otherwise, Source source = {}) {
    return add(Node::test(compare, lhs, rhs, then, otherwise, source));
  }

  const Expr& expr_at(ExprId id) const { return exprs_[id]; }
  const Node& node_at(NodeId id) const { return nodes_[id]; }
  std::uint32_t expr_count() const { return exprs_.size(); }
  std::uint32_t node_count() const { return nodes_.size(); }

  // Their numbers: upwards operands and successors come first, downwards users and predecessors.
  IdRange<ExprId> exprs() const { return IdRange<ExprId>::upwards(0, expr_count()); }
  IdRange<ExprId> exprs_downwards() const { return IdRange<ExprId>::downwards(0, expr_count()); }
  IdRange<NodeId> nodes() const { return IdRange<NodeId>::upwards(0, node_count()); }
  IdRange<NodeId> nodes_downwards() const { return IdRange<NodeId>::downwards(0, node_count()); }

  bool is_constant(ExprId id) const { return exprs_[id].op == Op::constant; }
  std::uint32_t constant_value(ExprId id) const { return exprs_[id].value(); }

  // Makes room for so many more, and for as many nodes again that are made of them: room costs nothing until it is
  // used, and copies of what outgrows it do.
  void reserve(std::size_t nodes, std::size_t exprs) {
    exprs_.reserve(exprs, exprs);
    nodes_.reserve(nodes, 2 * nodes);
    below_.reserve(below_.size() + 2 * nodes);
  }

  // Gives back the memory that is not needed as long as nothing is added.
  void shrink() {
    exprs_.shrink();
    nodes_.shrink();
    below_.shrink_to_fit();
  }

  // Drops all that is not marked and numbers the rest anew, in the same order. What is marked refers to nothing else.
  // Returns the new numbers of the nodes that are left.
  IdMap<NodeId, NodeId> keep_only(const IdMap<NodeId, bool>& nodes, const IdMap<ExprId, bool>& exprs);

  // The values that the tests at and below the node depend on; of a computed leaf only whether it depends on the class.
  Support support_below(NodeId id) const { return below_[id]; }

 private:
  ExprId add(Expr expr);
  NodeId add(const Node& node);
  Expr with_support(Expr expr) const;
  Support support_of(const Node& node) const;
  bool refers_to_what_exists(const Node& node) const;

  InputSchema input_;
  Interner<Expr, ExprId> exprs_;
  Interner<Node, NodeId> nodes_;
  IdMap<NodeId, Support> below_;  // by node: its support_below()
};

// The value that the outcome of a test of `lhs` is a fact about: x if the test is (x & constant) == k, else `lhs`.
ExprId subject_of(const Graph& graph, Compare compare, ExprId lhs);

}  // namespace callgate::ir
