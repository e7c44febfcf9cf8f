// What a run of the harness asks, and of whom.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "callgate/options.hpp"

namespace callgate::oracles {

// Who decides beside the interpreter, which always does: it is what the others are compared with.
enum class DeciderKind : std::uint8_t {
  xbyak,   // code through Xbyak, for this process
  asmjit,  // code through AsmJit, for this process or for x86_32
  table,   // a Chain with everything that decides in it: action table and code
  match,   // Chain::match(), which replays the filters
  graph,   // the decision graph's own decider, without code
};

const char* name(DeciderKind kind) noexcept;  // "xbyak", "asmjit", "table", "match", "graph"

struct Config {
  std::uint64_t seed = 1;
  std::uint32_t length = 0;   // instructions of every filter; 0 for a mixture up to max_program_length
  std::uint32_t inputs = 16;  // per case
  std::uint32_t max_filters = 1;
  std::optional<MergeRule> rule;  // none: each case has one or the other
  std::vector<DeciderKind> kinds;
  std::vector<Optimize> levels = {Optimize::none, Optimize::full};
  Target target = Target::native;  // of the code; x86_32 from a 64-bit process runs in a helper process:
  std::string helper_32;           // the path of its program
  std::uint32_t batch = 256;       // cases whose code is published together
  bool reuse_code_memory =
      false;  // run code in a CodeBuffer instead of publishing it, and x86_32 code through a Gate32
};

// What this build and this process can run; of the configuration, its target and helper matter.
std::vector<DeciderKind> available_deciders(const Config& config);

// Why no code for the configuration's target can run here, in one sentence without a full stop; empty if it can, or if
// the target is this process's own.
std::string target_obstacle(const Config& config);

}  // namespace callgate::oracles
