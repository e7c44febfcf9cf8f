// From units to machine code.
#pragma once

#include <cstddef>
#include <span>

#include "callgate/expected.hpp"
#include "callgate/options.hpp"
#include "ir/sequence.h"
#include "jit/backend.h"
#include "jit/lower.h"
#include "jit/unit.h"

namespace callgate::jit {

// No chain in baseline form is larger: see docs/code-generation.md.
inline constexpr std::size_t max_baseline_bytes = std::size_t{4} << 20;

struct Request {
  std::span<const Unit> units;  // newest first
  ir::Sequence sequence;
  InputMap input;
  Engine engine;  // xbyak or asmjit
  Target target;  // x86_64 or x86_32; need not be that of this process
  bool with_marks = false;
  // Nodes of the newest unit's graph that get an entry of their own, beside that of the whole.
  std::span<const ir::NodeId> entry_roots = {};
  std::size_t max_bytes = max_baseline_bytes;  // of code; more is refused with code_too_large
  BlindingKey blinding = {};
};

struct CompileError {
  FallbackReason reason;  // no_jit, code_too_large or assembler_error
  std::string message;
};

// Code of `uint32_t f(const void* input)`, which may lie at any address. May throw std::bad_alloc.
Expected<Code, CompileError> compile(const Request& request);

// The stages of compile(), for tools that show or measure each.
LowerRequest lower_request(const Request& request);

}  // namespace callgate::jit
