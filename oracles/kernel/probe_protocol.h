// What the oracle asks of the probe, the helper process that loads filters into the kernel. The two sides may have
// different word sizes: everything has a fixed size, and structures have no padding.
//
// A request is a Header and `bytes` of payload; so is its answer. A filter travels as a FilterHeader and its
// instructions. All parts are multiples of 8 bytes, so all are aligned.
#pragma once

#include <cstdint>

#include "callgate/insn.hpp"

namespace callgate::kernel {

enum class Request : std::uint32_t {
  hello,     // -> Hello
  verdicts,  // filters -> for each the errno (one byte) of loading it; nothing stays loaded (see probe.cc)
  calls,     // Calls, filter, inputs -> CallResult per input, issued in a child that holds the filter
  act,       // Act, filters (oldest first) -> Observation of one call in a thread that holds them
  script,    // steps, each a Step and a filter -> StepResult per step, all run in one child
};

struct Header {
  Request kind;
  std::uint32_t bytes;
};

struct FilterHeader {
  std::uint32_t length;
  std::uint32_t reserved;
};

// The instruction that issues the calls.
enum class Gate : std::uint32_t {
  native,  // syscall in a 64-bit probe, int 0x80 in a 32-bit one
  int80,   // int 0x80
};

struct Hello {
  std::uint32_t bits;         // 64 or 32
  std::uint32_t load_errno;   // of loading an empty filter without privileges; 0 if filters work here
  std::uint32_t int80_works;  // whether the kernel serves int 0x80
  std::uint32_t reserved;
  std::uint64_t address_after[2];  // by Gate: what a filter sees as instruction_pointer
};

struct Calls {
  Gate gate;
  std::uint32_t inputs;
};

struct CallResult {
  std::uint32_t killed;  // the call ended the child by SIGSYS: the filter returned KILL_THREAD
  std::int32_t value;    // what the call returned
};

struct Act {
  std::uint32_t nr;  // the call to issue; all arguments are 0
  std::uint32_t filters;
};

enum class Fate : std::uint32_t { returned, thread_killed, process_killed, failed };

struct Observation {
  Fate fate;
  std::int32_t value;       // what the call returned; errno of loading if the fate is `failed`
  std::uint32_t trapped;    // SIGSYS handlers run
  std::uint32_t trap_data;  // si_errno of the last one
};

enum class Op : std::uint32_t {
  no_new_privs,       // prctl(PR_SET_NO_NEW_PRIVS)
  drop_privileges,    // become nobody, if root
  load,               // the step's filter, `repeat` times or until one is refused
  load_null,          // a filter of the step's length at address 0
  load_unreadable,    // a filter of the step's length at an address where nothing is
  null_header,        // struct sock_fprog at address 0
  unknown_operation,  // an operation that seccomp(2) does not have
  branch_begin,       // the steps up to branch_end run in a child of their own and leave nothing behind
  branch_end,
};

struct Step {
  Op op;
  std::uint32_t flags;  // SECCOMP_FILTER_FLAG_*
  std::uint32_t repeat;
  std::uint32_t length_override;  // sock_fprog.len of load_null and load_unreadable
};

struct StepResult {
  std::uint32_t done;   // times it succeeded
  std::uint32_t error;  // errno that ended it, or 0
};

}  // namespace callgate::kernel
