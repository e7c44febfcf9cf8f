// callgate test: what a chain of filters has to decide, as lines of a file.
#include <algorithm>
#include <array>
#include <memory>
#include <sstream>
#include <utility>

#include "bpf/names.h"
#include "bpf/quote.h"
#include "bpf/text.h"
#include "calls/arguments.h"
#include "calls/call_line.h"
#include "cli/decision_text.h"
#include "cli/policy.h"

namespace callgate::cli {
namespace {

using proof::IntervalSet;
using proof::Literal;

struct TestOptions {
  std::vector<std::string> filters;
  std::string file;
  std::string junit;
  bool json = false;
  MergeRule rule = MergeRule::most_restrictive;
  FilterOptions filter;
};

// One line: these calls are decided so.
struct Expectation {
  std::string text;
  std::uint64_t line = 0;
  IntervalSet results;
  std::string wanted;  // the decision as it was written
  IntervalSet arches;
  IntervalSet numbers;
  SeccompData low{};          // smallest values of the arguments
  SeccompData high{};         // and the largest ones
  std::uint8_t constant = 0;  // bit i: argument i is told
  std::uint8_t bits = 0;      // bit i: of argument i the bits of `low` are set, and others may be
};

enum class Result { passed, failed, not_decided };

struct Judged {
  Result result = Result::passed;
  std::optional<SeccompData> call;  // one that is decided otherwise
  std::uint32_t decision = 0;
};

[[noreturn]] void refuse(const std::string& place, const std::string& why) {
  throw Failure(ExitCode::usage, place + ": " + why);
}

// "ALLOW", "ERRNO", "ERRNO(EPERM)", "TRACE(5)"; DENY is everything that does not let the call run.
IntervalSet results_of(const std::string& place, const std::string& word) {
  const IntervalSet runs =
      IntervalSet(action::log, action::log | data_mask) | IntervalSet(action::allow, action::allow | data_mask);
  if (word == "DENY") return runs.complement();
  const std::size_t open = word.find('(');
  const auto known = bpf::action_from_name(word.substr(0, open));
  if (!known) refuse(place, "unknown decision " + bpf::quoted(word) + " (ALLOW, DENY, ERRNO(EPERM), KILL_PROCESS, …)");
  if (open == std::string::npos) return {*known, *known | data_mask};
  if (!word.ends_with(')')) refuse(place, "a ')' is missing in " + bpf::quoted(word));
  const std::string data = word.substr(open + 1, word.size() - open - 2);
  std::uint32_t value = 0;
  const auto [stop, error] = std::from_chars(data.data(), data.data() + data.size(), value);
  if (data.empty() || error != std::errc() || stop != data.data() + data.size()) {
    const auto number = *known == action::errno_ ? bpf::errno_from_name(data) : std::nullopt;
    if (!number) refuse(place, "unknown data in " + bpf::quoted(word));
    value = *number;
  }
  if (value > data_mask) refuse(place, "more than 16 bits in " + bpf::quoted(word));
  return IntervalSet::of(*known | value);
}

// An argument as it stands in a line: a value, two ends of a range, or bits.
struct Written {
  std::string low = "0";
  std::string high = "0";
  bool is_told = false;  // and no *
  bool are_bits = false;
};

Written written(const std::string& word) {
  if (word == "*") return {};
  const std::size_t dots = word.find("..");
  return {word.substr(0, dots), dots == std::string::npos ? word : word.substr(dots + 2), true, false};
}

// The words behind the call.
class WrittenArguments {
 public:
  explicit WrittenArguments(const std::string& place) : place_(place) {}

  void add(const std::string& word) {
    const std::size_t sign = word.find_first_of("=&");
    if (sign != std::string::npos && sign != 0 && (bpf::is_letter(word[0]) || word[0] == '_')) {
      named_.push_back(word);
    } else if (count_ == calls::argument_count) {
      refuse(place_, "more than six arguments");
    } else {
      set(count_++, written(word));
    }
  }

  // When call and architecture are known.
  void resolve(const std::string& call, std::uint32_t arch) {
    for (const std::string& word : named_) {
      const std::size_t sign = word.find_first_of("=&");
      const std::string name = word.substr(0, sign);
      const auto index = calls::argument_index(call, name, arch);
      if (!index) {
        const std::string names = calls::argument_names(call);
        refuse(place_, "no argument " + bpf::quoted(name) + " of " + call + " is known" +
                           (names.empty() ? "" : " (x86_64: " + names + ")") + "; arg0 to arg5 always are");
      }
      Written value = written(word.substr(sign + 1));
      value.are_bits = word[sign] == '&';
      if (value.are_bits && (!value.is_told || value.low != value.high)) {
        refuse(place_, "bits are one value: " + bpf::quoted(word));
      }
      set(*index, value);
    }
  }

