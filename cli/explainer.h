// What a chain of filters decides, call by call.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/policy.h"

namespace callgate::cli {

// One decision of a call, and when it is made.
struct DecisionCase {
  std::string decision;
  std::string condition;  // empty: always, or otherwise
  std::string by;         // of several filters, the one that decides
  std::optional<std::uint32_t> result;
  std::optional<std::uint32_t> filter;
};

// The questions about a call as a graph: the first node is the first question.
struct DecisionGraph {
  struct Edge {
    std::string condition;
    std::size_t next;
  };
  struct GraphNode {
    std::string text;  // what is asked about, or the decision
    std::vector<Edge> edges;
  };
  std::vector<GraphNode> nodes;
};

// Calls of one architecture that are decided alike.
struct CallGroup {
  std::vector<DecisionCase> cases;  // the last one is for all calls that no other is for
  std::vector<std::string> names;
  proof::IntervalSet numbers;
  proof::IntervalSet nameless;
  std::size_t order = 0;  // length of the conditions
  DecisionGraph graph;    // if asked for
};

struct ExplainedDomain {
  std::string name;
  std::vector<CallGroup> groups;
};

struct Explained {
  std::vector<ExplainedDomain> domains;
  bool is_open = false;  // something is not decided
};

// Of the calls that are named or numbered, or of all if there are none. Graphs of more than a few hundred nodes are
// left out.
Explained explain_policy(const Policy& policy, const std::vector<std::string>& calls, bool with_graphs = false);

bool same_cases(const std::vector<DecisionCase>& a, const std::vector<DecisionCase>& b);
nlohmann::ordered_json explained_json(const std::vector<ExplainedDomain>& domains);

}  // namespace callgate::cli
