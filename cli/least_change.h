// The least that has to change in a filter for it to let one call run.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/filter_file.h"

namespace callgate::cli {

// Calls that shall run: of one number and architecture, with these values of the arguments that count.
struct WantedCall {
  SeccompData data{};
  std::string name;            // empty: none
  std::uint8_t arguments = 0;  // bit i: argument i counts; the others may be anything
};

struct LeastChange {
  bool is_rule = false;              // of a profile, else instructions in front of the filter
  std::string text;                  // the rule as JSON, or the instructions
  std::vector<std::string> removed;  // places in the profile from which the call's name has to go: "syscalls[3].names"
  std::vector<std::string> also;     // calls that it changes besides
  bool is_proved = false;            // that it changes nothing else
};

// `content` is what the file has, and `program` what was made of it. Empty if no such change lets the call run.
std::optional<LeastChange> least_change(const std::string& content, const FilterOptions& options,
                                        const Program& program, const WantedCall& wanted);

}  // namespace callgate::cli
