#include "cli/eval_answer.h"

#include <algorithm>
#include <set>

#include "callgate/action.hpp"
#include "cli/command.h"
#include "cli/decision_text.h"

namespace callgate::cli {
namespace {

using calls::argument_count;
using calls::Call;

bool is_empty(const SeccompData& mask) { return mask == SeccompData{}; }

SeccompData joined(const SeccompData& a, const SeccompData& b) {
  SeccompData both = a;
  both.instruction_pointer |= b.instruction_pointer;
  for (std::size_t i = 0; i < argument_count; ++i) both.args[i] |= b.args[i];
  return both;
}

// The one result of all outcomes, if there is one.
std::optional<std::uint32_t> one_result(const std::vector<Outcome>& outcomes) {
  if (outcomes.empty()) return std::nullopt;
  const std::uint32_t first = outcomes.front().result;
  const bool same = std::ranges::all_of(outcomes, [&](const Outcome& outcome) { return outcome.result == first; });
  return same ? std::optional(first) : std::nullopt;
}

std::string results_text(const std::vector<Outcome>& outcomes) {
  constexpr std::size_t most = 4;
  std::set<std::uint32_t> results;
  for (const Outcome& outcome : outcomes) results.insert(outcome.result);
  if (results.empty() || results.size() > most) return "it depends on it in many ways";
  std::string text;
  for (const std::uint32_t result : results) text += (text.empty() ? "" : " or ") + decision_text(result);
  return text;
}

// "argument 0", "arguments 0, 1 and ip"; with the verb.
std::string subject(const std::vector<std::string>& words, const char* singular, const char* plural) {
  std::string text = words.size() == 1 ? "argument " : "arguments ";
  if (words.size() == 1 && words[0] == "ip") text = "the instruction pointer (ip)";
  if (text.ends_with(' ')) {
    for (std::size_t i = 0; i < words.size(); ++i) {
      text += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
    }
  }
  return text + (words.size() == 1 ? singular : plural);
}

template <class Field>
std::optional<std::uint32_t> one(const std::vector<Outcome>& outcomes, Field field) {
  if (outcomes.empty()) return std::nullopt;
  const auto first = outcomes.front().*field;
  const bool same = std::ranges::all_of(outcomes, [&](const Outcome& outcome) { return outcome.*field == first; });
  return same ? first : std::nullopt;
}

}  // namespace

std::optional<std::uint32_t> Answer::filter() const { return one(outcomes, &Outcome::filter); }

std::optional<std::uint32_t> Answer::instruction() const {
  return filter() ? one(outcomes, &Outcome::instruction) : std::nullopt;
}

// Those parts of `mask` that the decision depends on alone; if none does, all of them.
std::string Judge::what_matters(const Call& call, const SeccompData& mask) const {
  std::vector<std::string> matter;
  std::vector<std::string> all;
  const auto look = [&](const SeccompData& part, std::string name) {
    if (is_empty(part)) return;
    all.push_back(name);
    if (!one_result(outcomes(call.data, part))) matter.push_back(std::move(name));
  };
  for (std::size_t i = 0; i < argument_count; ++i) {
    SeccompData part{};
    part.args[i] = mask.args[i];
    look(part, std::to_string(i));
  }
  SeccompData part{};
  part.instruction_pointer = mask.instruction_pointer;
  look(part, "ip");
  if (matter.empty()) matter = std::move(all);
  const bool is_omitted = mask == call.omitted;
  return subject(matter, is_omitted ? " is not given: taken as 0" : " is not known",
                 is_omitted ? " are not given: taken as 0" : " are not known");
}

void Judge::note_omitted(const Call& call, Answer& answer) const {
  if (is_empty(call.omitted)) return;
  if (one_result(outcomes(call.data, joined(call.unknown, call.omitted)))) return;
  answer.assumes_zero = true;
  answer.notes.push_back(what_matters(call, call.omitted));
}

void Judge::note_negative(const Call& call, Answer& answer) const {
  const auto note = [&](const SeccompData& read_otherwise, const char* why, const char* whose) {
    if (read_otherwise == call.data) return;
    const auto other = outcomes(read_otherwise, call.unknown);
    if (one_result(other) == answer.result) return;
    for (std::size_t i = 0; i < argument_count; ++i) {
      if (read_otherwise.args[i] == call.data.args[i]) continue;
      answer.notes.push_back(fmt::format("argument {} is taken as {:#x}, {}; as {:#x} ({}) it would be {}", i,
                                         call.data.args[i], why, read_otherwise.args[i], whose, results_text(other)));
    }
  };
  note(sign_extended(call), "as glibc passes this int", "musl, Go");
  note(cut_to_ints(call), "all of its 64 bits", "an int, as glibc passes it");
}

void Judge::note_kernel(const Call& call, Answer& answer) const {
  if (call.data.arch != arch::x86_64) return;
  for (const bpf::UnfilteredCall& passing : bpf::unfiltered_calls) {
    if (passing.nr != call.data.nr) continue;
    const std::string since = fmt::format("Linux {}.{}", passing.since.major, passing.since.minor);
    if (!kernel_) {
      answer.notes.push_back(since + " and newer ask no filter about this call (--kernel-version)");
    } else if (*kernel_ >= passing.since) {
      answer = {};
      answer.result = action::allow;
      answer.is_unfiltered = true;
      answer.notes.push_back("since " + since);
    }
  }
}

Answer Judge::judge(const Call& call, std::uint32_t decided, const char* engine) const {
  Answer answer;
  answer.outcomes = outcomes(call.data, call.unknown);
  answer.result = one_result(answer.outcomes);
  const bool agrees = answer.outcomes.empty() ||
                      std::ranges::any_of(answer.outcomes, [&](const Outcome& o) { return o.result == decided; });
  if (!agrees) {
    throw Failure(ExitCode::failed,
                  fmt::format("engine {} decides 0x{:08x}, the interpreter 0x{:08x}: a bug in callgate", engine,
                              decided, answer.outcomes.front().result));
  }
  if (!answer.result) {
    answer.notes.push_back(what_matters(call, call.unknown) + ": " + results_text(answer.outcomes));
  } else {
    note_omitted(call, answer);
    note_negative(call, answer);
  }
  note_kernel(call, answer);
  return answer;
}

}  // namespace callgate::cli
