#include "cli/lint_policy.h"

#include <algorithm>

namespace callgate::cli {

using proof::IntervalSet;
using proof::Path;

LintPolicy::LintPolicy(const Policy& policy)
    : policy_(policy), walk_(policy.chain(), proof::Budget{}), domains_(domains_of(walk_)) {}

void LintPolicy::find(const char* id, std::string message, const SeccompData& call) {
  findings_.push_back({id, std::move(message), call, policy_.decide(call)});
}

std::optional<std::uint32_t> LintPolicy::number_of(const Domain& domain, std::string_view name) {
  for (const auto& [nr, known] : domain.names) {
    if (known == name) return nr;
  }
  return std::nullopt;
}

std::vector<Path> LintPolicy::paths_of(const proof::Part& part) {
  constexpr std::size_t most_paths = 2000;
  std::vector<Path> all;
  if (!walk_.paths(part, most_paths, all, [](proof::DiagramId) { return true; })) is_open_ = true;
  std::vector<Path> decided;
  for (Path& path : all) {
    if (path.leaf == proof::undecided)
      is_open_ = true;
    else
      decided.push_back(std::move(path));
  }
  return decided;
}

std::vector<Path> LintPolicy::paths_of(const Domain& domain, std::uint32_t nr) {
  std::vector<Path> paths;
  for (const DomainPart& part : parts_in(walk_, domain)) {
    if (!part.numbers.contains(nr)) continue;
    for (const Path& path : paths_of(*part.part)) {
      paths.push_back(with_numbers(path, walk_.terms(), domain, IntervalSet::of(nr)));
    }
  }
  return paths;
}

std::optional<std::uint32_t> LintPolicy::result_of(const Path& path) const {
  const proof::TermId result = walk_[path.leaf].decisions[0].result;
  return walk_.terms().is_constant(result) ? std::optional(walk_.terms()[result].a) : std::nullopt;
}

const Fate& LintPolicy::fate_of(const Domain& domain, std::uint32_t nr) {
  const auto [at, is_new] = fates_.try_emplace({domain.name, nr});
  if (!is_new) return at->second;
  for (const Path& path : paths_of(domain, nr)) {
    const auto call = call_of(walk_, path);
    if (!call) continue;
    (proof::lets_run(policy_.decide(*call)) ? at->second.run : at->second.refused) = call;
  }
  return at->second;
}

Fate LintPolicy::fate_of(const Domain& domain, std::string_view name) {
  const auto nr = number_of(domain, name);
  return nr ? fate_of(domain, *nr) : Fate{};
}

std::string short_list(const std::vector<std::string>& names) {
  constexpr std::size_t most = 6;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i) text += (i == 0 ? "" : ", ") + names[i];
  return names.size() > most ? text + ", …" : text;
}

}  // namespace callgate::cli
