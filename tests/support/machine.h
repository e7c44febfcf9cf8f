// Skips a test of something that this machine cannot do (oracles/machine/machine.h). tests/allowed-skips.txt has to
// allow the skip, under the same word.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "oracles/machine/machine.h"

#define CALLGATE_SKIP_WITHOUT(ability)                                                                             \
  if (const std::string& why = ::callgate::machine::obstacle(::callgate::machine::Ability::ability); !why.empty()) \
  GTEST_SKIP() << why

// For what a user-mode emulator does in its own way: `what` ends the sentence.
#define CALLGATE_SKIP_IF_EMULATED(what) \
  if (::callgate::machine::is_emulated()) GTEST_SKIP() << "an emulator runs this process: " what

// For what a 64-bit process has done by others and a 32-bit one does itself.
#define CALLGATE_SKIP_UNLESS_64_BIT() \
  if (sizeof(void*) != 8) GTEST_SKIP() << "32-bit builds run x86_32 code themselves"

namespace callgate::test {

// Takes abilities away from the programs that are started while it lives; this process's own answers stay.
class Forced {
 public:
  explicit Forced(const std::string& words) {
    if (const char* const before = std::getenv("CALLGATE_MACHINE")) before_ = before;
    ::setenv("CALLGATE_MACHINE", (before_.value_or("") + "," + words).c_str(), 1);
  }
  Forced(const Forced&) = delete;
  Forced& operator=(const Forced&) = delete;
  ~Forced() {
    if (before_) {
      ::setenv("CALLGATE_MACHINE", before_->c_str(), 1);
    } else {
      ::unsetenv("CALLGATE_MACHINE");
    }
  }

 private:
  std::optional<std::string> before_;
};

// The words that start a program of this build: its path, behind the emulator's if it is a 32-bit program that the
// kernel does not run.
inline std::vector<std::string> command_words(const std::string& program) {
  std::vector<std::string> words;
  if (sizeof(void*) == 4) words = machine::launcher_32().words;
  words.push_back(program);
  return words;
}

// Why no process of this machine loads filters; empty if one does. An emulated one does not, but starts probes that the
// kernel runs. What such a process cannot see is told by CALLGATE_MACHINE, which scripts/stages.sh sets.
inline std::string kernel_obstacle() {
  using machine::Ability;
  return machine::is_emulated() && !machine::is_taken_away(Ability::filters) ? "" : machine::obstacle(Ability::filters);
}

}  // namespace callgate::test
