#include "cli/explainer.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "bpf/quote.h"
#include "bpf/text.h"
#include "calls/architecture.h"
#include "cli/conditions.h"
#include "cli/decision_text.h"

namespace callgate::cli {
namespace {

using proof::IntervalSet;
using proof::Path;

constexpr std::size_t most_paths_of_a_part = 400;

class Explainer {
 public:
  Explainer(const Policy& policy, const std::vector<std::string>& calls, bool with_graphs)
      : calls_(calls), with_graphs_(with_graphs), policy_(policy), walk_(policy.chain(), proof::Budget{}) {}

  std::vector<ExplainedDomain> run() {
    std::vector<ExplainedDomain> result;
    for (const Domain& domain : domains_of(walk_)) {
      ExplainedDomain explained{domain.name, {}};
      const auto wanted = wanted_numbers(domain);
      for (DomainPart part : parts_in(walk_, domain)) {
        part.numbers = part.numbers & wanted;
        if (!part.numbers.empty()) add_part(explained, domain, part);
      }
      if (explained.groups.empty()) continue;
      std::ranges::stable_sort(explained.groups, {}, [](const CallGroup& g) { return g.order; });
      result.push_back(std::move(explained));
    }
    return result;
  }

  bool is_open() const { return is_open_; }

 private:
  // The calls that are asked about, or all.
  IntervalSet wanted_numbers(const Domain& domain) const {
    if (calls_.empty()) return IntervalSet::all();
    IntervalSet wanted;
    for (const std::string& call : calls_) {
      if (bpf::is_digit(call.front())) {
        std::uint32_t nr = 0;
        if (!calls::read_nr(call, {domain.arches.min(), domain.name == "x32"}, nr))
          wanted = wanted | IntervalSet::of(nr);
      }
      for (const auto& [nr, name] : domain.names) {
        if (name == call) wanted = wanted | IntervalSet::of(nr);
      }
    }
    return wanted;
  }

  void add_part(ExplainedDomain& explained, const Domain& domain, const DomainPart& part) {
    std::vector<Path> paths;
    const bool all = walk_.paths(*part.part, most_paths_of_a_part, paths, [](proof::DiagramId) { return true; });
    IntervalSet nameless = part.numbers;
    for (const auto& [nr, name] : domain.names) {
      if (!part.numbers.contains(nr)) continue;
      nameless = nameless & IntervalSet::of(nr).complement();
      add(explained, part, cases_of(paths, all, name), name, IntervalSet::of(nr));
    }
    if (!nameless.empty()) add(explained, part, cases_of(paths, all, ""), "", nameless);
  }

  void add(ExplainedDomain& explained, const DomainPart& part, std::vector<DecisionCase> cases, const std::string& name,
           const IntervalSet& numbers) {
    const auto like =
        std::ranges::find_if(explained.groups, [&](const CallGroup& g) { return same_cases(g.cases, cases); });
    const bool is_new = like == explained.groups.end();
    CallGroup& group = is_new ? explained.groups.emplace_back() : *like;
    if (is_new) {
      for (const DecisionCase& each : cases) group.order += each.condition.size();
      group.cases = std::move(cases);
      if (with_graphs_) group.graph = graph_of(part.part->diagram, name);
    }
    if (!name.empty()) group.names.push_back(name);
    if (name.empty()) group.nameless = group.nameless | numbers;
    group.numbers = group.numbers | numbers;
  }

  std::vector<DecisionCase> cases_of(const std::vector<Path>& paths, bool all, const std::string& name) {
    std::map<proof::DiagramId, std::vector<Path>> by_leaf;
    for (const Path& path : paths) by_leaf[path.leaf].push_back(path);
    std::vector<DecisionCase> cases;
    for (const auto& [leaf, of_leaf] : by_leaf) {
      if (leaf == proof::undecided) {
        is_open_ = true;
        cases.push_back({"not decided", condition_of(of_leaf, name), "", {}, {}});
        continue;
      }
      const proof::Decision& decision = walk_[leaf].decisions[0];
      DecisionCase each{
          decision_text(walk_, decision), condition_of(of_leaf, name), by_text(decision), {}, decision.filter};
      if (walk_.terms().is_constant(decision.result)) each.result = walk_.terms()[decision.result].a;
      cases.push_back(std::move(each));
    }
    if (!all) cases.push_back({"more cases than are told", "", "", {}, {}});
    // What takes most words is "otherwise".
    std::ranges::stable_sort(cases, {}, [](const DecisionCase& each) {
      return each.condition.empty() ? ~std::size_t{0} : each.condition.size();
    });
    if (all && cases.size() > 1) cases.back().condition.clear();
    return cases;
  }

