// The tests that one call passes in one filter.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "callgate/program.hpp"

namespace callgate::cli {

struct PassedTest {
  std::uint32_t pc = 0;
  std::string text;         // "jeq #0x26, 7, 8"
  std::string what;         // where the accumulator was loaded from last: "args[0].lo"; or "A"
  std::uint32_t value = 0;  // of the accumulator
  bool holds = false;
};

// In the order in which the call comes to them. Asked of the interpreter: a filter that returns at an instruction says
// whether the call comes there.
std::vector<PassedTest> passed_tests(const Program& program, const SeccompData& call);

}  // namespace callgate::cli
