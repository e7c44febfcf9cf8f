// A chain compiled for x86_32 that decides in the helper process: what `callgate eval --target x86_32` asks from a
// 64-bit process. Not for several threads at once.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "callgate/expected.hpp"
#include "callgate/options.hpp"
#include "callgate/program.hpp"

namespace callgate::oracles {

class Chain32 {
 public:
  // Compiles the filters, oldest first, with AsmJit; `helper` is the path of the helper's program (oracles/x86_32/). An
  // error is one sentence without a full stop: no AsmJit, code too large, no helper here.
  static Expected<Chain32, std::string> make(std::span<const Program> oldest_first, MergeRule rule, Optimize level,
                                             const std::string& helper);
  Chain32(Chain32&&) noexcept;
  ~Chain32();

  // Writes one result for each call to `results`. Throws std::runtime_error if the helper dies or hangs of the code,
  // which is a bug, and std::system_error if it cannot be started.
  void evaluate(std::span<const SeccompData> calls, std::uint32_t* results);

 private:
  struct State;
  explicit Chain32(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace callgate::oracles
