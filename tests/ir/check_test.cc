// For each rule of the checker a graph that breaks it, and the message; and the nearest graph that does not.
#include "ir/check.h"

#include <gtest/gtest.h>

#include "callgate/action.hpp"
#include "tests/support/filter_graph.h"

namespace callgate::ir {
namespace {

constexpr NodeId nowhere{1000};
constexpr ExprId no_expr{1000};

// The message, or "" for a sound graph.
std::string broken(const compose::FilterGraph& graph) { return check(graph).value_or(""); }

// A sound graph that returns ALLOW, to which tests add what they want to have checked.
struct Sound {
  compose::FilterGraph graph;
  ExprId nr = graph.load(0);
  ExprId zero = graph.constant(0);
  NodeId allow = graph.leaf(action::allow);
  NodeId deny = graph.leaf(action::errno_ | 1);

  Sound() { graph.root = allow; }
  NodeId is_zero(ExprId value, NodeId then, NodeId otherwise) {
    return graph.test(Compare::equal, value, zero, then, otherwise);
  }
};

TEST(Check, ASoundGraph) {
  Sound s;
  s.graph.root = s.is_zero(s.nr, s.allow, s.deny);
  EXPECT_EQ(broken(s.graph), "");
}

TEST(Check, TheRootIsANode) {
  EXPECT_EQ(broken(compose::FilterGraph()), "the root is no node");
  Sound s;
  s.graph.root = NodeId{2};
  EXPECT_EQ(broken(s.graph), "the root is no node");
  s.graph.root = nowhere;
  EXPECT_EQ(broken(s.graph), "the root is no node");
}

TEST(Check, LoadsAreAlignedWordsOfTheInput) {
  for (const std::uint32_t offset : {64u, 68u, 1u, 2u, 62u, 0xfffffffcu}) {
    Sound s;
    s.graph.load(offset);
    EXPECT_EQ(broken(s.graph), "expression 2: load outside of the input") << offset;
  }
  for (std::uint32_t offset = 0; offset < 64; offset += 4) {
    Sound s;
    s.graph.load(offset);
    EXPECT_EQ(broken(s.graph), "") << offset;
  }
}

TEST(Check, SizesAreTrue) {
  Sound s;
  s.graph.expr(Op::constant, s.zero);  // made by the way of operations: counts as two nodes
  EXPECT_EQ(broken(s.graph), "expression 2: wrong size");
}

// A tree of `size` nodes, `size` odd.
ExprId tree(Graph& graph, std::uint32_t size) {
  ExprId id = graph.load(0);
  while (graph.expr_at(id).size < size) id = graph.expr(Op::add, id, graph.load(4));
  return id;
}

TEST(Check, SizesAreBounded) {
  for (const bool right : {false, true}) {
    Sound s;
    const ExprId large = tree(s.graph, 37);
    EXPECT_EQ(broken(s.graph), "") << "no node uses it";
    s.graph.root = s.graph.test(Compare::equal, right ? s.nr : large, right ? large : s.nr, s.allow, s.deny);
    EXPECT_EQ(broken(s.graph), "expression " + std::to_string(large.index()) + ": too large");
  }
  Sound s;
  s.graph.root = s.is_zero(s.graph.expr(Op::neg, tree(s.graph, 35)), s.allow, s.deny);
  EXPECT_EQ(broken(s.graph), "") << "36 nodes: the rank of an expression of 32";
}

TEST(Check, ExpressionsOfNodesExist) {
  for (const bool right : {false, true}) {
    Sound s;
    s.graph.root = s.graph.test(Compare::equal, right ? s.nr : no_expr, right ? no_expr : s.nr, s.allow, s.deny);
    EXPECT_EQ(broken(s.graph), "node 2: no such expression");
  }
  Sound s;
  s.graph.root = s.graph.computed_leaf(no_expr);
  EXPECT_EQ(broken(s.graph), "node 2: no such expression");
}

TEST(Check, SuccessorsComeBefore) {
  for (const NodeId later : {NodeId{2}, NodeId{3}, nowhere}) {
    for (const bool taken : {false, true}) {
      Sound s;
      s.graph.root = s.is_zero(s.nr, taken ? later : s.allow, taken ? s.allow : later);
      EXPECT_EQ(broken(s.graph), "node 2: successor does not come before it");
    }
  }
}

TEST(Check, ConstantLeavesAreNotAllowWithData) {
  Sound s;
  s.graph.leaf(action::allow | 1);
  EXPECT_EQ(broken(s.graph), "node 2: leaf goes on with data");
  Sound others;
  for (const std::uint32_t result : {0x7ffc0001u, 0x00000001u, 0x80000001u, 0xffffffffu}) others.graph.leaf(result);
  EXPECT_EQ(broken(others.graph), "");
}

struct Division : Sound {
  ExprId divisor = graph.load(16);
  ExprId quotient = graph.expr(Op::div, nr, divisor);
  NodeId user = graph.test(Compare::greater, quotient, zero, allow, deny);
};

constexpr const char* may_be_zero = ": divides by expression 2 which may be 0";

TEST(Check, ADivisionStandsBehindItsGuard) {
  Division s;
  s.graph.root = s.is_zero(s.divisor, s.deny, s.user);
  EXPECT_EQ(broken(s.graph), "");
  s.graph.root = s.is_zero(s.nr, s.deny, s.graph.root);
  EXPECT_EQ(broken(s.graph), "");
}

TEST(Check, ADivisionWithoutGuard) {
  Division s;
  s.graph.root = s.user;
  EXPECT_EQ(broken(s.graph), "node " + std::to_string(s.user.index()) + may_be_zero);
}

TEST(Check, ADivisionInsideAnExpressionOnTheRight) {
  Division s;
  s.graph.root = s.graph.test(Compare::equal, s.nr, s.graph.expr(Op::neg, s.quotient), s.allow, s.deny);
  EXPECT_EQ(broken(s.graph), "node " + std::to_string(s.graph.root.index()) + may_be_zero);
}

TEST(Check, ADivisionOnTheRightOfAnOperation) {
  Division s;
  s.graph.root = s.is_zero(s.graph.expr(Op::add, s.nr, s.quotient), s.allow, s.deny);
  EXPECT_EQ(broken(s.graph), "node " + std::to_string(s.graph.root.index()) + may_be_zero);
}

TEST(Check, ADivisionInAComputedLeaf) {
  Division s;
  const NodeId leaf = s.graph.computed_leaf(s.quotient);
  s.graph.root = leaf;
  EXPECT_EQ(broken(s.graph), "node " + std::to_string(leaf.index()) + may_be_zero);
}

TEST(Check, ADivisionOnTheWrongSideOfItsGuard) {
  Division s;
  s.graph.root = s.is_zero(s.divisor, s.user, s.deny);
  EXPECT_EQ(broken(s.graph), "node " + std::to_string(s.user.index()) + may_be_zero);
}

TEST(Check, ADivisionThatAPathReachesPastItsGuard) {
  Division s;
  const NodeId guarded = s.is_zero(s.divisor, s.deny, s.user);
  s.graph.root = s.is_zero(s.nr, guarded, s.user);
  EXPECT_EQ(broken(s.graph), "node " + std::to_string(s.user.index()) + may_be_zero);
}

TEST(Check, AGuardOfAnotherKindIsNone) {
  Division s;
  const ExprId one = s.graph.constant(1);
  for (const NodeId guard : {s.graph.test(Compare::equal, s.nr, s.zero, s.deny, s.user),
                             s.graph.test(Compare::equal, s.divisor, one, s.deny, s.user),
                             s.graph.test(Compare::greater_equal, s.divisor, s.zero, s.deny, s.user),
                             s.graph.test(Compare::any_bit_set, s.divisor, s.zero, s.deny, s.user)}) {
    s.graph.root = guard;
    EXPECT_EQ(broken(s.graph), "node " + std::to_string(s.user.index()) + may_be_zero);
  }
}

TEST(Check, AConstantDivisorIsNotZero) {
  Sound s;
  s.graph.root = s.is_zero(s.graph.expr(Op::div, s.nr, s.graph.constant(3)), s.allow, s.deny);
  EXPECT_EQ(broken(s.graph), "");
  s.graph.root = s.is_zero(s.graph.expr(Op::div, s.nr, s.zero), s.allow, s.deny);
  EXPECT_EQ(broken(s.graph),
            "node " + std::to_string(s.graph.root.index()) + ": divides by expression 1 which may be 0");
}

struct Computed : Sound {
  ExprId value = graph.load(24);
  ExprId action = graph.expr(Op::and_, value, graph.constant(action_mask));
  ExprId allow_action = graph.constant(action::allow);
  NodeId leaf = graph.computed_leaf(value);
  std::string message = "node " + std::to_string(leaf.index()) + ": computed leaf may go on";
};

TEST(Check, AComputedLeafStandsBehindItsTest) {
  Computed s;
  s.graph.root = s.graph.test(Compare::equal, s.action, s.allow_action, s.allow, s.leaf);
  EXPECT_EQ(broken(s.graph), "");
  s.graph.root = s.is_zero(s.nr, s.graph.root, s.deny);
  EXPECT_EQ(broken(s.graph), "");
}

TEST(Check, AComputedLeafMayBeAllow) {
  Computed s;
  s.graph.root = s.leaf;
  EXPECT_EQ(broken(s.graph), s.message);
  s.graph.root = s.is_zero(s.nr, s.allow, s.leaf);
  EXPECT_EQ(broken(s.graph), s.message);
}

TEST(Check, AComputedLeafThatAPathReachesPastItsTest) {
  Computed s;
  const NodeId tested = s.graph.test(Compare::equal, s.action, s.allow_action, s.allow, s.leaf);
  s.graph.root = s.is_zero(s.nr, s.leaf, tested);
  EXPECT_EQ(broken(s.graph), s.message);
}

TEST(Check, ATestOfSomethingElseDoesNotGuardAComputedLeaf) {
  Computed s;
  const ExprId other = s.graph.expr(Op::and_, s.nr, s.graph.constant(action_mask));
  const ExprId part = s.graph.expr(Op::and_, s.value, s.graph.constant(0x7fff0000));
  for (const NodeId test : {s.graph.test(Compare::equal, other, s.allow_action, s.allow, s.leaf),
                            s.graph.test(Compare::equal, part, s.allow_action, s.allow, s.leaf),
                            s.graph.test(Compare::equal, s.value, s.allow_action, s.allow, s.leaf),
                            s.graph.test(Compare::equal, s.action, s.zero, s.allow, s.leaf),
                            s.graph.test(Compare::greater, s.action, s.allow_action, s.allow, s.leaf),
                            s.graph.test(Compare::equal, s.action, s.allow_action, s.leaf, s.allow)}) {
    s.graph.root = test;
    EXPECT_EQ(broken(s.graph), s.message) << test.index();
  }
}

// The shapes that the folding constructors give to guards.
TEST(Check, AGuardOfAMaskedDivisorIsATestOfBits) {
  Sound s;
  const ExprId x = s.graph.load(16);
  const ExprId mask = s.graph.constant(0x70);
  const ExprId quotient = s.graph.expr(Op::div, s.nr, s.graph.expr(Op::and_, x, mask));
  const NodeId user = s.graph.test(Compare::greater, quotient, s.zero, s.allow, s.deny);
  s.graph.root = s.graph.test(Compare::any_bit_set, x, mask, user, s.deny);
  EXPECT_EQ(broken(s.graph), "");
  s.graph.root = s.graph.test(Compare::any_bit_set, x, mask, s.deny, user);
  EXPECT_NE(broken(s.graph), "") << "the wrong side";
  s.graph.root = s.graph.test(Compare::any_bit_set, x, s.graph.constant(0xf0), user, s.deny);
  EXPECT_NE(broken(s.graph), "") << "another mask";
}

TEST(Check, AComputedLeafWithAMask) {
  Sound s;
  const ExprId x = s.graph.load(16);
  const auto leaf = [&](std::uint32_t mask) {
    return s.graph.computed_leaf(s.graph.expr(Op::and_, x, s.graph.constant(mask)));
  };
  s.graph.root = leaf(0xffff);
  EXPECT_EQ(broken(s.graph), "") << "ALLOW does not fit the mask";
  s.graph.root = leaf(0xfffeffff);
  EXPECT_EQ(broken(s.graph), "");
  const NodeId wide = leaf(0x7fff00ff);
  s.graph.root = wide;
  EXPECT_NE(broken(s.graph), "") << "ALLOW fits it";
  const ExprId action = s.graph.expr(Op::and_, x, s.graph.constant(0x7fff0000));
  s.graph.root = s.graph.test(Compare::equal, action, s.graph.constant(action::allow), s.allow, wide);
  EXPECT_EQ(broken(s.graph), "") << "and is tested with it";
}

// Facts may have settled guards; all other rules hold.
TEST(Check, GuardsByFacts) {
  Division division;
  division.graph.root = division.user;
  EXPECT_EQ(check(division.graph, Guards::by_facts), std::nullopt);
  Computed computed;
  computed.graph.root = computed.leaf;
  EXPECT_EQ(check(computed.graph, Guards::by_facts), std::nullopt);
  computed.graph.leaf(action::allow | 1);
  EXPECT_NE(check(computed.graph, Guards::by_facts), std::nullopt);
}

}  // namespace
}  // namespace callgate::ir