  const Written& operator[](std::size_t index) const { return values_[index]; }
  std::size_t count() const { return count_; }

 private:
  void set(std::size_t index, const Written& value) {
    if (is_set_[index]) refuse(place_, fmt::format("argument {} is given twice", index));
    is_set_[index] = true;
    values_[index] = value;
    count_ = std::max(count_, index + 1);
  }

  const std::string& place_;
  std::vector<std::string> named_;
  std::array<Written, calls::argument_count> values_;
  std::array<bool, calls::argument_count> is_set_{};
  std::size_t count_ = 0;
};

calls::Call read_call(const std::string& place, const std::string& line) {
  auto call = calls::parse_call(line);
  if (!call) refuse(place, call.error());
  return std::move(*call);
}

// Reads both ends of all ranges.
void read_arguments(const std::string& place, const std::string& call, const std::string& arch_word,
                    WrittenArguments& arguments, Expectation& result) {
  const std::string number = call == "*" ? "0" : call;
  arguments.resolve(call, read_call(place, number + arch_word).data.arch);
  std::string low = number + arch_word;
  std::string high = low;
  for (std::size_t i = 0; i < arguments.count(); ++i) {
    low += " " + arguments[i].low;
    high += " " + arguments[i].high;
    if (!arguments[i].is_told) continue;
    std::uint8_t& kind = arguments[i].are_bits ? result.bits : result.constant;
    kind = static_cast<std::uint8_t>(kind | 1u << i);
  }
  result.low = read_call(place, low).data;
  result.high = read_call(place, high).data;
  for (std::size_t i = 0; i < calls::argument_count; ++i) {
    if (result.low.args[i] > result.high.args[i]) refuse(place, fmt::format("the range of argument {} is empty", i));
  }
}

Expectation parse(const std::string& place, std::string_view line, std::uint64_t number) {
  Expectation result;
  result.text = line;
  result.line = number;
  std::istringstream words{std::string(line)};
  std::string call;
  words >> result.wanted >> call;
  if (call.empty()) refuse(place, "a line is DECISION CALL [ARGUMENT…] [arch=ARCH]");
  result.results = results_of(place, result.wanted);
  const bool any_call = call == "*";
  WrittenArguments arguments(place);
  std::string arch_word;
  for (std::string word; words >> word && !word.starts_with('#');) {
    if (!word.starts_with("arch=")) {
      arguments.add(word);
    } else if (!std::exchange(arch_word, " " + word).empty()) {
      refuse(place, "arch is given twice");
    }
  }
  const bool any_arch = arch_word == " arch=*";
  if (any_arch && !any_call && !bpf::is_digit(call[0]))
    refuse(place, "a name has no number that all architectures share");
  read_arguments(place, call, any_arch ? "" : arch_word, arguments, result);
  const std::uint32_t nr = result.low.nr;
  const bool x32 = result.low.arch == arch::x86_64 && (nr & arch::x32_bit) != 0;
  const IntervalSet x32_numbers(arch::x32_bit, 2 * arch::x32_bit - 1);
  result.arches = any_arch ? IntervalSet::all() : IntervalSet::of(result.low.arch);
  result.numbers = IntervalSet::of(nr);
  if (any_call) {
    result.numbers = x32 ? x32_numbers : IntervalSet::all();
    if (!any_arch && !x32 && result.low.arch == arch::x86_64) result.numbers = x32_numbers.complement();
  }
  return result;
}

// Alternatives for the halves of a 64-bit argument between two values.
std::vector<std::vector<Literal>> range_of(const proof::Terms& terms, std::size_t argument, std::uint64_t low,
                                           std::uint64_t high) {
  const auto word = static_cast<std::uint32_t>(4 + 2 * argument);
  const proof::TermId lower = terms.word(word);
  const proof::TermId upper = terms.word(word + 1);
  const auto half = [](std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32); };
  const auto rest = [](std::uint64_t value) { return static_cast<std::uint32_t>(value); };
  if (half(low) == half(high)) {
    return {{{upper, IntervalSet::of(half(low))}, {lower, IntervalSet(rest(low), rest(high))}}};
  }
  std::vector<std::vector<Literal>> result{
      {{upper, IntervalSet::of(half(low))}, {lower, IntervalSet(rest(low), proof::largest_word)}},
      {{upper, IntervalSet::of(half(high))}, {lower, IntervalSet(0, rest(high))}}};
  if (half(high) - half(low) > 1) result.push_back({{upper, IntervalSet(half(low) + 1, half(high) - 1)}});
  return result;
}

class Tester {
 public:
  explicit Tester(const Policy& policy) : policy_(policy), walk_(policy.chain(), proof::Budget{}) {}

