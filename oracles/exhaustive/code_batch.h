// Many small chains in one mapping: publishing costs far more than compiling them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "jit/code_memory.h"
#include "oracles/exhaustive/compiled_chain.h"

namespace callgate::oracles {

class CALLGATE_HIDDEN CodeBatch {
 public:
  // The code must have been made for this process. Its index is the number of chains before it.
  void add(detail::Image image);

  // Makes all that was added callable. Throws std::runtime_error if there is no executable memory.
  void publish();

  // What the published image decides.
  std::uint32_t decide(std::size_t index, const SeccompData& data) const;

  bool empty() const { return chains_.empty(); }
  void clear();

 private:
  struct Entry {
    detail::Image image;
    std::size_t start;  // of its code
  };
  std::vector<Entry> chains_;
  std::vector<std::uint8_t> bytes_;
  jit::CodeMemory memory_;
};

}  // namespace callgate::oracles
