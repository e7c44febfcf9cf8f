// Emitted code in the Unicorn emulator: an x86 that is not this processor. It watches every access to memory and every
// block that runs, and the registers that belong to the caller.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "callgate/insn.hpp"
#include "callgate/options.hpp"

namespace callgate::test {

struct Emulation {
  std::uint32_t result = 0;
  std::string fault;  // what the code did that it must not do; empty if nothing
};

class Emulator {
 public:
  explicit Emulator(Target target);  // x86_64 or x86_32
  Emulator(const Emulator&) = delete;
  Emulator& operator=(const Emulator&) = delete;
  ~Emulator();

  // Puts the code where no code was before (translations of old code are never met) and makes it what run() runs.
  // Throws std::runtime_error if the emulator fails.
  void load(std::span<const std::uint8_t> code);

  // Calls the code, `entry` bytes from its start, with `data`. Faults are: reading anything but the input, the code
  // itself, and the stack from the argument down to `stack_bytes` below the return address; writing anything but that
  // stack; running anything but the code; returning with another stack pointer, or other registers of the caller than
  // before.
  Emulation run(std::uint32_t entry, const SeccompData& data);

  static constexpr std::uint32_t stack_bytes = 256;

 private:
  struct Machine;
  std::unique_ptr<Machine> machine_;
};

}  // namespace callgate::test
