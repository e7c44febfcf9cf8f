// The kinds of deciders; see DeciderKind.
#pragma once

#include <memory>

#include "oracles/harness/decider.h"

namespace callgate::oracles {

std::unique_ptr<Decider> code_decider(Engine engine, Optimize level, bool reuse_code_memory);
std::unique_ptr<Decider> code_32_decider(const std::string& helper, Optimize level);  // AsmJit, in the helper process
std::unique_ptr<Decider> gate_32_decider(Optimize level);  // AsmJit's code for x86_32, in this process
std::unique_ptr<Decider> chain_decider();
std::unique_ptr<Decider> match_decider();
std::unique_ptr<Decider> graph_decider();

// Throws std::runtime_error: the system refuses what code needs to run, which says nothing of the engine.
[[noreturn]] void refuse_to_run(FallbackReason reason, int error);

}  // namespace callgate::oracles