  Judged judge(const Expectation& expectation) {
    Judged judged;
    for (const proof::Part& part : walk_.parts()) {
      if (!part.arches.meets(expectation.arches) || !part.numbers.meets(expectation.numbers)) continue;
      std::vector<proof::Path> paths;
      const bool all = walk_.paths(part, most_paths, paths, [](proof::DiagramId) { return true; });
      if (!all) judged.result = Result::not_decided;
      for (const proof::Path& path : paths) {
        look(expectation, path, judged);
        if (judged.result == Result::failed) return judged;
      }
    }
    return judged;
  }

 private:
  static constexpr std::size_t most_paths = 20'000;

  // Whether a call of the path is decided otherwise than is wanted.
  void look(const Expectation& expectation, const proof::Path& path, Judged& judged) {
    std::vector<std::vector<Literal>> lists{{{walk_.terms().word(proof::arch_word), expectation.arches},
                                             {walk_.terms().word(proof::nr_word), expectation.numbers}}};
    if (path.leaf != proof::undecided) {
      const Literal other =
          walk_.terms().literal(walk_[path.leaf].decisions[0].result, expectation.results.complement());
      if (other.set.empty()) return;
      if (!other.set.is_all()) lists[0].push_back(other);
    }
    for (std::size_t i = 0; i < calls::argument_count; ++i) {
      if ((expectation.bits >> i & 1) != 0 && !add_bits(i, expectation.low.args[i], lists[0])) return;
    }
    for (std::size_t i = 0; i < calls::argument_count; ++i) {
      if ((expectation.constant >> i & 1) == 0) continue;
      std::vector<std::vector<Literal>> longer;
      for (const auto& alternative : range_of(walk_.terms(), i, expectation.low.args[i], expectation.high.args[i])) {
        for (std::vector<Literal> list : lists) {
          list.insert(list.end(), alternative.begin(), alternative.end());
          longer.push_back(std::move(list));
        }
      }
      lists = std::move(longer);
    }
    for (const std::vector<Literal>& list : lists) {
      proof::Path narrowed = path;
      narrowed.conditions.insert(narrowed.conditions.end(), list.begin(), list.end());
      proof::Answer answer = proof::Answer::unknown;
      const auto call = call_of(walk_, narrowed, &answer);
      if (answer == proof::Answer::no) continue;
      const std::uint32_t decision = call ? policy_.decide(*call) : 0;
      if (!call || expectation.results.contains(decision)) {
        judged.result = Result::not_decided;
        continue;
      }
      judged = {Result::failed, call, decision};
      return;
    }
  }

  // All bits of `bits` are set in the argument. False if that cannot be.
  bool add_bits(std::size_t argument, std::uint64_t bits, std::vector<Literal>& list) {
    proof::Terms& terms = walk_.terms();
    for (std::uint32_t half = 0; half < 2; ++half) {
      const auto mask = static_cast<std::uint32_t>(bits >> (32 * half));
      if (mask == 0) continue;
      const proof::TermId word = terms.word(static_cast<std::uint32_t>(4 + 2 * argument) + half);
      const proof::TermId masked = terms.make(proof::TermOp::and_, word, terms.constant(mask));
      const Literal literal = terms.literal(masked, IntervalSet::of(mask));
      if (literal.set.empty()) return false;
      if (!literal.set.is_all()) list.push_back(literal);
    }
    return true;
  }