  std::string condition_of(const std::vector<Path>& paths, const std::string& name) const {
    const Conditions conditions(walk_.terms(), paths);
    return conditions.are_always() ? "" : conditions.text(name);
  }

  // The diagram from a node on.
  DecisionGraph graph_of(proof::DiagramId root, const std::string& name) {
    constexpr std::size_t most_nodes = 300;
    DecisionGraph graph;
    std::map<proof::DiagramId, std::size_t> known{{root, 0}};
    std::vector<proof::DiagramId> order{root};
    for (std::size_t i = 0; i < order.size(); ++i) {
      if (order.size() > most_nodes) return {};
      DecisionGraph::GraphNode& node = graph.nodes.emplace_back();
      const proof::Diagram& diagram = walk_[order[i]];
      if (diagram.branches.empty()) {
        node.text = order[i] == proof::undecided ? "not decided" : decision_text(walk_, diagram.decisions[0]);
        continue;
      }
      node.text = Conditions(walk_.terms(), {}).term_text(diagram.term);
      for (const proof::Branch& branch : diagram.branches) {
        const auto [at, is_new] = known.try_emplace(branch.next, order.size());
        if (is_new) order.push_back(branch.next);
        const Path path{{{diagram.term, branch.set}}, branch.next};
        node.edges.push_back({Conditions(walk_.terms(), {&path, 1}).text(name), at->second});
      }
    }
    return graph;
  }

  std::string by_text(const proof::Decision& decision) const {
    if (policy_.files().size() < 2 || !decision.filter) return "";
    return fmt::format("filter {}, {}", *decision.filter, bpf::visible(policy_.files()[*decision.filter]));
  }

  const std::vector<std::string>& calls_;
  bool with_graphs_;
  const Policy& policy_;
  proof::Walk walk_;
  bool is_open_ = false;
};

template <class Value>
nlohmann::ordered_json value_or_null(const std::optional<Value>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

}  // namespace

bool same_cases(const std::vector<DecisionCase>& a, const std::vector<DecisionCase>& b) {
  return std::ranges::equal(a, b, [](const DecisionCase& x, const DecisionCase& y) {
    return std::tie(x.decision, x.condition, x.by) == std::tie(y.decision, y.condition, y.by);
  });
}

Explained explain_policy(const Policy& policy, const std::vector<std::string>& calls, bool with_graphs) {
  Explainer explainer(policy, calls, with_graphs);
  std::vector<ExplainedDomain> domains = explainer.run();
  return {std::move(domains), explainer.is_open()};
}

nlohmann::ordered_json explained_json(const std::vector<ExplainedDomain>& domains) {
  nlohmann::ordered_json result = nlohmann::ordered_json::array();
  for (const ExplainedDomain& domain : domains) {
    for (const CallGroup& group : domain.groups) {
      nlohmann::ordered_json cases = nlohmann::ordered_json::array();
      for (std::size_t i = 0; i < group.cases.size(); ++i) {
        const DecisionCase& each = group.cases[i];
        const bool otherwise = group.cases.size() > 1 && i + 1 == group.cases.size();
        cases.push_back({{"decision", each.decision},
                         {"result", value_or_null(each.result)},
                         {"condition", otherwise                ? "otherwise"
                                       : each.condition.empty() ? "always"
                                                                : each.condition},
                         {"filter", value_or_null(each.filter)}});
      }
      nlohmann::ordered_json numbers = nlohmann::ordered_json::array();
      for (const proof::Interval& i : group.numbers.intervals()) numbers.push_back({i.first, i.last});
      result.push_back({{"arch", domain.name}, {"calls", group.names}, {"numbers", numbers}, {"cases", cases}});
    }
  }
  return {{"groups", result}};
}

}  // namespace callgate::cli
