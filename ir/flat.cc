#include "ir/flat.h"

#include <map>

namespace callgate::ir {
namespace {

constexpr std::size_t max_code_index = 0xffff;  // FlatNode::lhs has 16 bits

// Writes expressions as postfix code, each once.
class Encoder {
 public:
  Encoder(const Graph& graph, std::vector<FlatOp>& ops) : graph_(graph), ops_(ops) {}

  // Where the code of an expression begins. The first expression that cannot be walked or named makes fits() false; the
  // indices are of no use then.
  std::uint16_t code_of(ExprId id) {
    if (graph_.expr_at(id).size > max_merged_expr_size) fits_ = false;
    if (!fits_) return 0;
    const auto [place, is_new] = at_.try_emplace(id, static_cast<std::uint32_t>(ops_.size()));
    if (is_new) {
      write(id);
      ops_.back().last = true;
    }
    if (ops_.size() > max_code_index) fits_ = false;
    return fits_ ? static_cast<std::uint16_t>(place->second) : std::uint16_t{0};
  }

  bool fits() const { return fits_; }

 private:
  // Recursion is bounded by the size of an expression.
  void write(ExprId id) {
    const Expr& e = graph_.expr_at(id);
    const int arity = info(e.op).arity;
    if (arity >= 1) write(e.lhs());
    if (arity == 2) write(e.rhs());
    ops_.push_back({e.op, false, e.op == Op::load ? e.offset() / 4 : e.op == Op::constant ? e.value() : 0});
  }

  const Graph& graph_;
  std::vector<FlatOp>& ops_;
  std::map<ExprId, std::uint32_t> at_;
  bool fits_ = true;
};

bool is_word_test(const Graph& graph, const Node& node) {
  return graph.expr_at(node.lhs()).op == Op::load && graph.is_constant(node.rhs()) && node.compare != Compare::greater;
}

FlatKind kind_of(Compare compare) {
  switch (compare) {
    case Compare::equal: return FlatKind::equal;
    case Compare::any_bit_set: return FlatKind::any_bit_set;
    case Compare::greater_equal: return FlatKind::at_least;
    case Compare::greater: break;  // LCOV_EXCL_LINE: is no test of a word
  }
  return FlatKind::compare;  // LCOV_EXCL_LINE: see above
}

}  // namespace

FlatGraph FlatGraph::make(const Graph& graph) {
  FlatGraph flat;
  Encoder encoder(graph, flat.ops_);
  flat.nodes_.reserve(graph.node_count());
  for (const NodeId id : graph.nodes()) {
    const Node& node = graph.node_at(id);
    FlatNode out{FlatKind::constant, node.compare, 0, 0, node.then, node.otherwise};
    if (node.kind == NodeKind::constant) {
      out.k = node.result();
    } else if (node.kind == NodeKind::computed) {
      out.kind = FlatKind::computed;
      out.lhs = encoder.code_of(node.computed());
    } else if (is_word_test(graph, node)) {
      out.kind = kind_of(node.compare);
      out.lhs = static_cast<std::uint16_t>(graph.expr_at(node.lhs()).offset() / 4);
      out.k = graph.constant_value(node.rhs());
    } else {
      out.kind = FlatKind::compare;
      out.lhs = encoder.code_of(node.lhs());
      out.k = encoder.code_of(node.rhs());
    }
    flat.nodes_.push_back(out);
    if (!encoder.fits()) return {};
  }
  return flat;
}

}  // namespace callgate::ir
