// The unit of measure: an indirect call to code that does nothing, in the same kind of memory as a chain's code.
#pragma once

#include <cstddef>
#include <cstdint>

#include "callgate/insn.hpp"

namespace callgate::bench {

// "mov eax, ALLOW; ret", 64-byte aligned, in a sealed and executable shared mapping; a function of this program if
// the system refuses such memory or the machine is not x86.
class EmptyCall {
 public:
  using Function = std::uint32_t (*)(const SeccompData* data);

  EmptyCall();
  EmptyCall(const EmptyCall&) = delete;
  EmptyCall& operator=(const EmptyCall&) = delete;
  ~EmptyCall();

  Function function() const { return function_; }
  bool in_mapped_memory() const { return page_ != nullptr; }

 private:
  void* page_ = nullptr;
  Function function_;
};

}  // namespace callgate::bench
