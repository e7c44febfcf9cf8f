#include "cli/differ.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "cli/conditions.h"
#include "cli/decision_text.h"

namespace callgate::cli {
namespace {

using proof::IntervalSet;
using proof::Path;

constexpr std::size_t most_paths = 300;       // of one part; of more it is said that there are
constexpr std::size_t most_questions = 5000;  // how often a call is looked for

class Differ {
 public:
  Differ(const Policy& before, const Policy& after, bool subset)
      : subset_(subset), old_(before), new_(after), walk_(before.chain(), after.chain(), proof::Budget{}) {}

  std::vector<DiffSection> run() {
    std::vector<DiffSection> sections;
    for (const Domain& domain : domains_of(walk_)) {
      DiffSection section{domain.name, {}, {}};
      for (const DomainPart& part : parts_in(walk_, domain)) add_part(section, domain, part);
      if (questions_ > most_questions) {
        section.open.push_back("there are more differences than are told");
        sections.push_back(std::move(section));
        break;
      }
      if (!section.changes.empty() || !section.open.empty()) sections.push_back(std::move(section));
    }
    return sections;
  }

 private:
  // The calls of a part, one by one where they have names, as constants have names by their call.
  void add_part(DiffSection& section, const Domain& domain, const DomainPart& part) {
    if (part.part->diagram == proof::same) return;
    std::vector<Path> paths;
    const bool all =
        walk_.paths(*part.part, most_paths, paths, [](proof::DiagramId leaf) { return leaf != proof::same; });
    std::map<proof::DiagramId, std::vector<Path>> by_leaf;
    for (Path& path : paths) by_leaf[path.leaf].push_back(std::move(path));
    IntervalSet nameless = part.numbers;
    std::map<std::uint32_t, std::string> named;
    for (const auto& [nr, name] : domain.names) {
      if (!part.numbers.contains(nr)) continue;
      named.emplace(nr, name);
      nameless = nameless & IntervalSet::of(nr).complement();
    }
    for (const auto& [leaf, of_leaf] : by_leaf) {
      for (const auto& [nr, name] : named) add(section, domain, IntervalSet::of(nr), name, of_leaf);
      if (!nameless.empty()) add(section, domain, nameless, "", of_leaf);
    }
    if (!all) section.open.push_back(calls_text(named, nameless) + ": in more ways than are told");
  }

  static std::string calls_text(const std::map<std::uint32_t, std::string>& named, const IntervalSet& nameless) {
    std::string text;
    for (const auto& [nr, name] : named) text += (text.empty() ? "" : " ") + name;
    if (!nameless.empty()) text += (text.empty() ? "" : " ") + numbers_text(nameless);
    return text;
  }

  void add(DiffSection& section, const Domain& domain, const IntervalSet& numbers, const std::string& name,
           const std::vector<Path>& paths) {
    std::vector<Path> real;
    std::vector<Path> open;
    std::optional<SeccompData> call;
    std::uint32_t before = 0;
    std::uint32_t after = 0;
    for (const Path& path : paths) {
      if (++questions_ > most_questions) return;
      const Path narrowed = with_numbers(path, walk_.terms(), domain, numbers);
      proof::Answer answer = proof::Answer::unknown;
      const auto found = path.leaf == proof::undecided ? std::nullopt : call_of_difference(narrowed, answer);
      if (!found && answer == proof::Answer::no) continue;
      if (!found) {
        open.push_back(narrowed);
        continue;
      }
      real.push_back(narrowed);
      if (call) continue;
      before = old_.decide(*found);
      after = new_.decide(*found);
      call = found;
    }
    const std::string who = name.empty() ? numbers_text(numbers) : name;
    if (!open.empty()) section.open.push_back(who + " " + condition_text(open, name));
    if (!call) return;
    const auto& decisions = walk_[real[0].leaf].decisions;
    Change change{condition_text(real, name),
                  decision_text(walk_, decisions[0]),
                  decision_text(walk_, decisions[1]),
                  {},
                  {},
                  {},
                  *call,
                  before,
                  after,
                  !walk_.terms().is_constant(decisions[0].result) || !walk_.terms().is_constant(decisions[1].result)};
    Change& place = change_like(section, std::move(change));
    if (!name.empty()) place.names.push_back(name);
    if (name.empty()) place.nameless = place.nameless | numbers;
    place.numbers = place.numbers | numbers;
  }

