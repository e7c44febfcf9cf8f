#include "cli/least_change.h"

#include <algorithm>
#include <span>

#include <nlohmann/json.hpp>

#include "bpf/disassembler.h"
#include "cli/policy.h"
#include "proof/compare.h"

namespace callgate::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint16_t load = 0x20, load_constant = 0x00, jump_if_equal = 0x15, return_constant = 0x06;

// Whose number and architecture are not those of the wanted call, among what changed.
void look_at_the_rest(const Program& before, const Program& after, const WantedCall& wanted, LeastChange& change) {
  const proof::ChainRef old_chain{{&before, 1}};
  const proof::ChainRef new_chain{{&after, 1}};
  proof::Walk walk(old_chain, new_chain, proof::Budget{});
  constexpr std::size_t most = 500;
  const proof::Comparison comparison = proof::compare(walk, old_chain, new_chain, proof::Relation::equality, most);
  change.is_proved = comparison.are_all && comparison.open.empty();
  for (const proof::Difference& difference : comparison.differences) {
    if (difference.call.nr == wanted.data.nr && difference.call.arch == wanted.data.arch) continue;
    std::string line = call_line(difference.call);
    if (std::ranges::find(change.also, line) == change.also.end()) change.also.push_back(std::move(line));
  }
}

// "linux.seccomp" of a bundle, or the profile itself.
Json& profile_in(Json& json) {
  if (json.contains("defaultAction")) return json;
  return json["linux"]["seccomp"];
}

Json rule_for(const WantedCall& wanted) {
  Json rule = {{"names", Json::array({wanted.name})}, {"action", "SCMP_ACT_ALLOW"}};
  Json args = Json::array();
  for (std::size_t i = 0; i < 6; ++i) {
    if ((wanted.arguments >> i & 1) == 0) continue;
    args.push_back({{"index", i}, {"value", wanted.data.args[i]}, {"op", "SCMP_CMP_EQ"}});
  }
  if (!args.empty()) rule["args"] = args;
  return rule;
}

std::optional<Program> compiled(const Json& json, const FilterOptions& options) {
  const auto filter = profiles::compile_oci(json.dump(), options.oci);
  if (!filter) return std::nullopt;
  auto program = verify(filter->instructions);
  return program ? std::optional(std::move(*program)) : std::nullopt;
}

bool lets_run(const Program& program, const SeccompData& call) { return proof::lets_run(interpret(program, call)); }

// Takes the name out of the rules that refuse the call, and says where.
std::vector<std::string> remove_name(Json& profile, const std::string& name) {
  std::vector<std::string> places;
  Json& rules = profile["syscalls"];
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const std::string action = rules[i].value("action", "");
    if (action == "SCMP_ACT_ALLOW" || action == "SCMP_ACT_LOG") continue;
    Json& names = rules[i]["names"];
    if (rules[i].value("name", "") == name) {
      rules[i]["name"] = "";
    } else if (const auto found = std::find(names.begin(), names.end(), name);
               names.is_array() && found != names.end()) {
      names.erase(found);
    } else {
      continue;
    }
    places.push_back("syscalls[" + std::to_string(i) + "].names");
  }
  for (std::size_t i = rules.size(); i-- > 0;) {
    if (rules[i]["names"].is_null()) rules[i].erase("names");
    if (rules[i].contains("names") ? rules[i]["names"].empty() : rules[i].value("name", "").empty()) rules.erase(i);
  }
  return places;
}

std::optional<LeastChange> change_of_profile(const std::string& content, const FilterOptions& options,
                                             const Program& program, const WantedCall& wanted) {
  Json json = Json::parse(content, nullptr, false);
  if (json.is_discarded() || wanted.name.empty()) return std::nullopt;
  // One rule more; then without rules that refuse the call; then for all of its arguments, as libseccomp refuses some
  // mixtures of conditions.
  WantedCall any_arguments = wanted;
  any_arguments.arguments = 0;
  struct Attempt {
    bool removes;
    const WantedCall& call;
  };
  for (const Attempt& attempt : {Attempt{false, wanted}, Attempt{true, wanted}, Attempt{true, any_arguments}}) {
    Json changed = json;
    Json& profile = profile_in(changed);
    if (!profile.is_object()) return std::nullopt;
    if (!profile["syscalls"].is_array()) profile["syscalls"] = Json::array();
    LeastChange change{true, rule_for(attempt.call).dump(), {}, {}, false};
    if (attempt.removes) change.removed = remove_name(profile, wanted.name);
    profile["syscalls"].push_back(rule_for(attempt.call));
    const auto after = compiled(changed, options);
    if (!after || !lets_run(*after, wanted.data)) continue;
    look_at_the_rest(program, *after, wanted, change);
    return change;
  }
  return std::nullopt;
}

std::optional<LeastChange> change_of_filter(const Program& program, const WantedCall& wanted) {
  struct Test {
    std::uint32_t offset;
    std::uint32_t value;
  };
  std::vector<Test> tests{{4, wanted.data.arch}, {0, wanted.data.nr}};
  for (std::uint32_t i = 0; i < 6; ++i) {
    if ((wanted.arguments >> i & 1) == 0) continue;
    tests.push_back({16 + 8 * i, static_cast<std::uint32_t>(wanted.data.args[i])});
    tests.push_back({20 + 8 * i, static_cast<std::uint32_t>(wanted.data.args[i] >> 32)});
  }
  std::vector<Insn> insns;
  for (const Test& test : tests) {
    const auto left = static_cast<std::uint8_t>(2 * tests.size() + 1 - insns.size() - 1);
    insns.push_back({load, 0, 0, test.offset});
    insns.push_back({jump_if_equal, 0, static_cast<std::uint8_t>(left - 1), test.value});
  }
  insns.push_back({return_constant, 0, 0, action::allow});
  insns.push_back({load_constant, 0, 0, 0});  // what the filter begins with
  LeastChange change{false, "", {}, {}, false};
  for (std::uint32_t pc = 0; pc < insns.size(); ++pc) {
    change.text += std::to_string(pc) + ": " + bpf::disassemble(insns[pc], pc) + "\n";
  }
  insns.insert(insns.end(), program.instructions().begin(), program.instructions().end());
  const auto after = verify(insns);
  if (!after || !lets_run(*after, wanted.data)) return std::nullopt;
  look_at_the_rest(program, *after, wanted, change);
  return change;
}

}  // namespace

std::optional<LeastChange> least_change(const std::string& content, const FilterOptions& options,
                                        const Program& program, const WantedCall& wanted) {
  const bool is_profile = options.format.value_or(bpf::detect_format(content)) == bpf::Format::oci;
  return is_profile && !content.empty() ? change_of_profile(content, options, program, wanted)
                                        : change_of_filter(program, wanted);
}

}  // namespace callgate::cli
