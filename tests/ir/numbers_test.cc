// What a graph decides by number and architecture alone: right for every number, whatever the arguments, and known
// wherever nothing else is asked on the way.
#include "ir/numbers.h"

#include <gtest/gtest.h>

#include <array>

#include "fuzz/generator/program_generator.h"
#include "ir/build.h"
#include "ir/evaluate.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

using Results = std::array<std::optional<std::uint32_t>, ir::number_count>;

constexpr std::uint32_t firsts[] = {0, 0x40000000, 100, 0xfffffe00};  // the last numbers there are
constexpr std::uint32_t arches[] = {arch::x86_64, arch::x86_32};

Results results_of(const ir::Graph& graph, std::uint32_t arch, std::uint32_t first) {
  Results results;
  results.fill(1);  // to be overwritten
  ir::results_by_number(graph, arch, first, results);
  return results;
}

// The same by asking the whole path: the outcome of a test or leaf is known if its expressions load nothing else.
class Walker {
 public:
  explicit Walker(const ir::Graph& graph) : graph_(graph), root_(graph.root), known_(graph.expr_count()) {
    for (ir::ExprId id = 0; id < graph.expr_count(); ++id) {
      const ir::Expr& e = graph.expr_at(id);
      const int arity = ir::info(e.op).arity;
      if (arity == 0) known_[id] = e.op == ir::Op::constant || e.lhs < 8;
      if (arity == 1) known_[id] = known_[e.lhs];
      if (arity == 2) known_[id] = known_[e.lhs] && known_[e.rhs];
    }
    yes_ = graph_.leaf(1);
    no_ = graph_.leaf(0);
  }

  std::optional<std::uint32_t> walk(const SeccompData& data) {
    for (ir::NodeId id = root_;;) {
      const ir::Node node = graph_.node_at(id);
      if (node.kind == ir::NodeKind::constant) return node.lhs;
      if (!known_[node.lhs]) return std::nullopt;
      if (node.kind == ir::NodeKind::computed) return evaluate_from(id, data);
      if (!known_[node.rhs]) return std::nullopt;
      const ir::NodeId alone = graph_.test(node.compare, node.lhs, node.rhs, yes_, no_);
      id = evaluate_from(alone, data) == 1 ? node.then : node.otherwise;
    }
  }

 private:
  std::uint32_t evaluate_from(ir::NodeId id, const SeccompData& data) {
    graph_.root = id;
    return ir::evaluate(graph_, data);
  }

  ir::Graph graph_;
  ir::NodeId root_;
  std::vector<bool> known_;  // by expression
  ir::NodeId yes_ = 0;
  ir::NodeId no_ = 0;
};

void expect_right(const ir::Graph& graph, std::uint32_t step) {
  Walker walker(graph);
  for (const std::uint32_t arch : arches) {
    for (const std::uint32_t first : firsts) {
      const Results results = results_of(graph, arch, first);
      for (std::uint32_t n = 0; n < ir::number_count; n += step) {
        const SeccompData data{first + n, arch, 0x123456789, {~0u, 2, 3, 4, 5, 6}};
        ASSERT_EQ(results[n], walker.walk(data)) << "arch " << arch << " number " << data.nr;
        if (results[n].has_value()) {
          ASSERT_EQ(*results[n], ir::evaluate(graph, data));
        }
      }
    }
  }
}

// Every compare with nr, with arch and with what is computed from them, at the edges of the numbers asked about.
TEST(Numbers, EveryCompareAtTheEdges) {
  for (const char* compare : {"jeq", "jgt", "jge", "jset"}) {
    for (const char* value : {"ld [nr]\n", "ld [arch]\n", "ld [nr]\nadd #1\n", "ld [arch]\ntax\nld [nr]\nxor x\n"}) {
      for (const char* k : {"0", "1", "64", "99", "511", "512", "611", "0x3fffffff", "0x400001ff", "0x40000200",
                            "0xc000003e", "0xfffffe00", "0xffffffff"}) {
        SCOPED_TRACE(std::string(value) + compare + " " + k);
        const std::string text = std::string(value) + compare + " #" + k + ", l\nret #ALLOW\nl: ret #ERRNO(1)";
        ASSERT_NO_FATAL_FAILURE(expect_right(*ir::build(program(text)), 1));
      }
    }
  }
}

TEST(Numbers, RandomPrograms) {
  fuzz::ProgramGenerator generator(41);
  for (int i = 0; i < 300; ++i) {
    SCOPED_TRACE(i);
    const auto graph = ir::build(program(generator.valid(40)));
    if (!graph) continue;
    ASSERT_NO_FATAL_FAILURE(expect_right(*graph, 37));
  }
}

TEST(Numbers, DivisionByANumberThatIsZero) {
  const auto graph = ir::build(program("ld [nr]\ntax\nld #1000\ndiv x\nret a"));
  const Results results = results_of(*graph, arch::x86_64, 0);
  EXPECT_EQ(results[0], 0u);
  EXPECT_EQ(results[1], 1000u);
  EXPECT_EQ(results[300], 3u);
}

TEST(Numbers, WhatDependsOnArgumentsIsUnknown) {
  const auto graph =
      ir::build(program("ld [nr]\njeq #7, l\nret #ALLOW\n"
                        "l: ld [args[0].lo]\njeq #1, m\nret #LOG\nm: ret #TRAP"));
  const Results results = results_of(*graph, arch::x86_64, 0);
  for (std::uint32_t n = 0; n < ir::number_count; ++n) EXPECT_EQ(results[n].has_value(), n != 7);
}

}  // namespace
}  // namespace callgate::test