  // A call of the path that is decided differently in a way that counts, by the interpreter's word.
  std::optional<SeccompData> call_of_difference(const Path& path, proof::Answer& answer) {
    const auto& decisions = walk_[path.leaf].decisions;
    Path wanted = path;
    const proof::Terms& terms = walk_.terms();
    answer = proof::Answer::no;
    if (subset_) {
      const auto add = [&](proof::TermId term, const IntervalSet& set) {
        proof::Literal literal = walk_.terms().literal(term, set);
        if (literal.set.empty()) return false;
        if (!literal.set.is_all()) wanted.conditions.push_back(std::move(literal));
        return true;
      };
      const IntervalSet runs =
          IntervalSet(action::log, action::log | data_mask) | IntervalSet(action::allow, action::allow | data_mask);
      if (!add(decisions[0].result, runs.complement()) || !add(decisions[1].result, runs)) return std::nullopt;
    } else if (!terms.is_constant(decisions[0].result) || !terms.is_constant(decisions[1].result)) {
      proof::Literal literal = walk_.terms().literal(walk_.terms().subtract(decisions[0].result, decisions[1].result),
                                                     IntervalSet(1, proof::largest_word));
      if (literal.set.empty()) return std::nullopt;
      if (!literal.set.is_all()) wanted.conditions.push_back(std::move(literal));
    }
    const auto found = call_of(walk_, wanted, &answer);
    if (!found) return std::nullopt;
    const std::uint32_t before = proof::decision_of(old_.chain(), *found);
    const std::uint32_t after = proof::decision_of(new_.chain(), *found);
    const bool counts = subset_ ? proof::lets_run(after) && !proof::lets_run(before) : before != after;
    answer = proof::Answer::unknown;
    return counts ? found : std::nullopt;
  }

  std::string condition_text(const std::vector<Path>& paths, const std::string& name) const {
    const Conditions conditions(walk_.terms(), paths);
    return conditions.are_always() ? "" : conditions.text(name);
  }

  static Change& change_like(DiffSection& section, Change change) {
    for (Change& other : section.changes) {
      if (std::tie(other.condition, other.before, other.after) ==
          std::tie(change.condition, change.before, change.after)) {
        return other;
      }
    }
    return section.changes.emplace_back(std::move(change));
  }

  bool subset_;
  const Policy& old_;
  const Policy& new_;
  proof::Walk walk_;
  std::size_t questions_ = 0;
};

nlohmann::ordered_json decision_json(std::uint32_t result) {
  return {{"result", result}, {"decision", decision_text(result)}};
}

}  // namespace

std::vector<DiffSection> differences(const Policy& before, const Policy& after, bool subset) {
  return Differ(before, after, subset).run();
}

const char* verdict_of(const std::vector<DiffSection>& sections) {
  const bool different = std::ranges::any_of(sections, [](const DiffSection& s) { return !s.changes.empty(); });
  return different ? "different" : sections.empty() ? "equal" : "not decided";
}

nlohmann::ordered_json diff_json(const std::vector<DiffSection>& sections) {
  nlohmann::ordered_json changes = nlohmann::ordered_json::array();
  nlohmann::ordered_json open = nlohmann::ordered_json::array();
  for (const DiffSection& section : sections) {
    for (const Change& change : section.changes) {
      nlohmann::ordered_json numbers = nlohmann::ordered_json::array();
      for (const proof::Interval& i : change.numbers.intervals()) numbers.push_back({i.first, i.last});
      changes.push_back({{"arch", section.domain},
                         {"calls", change.names},
                         {"numbers", numbers},
                         {"condition", change.condition.empty() ? nlohmann::ordered_json(nullptr)
                                                                : nlohmann::ordered_json(change.condition)},
                         {"old", decision_json(change.old_result)},
                         {"new", decision_json(change.new_result)},
                         {"example", call_json(change.call)}});
    }
    for (const std::string& what : section.open) open.push_back({{"arch", section.domain}, {"what", what}});
  }
  return {{"verdict", verdict_of(sections)}, {"differences", changes}, {"not_decided", open}};
}

}  // namespace callgate::cli
