// From the plan of a chain to machine code.
#pragma once

#include <cstddef>

#include "callgate/expected.hpp"
#include "callgate/options.hpp"
#include "compose/plan.h"
#include "jit/backend.h"

namespace callgate::jit {

// No chain in baseline form is larger: see docs/code-generation.md.
inline constexpr std::size_t max_baseline_bytes = std::size_t{4} << 20;

struct Request {
  const compose::Plan& plan;
  MergeRule rule;
  Engine engine;  // xbyak or asmjit
  Target target;  // x86_64 or x86_32; need not be what this process runs
  bool with_marks = false;
  // Roots of the newest segment's graph (compose::ChainGraph) that get an entry of their own, beside that of the whole.
  std::span<const ir::NodeId> residuals = {};
  const InputMap& input = seccomp_data_map;
  std::size_t max_bytes = max_baseline_bytes;  // of code; more is refused with code_too_large
};

struct CompileError {
  FallbackReason reason;  // no_jit, code_too_large or assembler_error
  std::string message;
};

// Code of `uint32_t f(const void* input)`, which may lie at any address. May throw std::bad_alloc.
Expected<Code, CompileError> compile(const Request& request);

// The stages of compile(), for tools that show or measure each.
FlowRequest flow_request(const Request& request);

}  // namespace callgate::jit
