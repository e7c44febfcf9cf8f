// Many small chains in one mapping: publishing costs far more than compiling them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "oracles/exhaustive/compiled_chain.h"
#include "jit/code_memory.h"

namespace callgate::oracles {

class CALLGATE_HIDDEN CodeBatch {
 public:
  // The chain must have been compiled for this process. Its index is the number of chains before it.
  void add(CompiledChain chain);

  // Makes all that was added callable. Throws std::runtime_error if there is no executable memory.
  void publish();

  // What the published chain decides.
  std::uint32_t decide(std::size_t index, const SeccompData& data) const;

  bool empty() const { return chains_.empty(); }
  void clear();

 private:
  struct Entry {
    CompiledChain chain;
    std::size_t start;  // of its code
  };
  std::vector<Entry> chains_;
  std::vector<std::uint8_t> bytes_;
  jit::CodeMemory memory_;
};

}  // namespace callgate::oracles
