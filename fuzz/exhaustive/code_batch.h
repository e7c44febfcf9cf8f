// Many small programs compiled into one mapping: publishing costs far more than compiling them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "callgate/options.hpp"
#include "callgate/program.hpp"
#include "jit/code_memory.h"

namespace callgate::fuzz {

class CodeBatch {
 public:
  // Compiles a chain for this process and gives its index. Throws std::runtime_error if it does not compile.
  std::size_t add(std::span<const Program> oldest_first, MergeRule rule, Engine engine, Optimize level);

  // Makes all that was added callable. Throws std::runtime_error if there is no executable memory.
  void publish();

  std::uint32_t run(std::size_t index, const SeccompData& data) const;
  std::size_t size() const { return starts_.size(); }
  void clear();

 private:
  std::vector<std::uint8_t> bytes_;
  std::vector<std::size_t> starts_;
  jit::CodeMemory memory_;
};

// Engines whose code this process can run.
std::vector<Engine> engines_here();

}  // namespace callgate::fuzz
