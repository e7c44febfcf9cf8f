// How callgate eval shows its answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "calls/call.h"
#include "cli/eval_answer.h"
#include "cli/io.h"

namespace callgate::cli {

// "ERRNO(13) EACCES  execve(0x7ffc0000)  filter 0 at 5". The first word is the decision, "?" if it is not known.
// `names` are those of the filter files.
std::string answer_text(const calls::Call& call, const Answer& answer, const std::vector<std::string>& names);
// The same as an object of JSON, one line.
std::string answer_json(const calls::Call& call, const Answer& answer, const std::vector<std::string>& names);

// Counts answers, for the table at the end.
class EvalSummary {
 public:
  void add(const calls::Call& call, const Answer& answer, const std::vector<std::string>& names);
  void print(Output& out) const;
  void print_json(Output& out) const;

 private:
  using Row = std::tuple<std::string, std::string, std::string>;  // decision, call, by what
  std::map<Row, std::uint64_t> rows_;
  std::uint64_t calls_ = 0;
  std::uint64_t allowed_ = 0;
  std::uint64_t unknown_ = 0;
};

}  // namespace callgate::cli
