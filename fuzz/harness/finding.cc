#include "fuzz/harness/finding.h"

#include "bpf/names.h"
#include "bpf/text.h"
#include "fuzz/harness/reference.h"

namespace callgate::fuzz {

std::optional<Finding> examine(Decider& decider, const Failing& failing) {
  std::vector<Program> programs;
  for (const auto& filter : failing.filters) {
    auto program = verify(filter);
    if (!program) return std::nullopt;
    programs.push_back(std::move(*program));
  }
  if (programs.empty()) return std::nullopt;
  const Question question{programs, failing.rule, {&failing.input, 1}};
  std::uint32_t result = 0;
  Answer answer;
  Times times;
  decider.decide({&question, 1}, &result, {&answer, 1}, times);
  if (answer.what == Answer::declined) return std::nullopt;
  if (answer.what == Answer::failed) return Finding{decider.name(), answer.why, failing};
  const std::uint32_t expected = reference(programs, failing.rule, failing.input);
  if (result == expected) return std::nullopt;
  return Finding{decider.name(), "says " + show_result(result) + ", the interpreter says " + show_result(expected),
                 failing};
}

std::string show_result(std::uint32_t result) { return bpf::hex(result) + " (" + bpf::result_name(result) + ")"; }

}  // namespace callgate::fuzz
