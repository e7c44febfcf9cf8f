#include "cli/policy.h"

#include <algorithm>
#include <set>

#include "bpf/names.h"
#include "calls/call.h"
#include "calls/syscall_names.h"
#include "cli/constant_names.h"
#include "cli/decision_text.h"

namespace callgate::cli {
namespace {

using proof::IntervalSet;

constexpr std::uint32_t most_named = 1023;  // far above the largest number that has a name

IntervalSet x32_numbers() { return {arch::x32_bit, 2 * arch::x32_bit - 1}; }

std::map<std::uint32_t, std::string> names_of(std::uint32_t arch, std::uint32_t bit) {
  std::map<std::uint32_t, std::string> names;
  for (std::uint32_t nr = 0; nr <= most_named; ++nr) {
    if (std::string name = calls::syscall_name(nr | bit, arch); !name.empty()) names.emplace(nr | bit, std::move(name));
  }
  return names;
}

// Numbers of calls are decimal; what is far above them is a bit pattern.
std::string nr_text(std::uint32_t nr) { return nr < 10'000 ? std::to_string(nr) : fmt::format("{:#x}", nr); }

std::vector<Program> read_all(Session& session, const std::vector<std::string>& files, const FilterOptions& options,
                              std::vector<std::string>& contents) {
  std::vector<Program> programs;
  for (const std::string& file : files)
    programs.push_back(read_program(session, file, options, &contents.emplace_back()));
  return programs;
}

Chain chain_of(std::span<const Program> programs, MergeRule rule) {
  Options options;
  options.engine = Engine::interpreter;
  options.rule = rule;
  auto empty = Chain::create(options);
  if (!empty) throw Failure(ExitCode::failed, to_string(empty.error()));
  auto chain = empty->attach(programs);
  if (!chain) throw Failure(ExitCode::failed, to_string(chain.error()));
  return std::move(*chain);
}

bool is_x86(std::uint32_t arch) { return arch == arch::x86_64 || arch == arch::x86_32; }

}  // namespace

Policy::Policy(Session& session, const std::vector<std::string>& files, const FilterOptions& options, MergeRule rule)
    : files_(files),
      programs_(read_all(session, files, options, contents_)),
      rule_(rule),
      library_(chain_of(programs_, rule)) {}

Policy::Policy(std::vector<std::string> names, std::vector<Program> programs, MergeRule rule)
    : files_(std::move(names)),
      contents_(files_.size()),
      programs_(std::move(programs)),
      rule_(rule),
      library_(chain_of(programs_, rule)) {}

std::uint32_t Policy::decide(const SeccompData& call) const {
  const std::uint32_t result = library_.match(call).result;
  if (result != proof::decision_of({programs_, rule_}, call)) {
    throw Failure(ExitCode::failed, "a bug in callgate: two readings of the filters differ on " + call_line(call));
  }
  return result;
}

void add_rule_option(CLI::App& command, MergeRule& rule) {
  add_choice(
      command, "--rule", rule,
      {{name(MergeRule::most_restrictive), MergeRule::most_restrictive},
       {name(MergeRule::first_non_allow), MergeRule::first_non_allow}},
      "How the filters' results become one: the strictest, as in the kernel (callgate\neval asks by it with --rule "
      "most_restrictive), or the newest that is not ALLOW");
}

std::vector<Domain> domains_of(const proof::Walk& walk) {
  static const auto names_64 = names_of(arch::x86_64, 0);
  static const auto names_x32 = names_of(arch::x86_64, arch::x32_bit);
  static const auto names_32 = names_of(arch::x86_32, 0);
  std::vector<Domain> domains;
  domains.push_back({"x86_64", IntervalSet::of(arch::x86_64), x32_numbers().complement(), names_64});
  domains.push_back({"x32", IntervalSet::of(arch::x86_64), x32_numbers(), names_x32});
  domains.push_back({"i386", IntervalSet::of(arch::x86_32), IntervalSet::all(), names_32});
  std::vector<IntervalSet> others;
  for (const proof::Part& part : walk.parts()) {
    const IntervalSet x86 = IntervalSet::of(arch::x86_64) | IntervalSet::of(arch::x86_32);
    const IntervalSet arches = part.arches & x86.complement();
    if (!arches.empty() && std::ranges::find(others, arches) == others.end()) others.push_back(arches);
  }
  for (const IntervalSet& arches : others) {
    std::string name = "other architectures";
    if (arches.is_single()) {
      const std::string_view known = bpf::arch_name(arches.min());
      name = known.empty() ? fmt::format("architecture {:#x}", arches.min()) : std::string(known);
    }
    domains.push_back({name, arches, IntervalSet::all(), {}});
  }
  return domains;
}

std::vector<DomainPart> parts_in(const proof::Walk& walk, const Domain& domain) {
  std::vector<DomainPart> result;
  for (const proof::Part& part : walk.parts()) {
    if (!part.arches.meets(domain.arches)) continue;
    IntervalSet numbers = part.numbers & domain.numbers;
    if (!numbers.empty()) result.push_back({&part, std::move(numbers)});
  }
  return result;
}

proof::Path with_numbers(proof::Path path, const proof::Terms& terms, const Domain& domain,
                         const IntervalSet& numbers) {
  for (proof::Literal& literal : path.conditions) {
    if (literal.term == terms.word(proof::arch_word)) literal.set = literal.set & domain.arches;
    if (literal.term == terms.word(proof::nr_word)) literal.set = literal.set & numbers;
  }
  return path;
}

std::uint8_t arguments_that_count(const proof::Walk& walk, const Domain& domain, std::uint32_t nr) {
  std::uint16_t words = 0;
  for (const DomainPart& part : parts_in(walk, domain)) {
    if (!part.numbers.contains(nr)) continue;
    std::vector<proof::DiagramId> stack{part.part->diagram};
    std::set<proof::DiagramId> seen;
    while (!stack.empty()) {
      const proof::DiagramId id = stack.back();
      stack.pop_back();
      if (!seen.insert(id).second) continue;
      if (walk[id].branches.empty()) continue;
      words = static_cast<std::uint16_t>(words | walk.terms()[walk[id].term].words);
      for (const proof::Branch& branch : walk[id].branches) stack.push_back(branch.next);
    }
  }
  std::uint8_t arguments = 0;
  for (unsigned i = 0; i < calls::argument_count; ++i) {
    if ((words >> (4 + 2 * i) & 3) != 0) arguments = static_cast<std::uint8_t>(arguments | 1u << i);
  }
  return arguments;
}

std::string call_line(const SeccompData& data) {
  const bool x32 = data.arch == arch::x86_64 && x32_numbers().contains(data.nr);
  const std::string name = is_x86(data.arch) ? calls::syscall_name(data.nr, data.arch) : "";
  std::string line = name.empty() ? nr_text(data.nr) : name;
  std::size_t count = calls::argument_count;
  while (count > 0 && data.args[count - 1] == 0) --count;
  for (std::size_t i = 0; i < count; ++i) line += " " + constant_text("", 0, data.args[i]);
  if (x32 && !name.empty()) {
    line += " arch=x32";
  } else if (data.arch != arch::x86_64) {
    const std::string_view known = bpf::arch_name(data.arch);
    line += " arch=" + (known.empty() ? fmt::format("{:#x}", data.arch) : std::string(known));
  }
  if (data.instruction_pointer != 0) line += fmt::format(" ip={:#x}", data.instruction_pointer);
  return line;
}

std::optional<SeccompData> call_of(proof::Walk& walk, const proof::Path& path, proof::Answer* answer) {
  std::vector<proof::Literal> halves;
  for (std::uint32_t word = 5; word < proof::word_count; word += 2) {
    halves.push_back({walk.terms().word(word), IntervalSet::of(0)});
  }
  proof::Solution solution = walk.call_of(path, halves);
  if (solution.answer != proof::Answer::yes) solution = walk.call_of(path);
  if (answer != nullptr) *answer = solution.answer;
  if (solution.answer != proof::Answer::yes) return std::nullopt;
  return proof::data_of(solution.words);
}

std::string decision_text(const proof::Walk& walk, const proof::Decision& decision) {
  if (!walk.terms().is_constant(decision.result)) return "a result that the filter computes";
  return decision_text(walk.terms()[decision.result].a);
}

std::string wrapped(const std::vector<std::string>& words, const std::string& indent) {
  constexpr std::size_t columns = 100;
  std::string text;
  std::string line = indent;
  for (const std::string& word : words) {
    if (line.size() > indent.size() && line.size() + 1 + word.size() > columns) {
      text += line + "\n";
      line = indent;
    }
    line += (line.size() > indent.size() ? " " : "") + word;
  }
  return words.empty() ? text : text + line + "\n";
}

std::string numbers_text(const IntervalSet& numbers) {
  constexpr std::uint64_t nearly_all = 0x3fff0000;
  if (numbers.size() > nearly_all) return "every other number";
  std::string text;
  std::size_t shown = 0;
  constexpr std::size_t most = 8;
  for (const proof::Interval& i : numbers.intervals()) {
    if (shown++ == most) return text + ", …";
    text += (text.empty() ? "" : ", ") + nr_text(i.first);
    if (i.first != i.last) text += " to " + nr_text(i.last);
  }
  return (numbers.is_single() ? "number " : "numbers ") + text;
}

nlohmann::ordered_json call_json(const SeccompData& data) {
  nlohmann::ordered_json arguments = nlohmann::ordered_json::array();
  for (const std::uint64_t argument : data.args) arguments.push_back(fmt::format("{:#x}", argument));
  return {{"line", call_line(data)},
          {"nr", data.nr},
          {"arch", fmt::format("{:#x}", data.arch)},
          {"args", arguments},
          {"ip", fmt::format("{:#x}", data.instruction_pointer)}};
}

std::string json_text(const nlohmann::ordered_json& value) {
  return value.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace callgate::cli
