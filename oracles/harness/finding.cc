#include "oracles/harness/finding.h"

#include "bpf/names.h"
#include "bpf/text.h"
#include "oracles/reference/reference.h"

namespace callgate::oracles {

namespace {

// Empty if one of the filters is not valid.
std::vector<Program> verified(const std::vector<std::vector<Insn>>& filters) {
  std::vector<Program> programs;
  for (const auto& filter : filters) {
    auto program = verify(filter);
    if (!program) return {};
    programs.push_back(std::move(*program));
  }
  return programs;
}

std::optional<Finding> examine(Decider& decider, const std::vector<std::vector<Insn>>& filters, MergeRule rule,
                               std::span<const SeccompData> inputs) {
  const std::vector<Program> programs = verified(filters);
  if (programs.empty()) return std::nullopt;
  const Question question{programs, rule, inputs};
  std::vector<std::uint32_t> results(inputs.size());
  Answer answer;
  Times times;
  decider.decide({&question, 1}, results.data(), {&answer, 1}, times);
  if (answer.what == Answer::declined) return std::nullopt;
  if (answer.what == Answer::failed) return Finding{decider.name(), answer.why, {filters, rule, inputs[0]}};
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::uint32_t expected = reference(programs, rule, inputs[i]);
    if (results[i] == expected) continue;
    return Finding{decider.name(), disagreement(results[i], expected), {filters, rule, inputs[i]}};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Finding> examine(Decider& decider, const Failing& failing) {
  return examine(decider, failing.filters, failing.rule, {&failing.input, 1});
}

std::optional<Finding> examine(Decider& decider, const Case& asked) {
  return examine(decider, asked.filters, asked.rule, asked.inputs);
}

std::string disagreement(std::uint32_t result, std::uint32_t expected) {
  const auto show = [](std::uint32_t word) { return bpf::hex(word) + " (" + bpf::result_name(word) + ")"; };
  return "says " + show(result) + ", the interpreter says " + show(expected);
}

}  // namespace callgate::oracles
