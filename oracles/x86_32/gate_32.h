// Calls x86_32 code inside a 64-bit process: a far call into the 32-bit code segment that Linux keeps for every
// process. It serves where each input has to be answered before the next one is made (fuzz_engines). Code that goes
// astray takes the process with it; runs that have to go on after that use the helper process. Only where
// machine::Ability::segment_32 is there.
#pragma once

#include <cstdint>

#include "callgate/insn.hpp"

namespace callgate::oracles {

// Not for several threads at once.
class Gate32 {
 public:
  Gate32();  // throws std::system_error if memory below 4 GiB is refused
  Gate32(const Gate32&) = delete;
  Gate32& operator=(const Gate32&) = delete;
  ~Gate32();

  // The result of the cdecl function at `entry`, below 4 GiB, for a copy of `data`. Ends the process (SIGILL) if the
  // function does not keep its input, or what belongs to its caller: registers, stack pointer and stack. What lies
  // behind the input cannot be read.
  std::uint32_t call(const std::uint8_t* entry, const SeccompData& data);

 private:
  struct Low;

  [[maybe_unused]] Low* low_ = nullptr;            // what 32-bit code reads and writes
  [[maybe_unused]] std::uint8_t* gate_ = nullptr;  // the gate's code
};

}  // namespace callgate::oracles
