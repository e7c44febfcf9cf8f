// Where two chains of filters decide differently.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/policy.h"

namespace callgate::cli {

// Calls of one architecture that two chains decide differently in one way.
struct Change {
  std::string condition;  // empty: whatever the arguments
  std::string before;
  std::string after;
  std::vector<std::string> names;
  proof::IntervalSet numbers;   // all of them
  proof::IntervalSet nameless;  // those without a name
  SeccompData call{};
  std::uint32_t old_result = 0;
  std::uint32_t new_result = 0;
  bool is_computed = false;  // results differ from call to call
};

struct DiffSection {
  std::string domain;
  std::vector<Change> changes;
  std::vector<std::string> open;  // what is not decided
};

// Only what the new chain lets run and the old one does not, if `subset`. Empty: they decide alike.
std::vector<DiffSection> differences(const Policy& before, const Policy& after, bool subset);

const char* verdict_of(const std::vector<DiffSection>& sections);  // "equal", "different", "not decided"
nlohmann::ordered_json diff_json(const std::vector<DiffSection>& sections);

}  // namespace callgate::cli
