// Tests of number and architecture, for all numbers of a domain at once.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "compose/call_class.h"
#include "compose/ir_names.h"
#include "compose/number_set.h"
#include "ir/graph.h"

namespace callgate::compose {

class NumberColumns {
 public:
  explicit NumberColumns(const Graph& graph) : graph_(graph) {}

  // The numbers for which a test holds that depends on nothing but number and architecture. A number whose expression
  // divides by 0 does not arrive at the test; whether it is in the set means nothing. May throw std::bad_alloc.
  NumberSet holds(const Node& test, const Domain& domain);

 private:
  using Column = std::array<std::uint32_t, numbers_per_domain>;

  void compute(ExprId id, const Domain& domain, std::size_t slot);
  void operate(Op op, Column& a, const Column& b);

  const Graph& graph_;
  std::vector<Column> columns_;  // values that are needed at the same time; attaching has no stack for them
};

}  // namespace callgate::compose
