// From the plan of a chain to machine code.
#pragma once

#include <cstddef>

#include "callgate/chain.hpp"
#include "callgate/expected.hpp"
#include "ir/plan.h"
#include "jit/backend/backend.h"

namespace callgate::jit {

// More code than this is refused (code_too_large). A path within the kernel's limit stays below it: see
// docs/code-generation.md.
inline constexpr std::size_t max_code_bytes = std::size_t{4} << 20;

struct Request {
  const ir::Plan& plan;
  MergeRule rule;
  Engine engine;  // xbyak or asmjit
  Target target;  // x86_64 or x86_32; need not be what this process runs
  bool with_marks = false;
};

struct CompileError {
  FallbackReason reason;  // no_jit, code_too_large or assembler_error
  std::string message;
};

// Code of `uint32_t f(const SeccompData*)`, which may lie at any address. May throw std::bad_alloc.
Expected<Code, CompileError> compile(const Request& request);

}  // namespace callgate::jit