  const Policy& policy_;
  proof::Walk walk_;
};

std::string xml(std::string_view text) {
  std::string out;
  for (const char c : bpf::visible(text)) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

std::string why(const Judged& judged) {
  if (judged.result == Result::not_decided) return "not decided";
  return fmt::format("{} is {}", call_line(*judged.call), decision_text(judged.decision));
}

std::string junit_text(const std::string& file, const std::vector<std::pair<Expectation, Judged>>& results) {
  const auto failures = std::ranges::count_if(results, [](const auto& r) { return r.second.result != Result::passed; });
  std::string out =
      fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\">\n",
                  xml(file), results.size(), failures);
  for (const auto& [expectation, judged] : results) {
    out += fmt::format("  <testcase name=\"{}\" classname=\"{}\" line=\"{}\"", xml(expectation.text), xml(file),
                       expectation.line);
    out += judged.result == Result::passed
               ? "/>\n"
               : fmt::format(">\n    <failure message=\"{}\"/>\n  </testcase>\n", xml(why(judged)));
  }
  return out + "</testsuite>\n";
}

std::vector<Expectation> read_expectations(Session& session, const std::string& name) {
  Input input(name);
  LineReader lines(input, session.out);
  std::vector<Expectation> result;
  std::string_view line;
  while (lines.next(line)) {
    while (!line.empty() && (line.back() == ' ' || line.back() == '\r' || line.back() == '\t')) line.remove_suffix(1);
    if (!calls::is_blank(line)) result.push_back(parse(lines.place(), line, lines.number()));
  }
  return result;
}

nlohmann::ordered_json result_json(const Expectation& expectation, const Judged& judged) {
  const char* const word = judged.result == Result::passed   ? "passed"
                           : judged.result == Result::failed ? "failed"
                                                             : "not decided";
  nlohmann::ordered_json object = {{"line", expectation.line}, {"expectation", expectation.text}, {"result", word}};
  if (judged.call) object["counterexample"] = call_json(*judged.call);
  if (judged.call) object["decision"] = decision_text(judged.decision);
  return object;
}

ExitCode run(Session& session, const TestOptions& options) {
  const std::vector<Expectation> expectations = read_expectations(session, options.file);
  if (expectations.empty()) throw Failure(ExitCode::usage, options.file + ": no expectation");
  const Policy policy(session, options.filters, options.filter, options.rule);
  Tester tester(policy);
  std::vector<std::pair<Expectation, Judged>> results;
  std::size_t failed = 0;
  std::size_t open = 0;
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const Expectation& expectation : expectations) {
    const Judged judged = tester.judge(expectation);
    results.emplace_back(expectation, judged);
    failed += judged.result == Result::failed;
    open += judged.result == Result::not_decided;
    if (options.json) {
      json.push_back(result_json(expectation, judged));
    } else if (judged.result != Result::passed) {
      session.out.print("{}:{}: {}: {}\n", bpf::visible(options.file), expectation.line, bpf::visible(expectation.text),
                        why(judged));
    }
  }
  if (options.json)
    session.out.write(json_text(json));
  else
    session.out.print("{} expectations, {} failed, {} not decided\n", expectations.size(), failed, open);
  if (!options.junit.empty()) write_file(options.junit, junit_text(options.file, results));
  return failed > 0 ? ExitCode::failed : open > 0 ? ExitCode::not_decided : ExitCode::done;
}

}  // namespace

void add_test(CLI::App& app, Session& session) {
  auto options = std::make_shared<TestOptions>();
  CLI::App& command = *app.add_subcommand("test", "Prove that filters decide as a file expects");
  command.add_option("-f,--filter", options->filters, "A filter file, oldest first (may be repeated)")
      ->required()
      ->type_name("FILE")
      ->allow_extra_args(false);
  command.add_option("EXPECTATIONS", options->file, "The lines; - is standard input")->required()->type_name("");
  command.add_flag("--json", options->json, "An array of JSON");
  command.add_option("--junit", options->junit, "Also write the results as JUnit XML")->type_name("FILE");
  add_rule_option(command, options->rule);
  add_filter_options(command, options->filter, "--input-format");
  command.footer(R"(A line is DECISION CALL [ARGUMENT…] [arch=ARCH], such as
  ALLOW read 0 0x1000 16
  ERRNO(EPERM) socket AF_ALG
  DENY ptrace
  ALLOW write 1..2
  ERRNO(EPERM) clone flags&CLONE_NEWUSER
  ALLOW mmap prot=PROT_READ..PROT_WRITE flags=MAP_PRIVATE
  KILL_PROCESS * arch=i386
DECISION is an action, with its data in parentheses if that counts; DENY is every decision that does not let the call
run. * is every call, or every value of an argument; A..B is a range; arguments that are left out may be anything.
NAME=VALUE is an argument by its name (the kernel's or the manual's, or arg0 to arg5), NAME&BITS one that has at least
these bits.
Each line is proved for all calls that it means, not for samples; a line that does not hold is shown with a call.

Examples:
  callgate test -f profile.json policy.expect
  callgate test -f base.bpf -f service.bpf --junit results.xml policy.expect

Exit code: 0 if all lines hold, 1 if one does not, 2 if a file cannot be read, 3 if one could not be decided.)");
  command.callback([options, &session] {
    std::vector<std::string> all = options->filters;
    all.push_back(options->file);
    refuse_reading_twice(all);
    session.exit = run(session, *options);
  });
}

}  // namespace callgate::cli
