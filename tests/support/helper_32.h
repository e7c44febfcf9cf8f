// Runs x86_32 code from a 64-bit process, in a 32-bit helper process.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "callgate/insn.hpp"

namespace callgate::test {

class Helper32 {
 public:
  // Whether the build made the helper (it needs g++-multilib) and this process is not 32-bit itself.
  static bool is_available();

  // The one helper of this process, started at first use.
  static Helper32& instance();

  // What the code answers for each input; empty if the helper died of it.
  std::vector<std::uint32_t> run(std::span<const std::uint8_t> code, std::span<const SeccompData> inputs);

  Helper32(const Helper32&) = delete;
  Helper32& operator=(const Helper32&) = delete;

 private:
  Helper32();
  ~Helper32();

  int pid_ = -1;
  int to_ = -1;
  int from_ = -1;
};

}  // namespace callgate::test
