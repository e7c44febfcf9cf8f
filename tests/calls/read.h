// Reading whole texts, for the tests of the readers.
#pragma once

#include <cstdint>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "calls/reader.h"

namespace callgate::test {

struct Read {
  std::vector<calls::Call> calls;
  calls::Skipped skipped;
  std::optional<std::string> error;  // of the first line that has one; nothing is read behind it
  std::uint64_t error_line = 0;
  bool has_hashed_arguments = false;
};

inline Read read(const std::string& text, calls::Form form = calls::Form::automatic) {
  Read result;
  calls::Reader reader(form);
  const calls::Sink keep = [&](const calls::Call& call) { result.calls.push_back(call); };
  std::istringstream input(text);
  std::uint64_t number = 0;
  for (std::string line; !result.error && std::getline(input, line);) {
    ++number;
    result.error = reader.add(line, keep);
    result.error_line = number;
  }
  reader.finish(keep);
  result.skipped = reader.skipped();
  result.has_hashed_arguments = reader.has_hashed_arguments();
  return result;
}

// The one call that the text holds; a call with line 0 if it is not one.
inline calls::Call read_one(const std::string& text) {
  const Read result = read(text);
  return result.calls.size() == 1 && !result.error ? result.calls[0] : calls::Call{};
}

inline constexpr std::uint64_t all_bits = ~std::uint64_t{0};
inline constexpr std::uint64_t high_half = 0xffffffff00000000;

}  // namespace callgate::test
