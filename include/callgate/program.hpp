// Program: a filter that is known to be valid, and verify(), the only way to get one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "callgate/expected.hpp"
#include "callgate/export.hpp"
#include "callgate/insn.hpp"

namespace CALLGATE_API callgate {

// Which rule a filter breaks. The kernel answers EINVAL to every one of them.
enum class VerifyErrc : std::uint8_t {
  empty,                  // no instruction at all
  too_long,               // more than max_program_length instructions
  unknown_opcode,         // not among the opcodes that seccomp accepts
  load_offset,            // LD W ABS outside struct seccomp_data, or not a multiple of 4 bytes
  division_by_zero,       // DIV K with k = 0
  shift_too_large,        // LSH K or RSH K with k >= 32
  scratch_slot,           // M[k] with k >= scratch_slots
  scratch_uninitialised,  // M[k] may be read before it is written
  jump_out_of_program,    // a jump target behind the last instruction
  no_return_at_end,       // the last instruction is neither RET K nor RET A
  out_of_memory,          // the filter may be valid, but there was no memory to keep it
};

// Why verify() refused a filter.
struct VerifyError {
  VerifyErrc code;       // the rule
  std::uint32_t pc;      // index of the offending instruction
  Insn insn;             // the instruction itself (zero for empty and too_long)
  std::uint32_t length;  // instructions in the program
};

// The rule that `code` stands for, e.g. "jump leaves the program". A string literal; never null.
const char* rule(VerifyErrc code) noexcept;

// Writes one line such as "at 12: jump leaves the program (jt=9, length 14)" into out[0 .. capacity), always
// terminated when capacity > 0, cut when too long. Returns its length in bytes without the terminator.
std::size_t describe(const VerifyError& error, char* out, std::size_t capacity) noexcept;

// The same as a string. May throw std::bad_alloc.
inline std::string to_string(const VerifyError& error) {
  char text[160];
  return {text, describe(error, text, sizeof text)};
}

// An immutable, valid filter. Cheap to copy: copies share the instructions (atomic reference count). A moved-from
// Program has no instructions; interpret() answers KILL_PROCESS for it, and no chain takes it.
// Thread safety: distinct Program objects may be used from any threads, whether or not they share.
class Program {
 public:
  // Copies share the instructions; the moved-from object has none.
  Program(const Program& other) noexcept;
  Program(Program&& other) noexcept;
  Program& operator=(Program other) noexcept;
  ~Program();

  // Valid as long as a Program that shares them lives.
  std::span<const Insn> instructions() const noexcept;
  std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(instructions().size()); }

  // Instructions after the kernel's conversion to its internal BPF (bpf_convert_filter() in net/core/filter.c);
  // the kernel counts these, not the classic ones, against max_path_length.
  std::uint32_t kernel_length() const noexcept;

 private:
  struct Shared;
  explicit Program(Shared* shared) noexcept : shared_(shared) {}
  friend Expected<Program, VerifyError> verify(std::span<const Insn> instructions) noexcept;

  Shared* shared_;
};

// Accepts exactly the filters that seccomp(2) accepts, and copies them. Reports the first violation in program
// order. Source: bpf_check_classic(), check_load_and_stores() in net/core/filter.c and seccomp_check_filter()
// in kernel/seccomp.c.
Expected<Program, VerifyError> verify(std::span<const Insn> instructions) noexcept;

// Runs one filter on one system call with the reference interpreter and returns the filter's 32-bit result;
// KILL_PROCESS for a moved-from Program. Allocates nothing, async-signal-safe, safe on any thread.
std::uint32_t interpret(const Program& program, const SeccompData& data) noexcept;

}  // namespace callgate
