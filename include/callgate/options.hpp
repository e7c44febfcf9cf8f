// How a chain is compiled and what it may do to get there.
#pragma once

#include <cstdint>

#include "callgate/export.hpp"
#include "callgate/insn.hpp"
#include "callgate/layout.hpp"

namespace CALLGATE_API callgate {

// What decides calls.
enum class Engine : std::uint8_t {
  automatic,    // the best that this build has: xbyak, else asmjit, else interpreter
  interpreter,  // the reference interpreter alone, without an action table; needs no executable memory
  xbyak,        // native code through Xbyak (for the mode of this process)
  asmjit,       // native code through AsmJit
};

// The machine that code is made for.
enum class Target : std::uint8_t {
  native,  // the mode of this process
  x86_64,
  x86_32,
};

enum class Optimize : std::uint8_t {
  none,  // each filter as it stands: no action table, no decision graph
  full,
};

// How the results of a chain's filters become one.
enum class MergeRule : std::uint8_t {
  // Newest filter first; the first result whose action is not ALLOW ends the chain and is returned whole.
  first_non_allow,
  // As seccomp_run_filters() in kernel/seccomp.c: all filters run, the strictest action wins, and of filters that
  // gave the same action the newest one's data stays.
  most_restrictive,
};

inline constexpr std::uint32_t max_code_bytes = std::uint32_t{1} << 18;

struct Options {
  Engine engine = Engine::automatic;
  Target target = Target::native;
  Optimize optimize = Optimize::full;
  MergeRule rule = MergeRule::first_non_allow;

  // Make no system call that asks for executable memory (a sandbox may kill for it): the chain then runs on the
  // interpreter, whatever `engine` says, and fallback_reason() tells so.
  bool no_exec_memory = false;

  // Seal the mapping of the compiled chain with mseal(2). It can then never be unmapped, not even after the chain
  // is released: only for chains that live as long as the process.
  bool permanent = false;

  // Where evaluate_frame() finds the words of a call. Table and code are made for this layout; chains whose layout is not
  // that of struct seccomp_data still take SeccompData in evaluate(), which then runs on the interpreter.
  InputLayout layout = InputLayout::seccomp_data();

  // The most machine code for one chain, in bytes; above it the chain is compiled with less detail (see
  // docs/code-generation.md). At most max_code_bytes, which is also the reach of the action table.
  std::uint32_t code_limit = max_code_bytes;

  // The longest path of a chain in converted instructions, counted as the kernel does; 0 lifts the limit.
  std::uint32_t path_limit = max_path_length;
};

// Whether this build makes code with `engine` for `target`; native is the mode of this process. The interpreter and
// Engine::automatic are there for every target. Whether this process can also run the code, Chain::create() says. Thread-safe.
bool available(Engine engine, Target target) noexcept;

// What Engine::automatic stands for: xbyak if it is available for the target, else asmjit, else interpreter. Thread-safe.
Engine best(Target target) noexcept;

// Why a chain for which native code was asked for, or would have been chosen, runs on the interpreter.
enum class FallbackReason : std::uint8_t {
  none,             // it runs on the engine that was asked for
  no_exec_memory,   // Options::no_exec_memory
  no_jit,           // this build has no assembler, or this machine is not x86
  memory_refused,   // the system refused executable memory; see Chain::fallback_errno()
  file_size_limit,  // RLIMIT_FSIZE is too small for the code (writing would raise SIGXFSZ)
  code_too_large,   // more machine code than the limit on it (see docs/code-generation.md)
  assembler_error,  // the assembler refused an instruction, or disagreed with the computed sizes: a bug in callgate
};

const char* message(FallbackReason reason) noexcept;

const char* name(Engine engine) noexcept;     // "auto", "interp", "xbyak", "asmjit"
const char* name(Target target) noexcept;     // "native", "x86_64", "x86_32"
const char* name(Optimize level) noexcept;    // "none", "full"
const char* name(MergeRule rule) noexcept;    // "first_non_allow", "most_restrictive"

}  // namespace callgate
