// Options of a chain: engine, target, rule, input layout, limits and budgets. Plain values; nothing here owns anything.
#pragma once

#include <cstdint>

#include "callgate/export.hpp"
#include "callgate/insn.hpp"
#include "callgate/layout.hpp"

namespace CALLGATE_API callgate {

// The part of the library that decides calls.
enum class Engine : std::uint8_t {
  automatic,    // the best engine of this build: xbyak, else asmjit, else interpreter
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

// How much is made of filters before they decide.
enum class Optimize : std::uint8_t {
  none,  // code for each filter as it stands; no action table, no decision graph
  full,  // one decision graph for all filters, and an action table
};

// How the results of all filters are merged into the result of the chain.
enum class MergeRule : std::uint8_t {
  // Newest filter first; the first result whose action is not ALLOW ends the chain and is returned whole.
  first_non_allow,
  // As seccomp_run_filters() in kernel/seccomp.c: all filters run, the strictest action wins, and of filters that
  // gave the same action the newest one's data stays.
  most_restrictive,
};

// The most code that an action table can refer to, in bytes.
inline constexpr std::uint32_t max_code_bytes = std::uint32_t{1} << 18;

// What Chain::create() takes; all chains that are attached to that chain have the same.
struct Options {
  Engine engine = Engine::automatic;            // what decides
  Target target = Target::native;               // of the code
  Optimize optimize = Optimize::full;           // before it decides
  MergeRule rule = MergeRule::first_non_allow;  // of the filters' results

  // Make no system call that asks for executable memory, for which a sandbox may kill the process. The chain then
  // decides without code, whatever `engine` says, and its fallback_reason() is no_exec_memory.
  bool no_exec_memory = false;

  // Seal the mapping of the compiled chain with mseal(2), if the kernel has it (Chain::permanent() tells). The mapping
  // then stays until the process ends, even after the chain is released: for chains that live as long as the process.
  // So does that of each chain on the way there, of the empty one too. Nothing is sealed for Engine::interpreter.
  bool permanent = false;

  // Where Chain::evaluate_frame() finds the words of a call. Table and code are made for this layout. If it is another
  // layout than that of struct seccomp_data, Chain::evaluate() still takes SeccompData, and decides by the interpreter.
  InputLayout layout = InputLayout::seccomp_data();

  // The most machine code for one chain, in bytes; larger values than max_code_bytes count as max_code_bytes. A chain
  // with more code is compiled again with less precision (see docs/code-generation.md).
  std::uint32_t code_limit = max_code_bytes;

  // The longest path of a chain, in converted instructions as the kernel counts them; 0 means no limit.
  std::uint32_t path_limit = max_path_length;

  // Budgets of one attach, for filters that nobody knows: 0 is none but those that every attach has. Over a budget a
  // chain loses precision (Chain::precision()), down to each filter as it stands and the interpreter at last; it never
  // fails for that, and decides the same. All three are exact and repeat: they depend on filters and options alone.
  //
  // Steps of composing filters with what lies below them. A step takes about 60 ns; what else an attach does takes time
  // in proportion to the filters and to the graph. A chain whose code or bytes are over their limit is composed again,
  // three times at most, and has these steps each time.
  std::uint32_t step_limit = 0;
  // Nodes of the chain's decision graph, of 32 bytes or so each, before its numbers become tests where it must do
  // without a table.
  std::uint32_t node_limit = 0;
  // Memory of what decides, in bytes: action table and records, code, and graph. Filters are not counted, nor is the
  // header of the chain.
  std::uint32_t byte_limit = 0;

  // No constant of a filter of more than a byte (-128 .. 127), and none that was computed of them, stands in code as it
  // is, where it could be taken for instructions of the filter's author: it is put together of two words that he cannot
  // foresee. Costs two short instructions for each constant on the way of a decision (docs/code-generation.md), and a
  // call of getrandom(2) for each attach. Code is then not the same in each run. Table, records and filters hold
  // constants as they are, in memory that is not executable.
  bool blind_constants = false;
};

// Whether this build can make code for `target` with `engine`. The interpreter and Engine::automatic are available for
// every target. Chain::create() also checks that this process can run the code. Thread-safe.
bool available(Engine engine, Target target) noexcept;

// The engine that Engine::automatic selects: xbyak if it is available for the target, else asmjit, else interpreter.
// Thread-safe.
Engine best(Target target) noexcept;

// Why a chain decides without code although its options do not ask for the interpreter.
enum class FallbackReason : std::uint8_t {
  none,             // no fallback: the chain has the engine of its options
  no_exec_memory,   // Options::no_exec_memory
  no_jit,           // this build has no assembler, or this machine is not x86
  memory_refused,   // the system refused executable memory; see Chain::fallback_errno()
  file_size_limit,  // RLIMIT_FSIZE is too small for the code (writing would raise SIGXFSZ), and the system refused
                    // executable memory without a file
  code_too_large,   // more machine code than the limit on it (see docs/code-generation.md)
  assembler_error,  // the assembler refused an instruction, or disagreed with the computed sizes: a bug in callgate
  caller_memory,    // the newest filter lies in the caller's memory: Chain::attach_in()
};

// The reason in words: a string literal, never null. Thread-safe.
const char* message(FallbackReason reason) noexcept;

// The names of values as command lines have them: string literals, never null; "unknown" for what is no value of the
// type. Thread-safe.
const char* name(Engine engine) noexcept;   // "auto", "interp", "xbyak", "asmjit"
const char* name(Target target) noexcept;   // "native", "x86_64", "x86_32"
const char* name(Optimize level) noexcept;  // "none", "full"
const char* name(MergeRule rule) noexcept;  // "first_non_allow", "most_restrictive"

}  // namespace callgate
