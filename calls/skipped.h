// Lines of an input that are no calls of their own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace callgate::calls {

struct OddLine {
  std::uint64_t line = 0;  // counted from 1
  std::string reason;
  std::string text;  // the beginning of the line, as it was
};

// Each line that is neither a call nor a comment is counted once.
struct Skipped {
  std::size_t resumed = 0;  // second halves of calls that something interrupted
  std::size_t signals = 0;
  std::size_t exits = 0;       // ends of threads
  std::size_t notices = 0;     // remarks of the program that wrote the input, and empty lines
  std::size_t records = 0;     // audit records that are no calls, or repeat one
  std::size_t other = 0;       // what does not look like a line of this form
  std::size_t odd = 0;         // what looks like a call and cannot be read as one
  std::vector<OddLine> first;  // a few of `other` (not of a log) and `odd`, to show

  // Calls of which neither name nor number tells the architecture: taken to be that of the thread's call before.
  std::size_t guessed_arch = 0;

  void add_odd(std::uint64_t line, std::string reason, std::string_view text) {
    ++odd;
    keep(line, std::move(reason), text);
  }
  void add_other(std::uint64_t line, std::string_view text) {
    ++other;
    keep(line, "not understood", text);
  }

 private:
  static constexpr std::size_t kept_lines = 5;
  static constexpr std::size_t kept_text = 200;

  void keep(std::uint64_t line, std::string reason, std::string_view text) {
    if (first.size() < kept_lines) first.push_back({line, std::move(reason), std::string(text.substr(0, kept_text))});
  }
};

}  // namespace callgate::calls
