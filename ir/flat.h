// A decision graph laid out for being walked where there is no executable memory: arrays without hash tables, walked
// without allocation. Part of the path of evaluate().
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ir/graph.h"
#include "ir/walk.h"

namespace callgate::ir {

enum class FlatKind : std::uint8_t {
  constant,     // result `k`
  computed,     // result: the value of code `lhs`
  equal,        // word `lhs` of the input == k
  at_least,     // word `lhs` >= k
  any_bit_set,  // word `lhs` & k
  compare,      // the values of codes `lhs` and `k`, by `how`
};

struct FlatNode {
  FlatKind kind;
  Compare how;
  std::uint16_t lhs;
  std::uint32_t k;
  NodeId then;
  NodeId otherwise;
};

// An expression in postfix order.
struct FlatOp {
  Op op;
  bool last;
  std::uint32_t value;  // constant, or index of the word
};

class FlatGraph {
 public:
  // Nodes keep their numbers of the graph. Fails (is empty) if the graph has more code for expressions than the
  // encoding can name, or an expression of more than max_merged_expr_size nodes. May throw std::bad_alloc.
  static FlatGraph make(const Graph& graph);

  bool empty() const { return nodes_.empty(); }
  std::size_t node_count() const noexcept { return nodes_.size(); }
  std::size_t op_count() const noexcept { return ops_.size(); }

  // The arrays that walk() takes; valid as long as the graph is neither moved nor gone.
  const FlatNode* nodes() const noexcept { return nodes_.data(); }
  const FlatOp* ops() const noexcept { return ops_.data(); }

  // The result from `node` on. `input` is as in ir/evaluate.h.
  std::uint32_t evaluate(NodeId node, const void* input) const noexcept { return walk(nodes(), ops(), node, input); }

 private:
  std::vector<FlatNode> nodes_;
  std::vector<FlatOp> ops_;
};

}  // namespace callgate::ir
