// callgate without anything below it: verifier, interpreter, and the decision by images in the caller's memory, in C11.
// libcallgate-core.a has these functions. It needs no libc, no C++ runtime and no other library, makes no system call
// and allocates nothing, and uses general registers and a bounded stack alone, neither thread-local storage nor a stack
// protector: for code before libc or without one, in signal handlers, and in another process's memory.
//
//   uint32_t at;
//   if (callgate_core_verify(instructions, count, &at) != 0) …
//   …callgate_core_run(instructions, &call)…                                     one filter
//
//   const struct callgate_image* image = NULL;
//   if (callgate_core_attach(memory, bytes, NULL, 0, instructions, count, &image) != 0) …
//   …callgate_decide(image, &call)…                                              a chain: callgate/decide.h
//
// Thread safety: what nobody changes any number of threads may use at once. Everything is async-signal-safe.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "callgate/call.h"
#include "callgate/decide.h"

#ifdef __cplusplus
#define CALLGATE_NOEXCEPT noexcept
extern "C" {
#else
#define CALLGATE_NOEXCEPT
#endif

// Codes beside those of verification (101 to 110: enum callgate_code of callgate/callgate.h, which has these as well).
#define CALLGATE_CORE_NULL_POINTER 1
#define CALLGATE_CORE_BAD_VALUE 3  // the rule, or what should be a chain's image
#define CALLGATE_CORE_NO_ROOM 302  // the memory is too small

// Whether seccomp(2) accepts the filter: 0, or the code of the first rule that it breaks, with the index of the
// instruction in *at unless that is null. Uses 8 KiB of stack. Source: as verify() of callgate/program.hpp.
int callgate_core_verify(const struct callgate_insn* instructions, size_t count, uint32_t* at) CALLGATE_NOEXCEPT;

// The result of one filter for a call. The filter must be verified: nothing is checked.
uint32_t callgate_core_run(const struct callgate_insn* instructions,
                           const struct callgate_data* call) CALLGATE_NOEXCEPT;

// Bytes of memory that callgate_core_attach() needs for a filter of so many instructions, wherever the memory begins.
size_t callgate_core_attach_size(size_t count) CALLGATE_NOEXCEPT;

// Verifies a filter and puts it on top of a chain, in the caller's memory: calls that number and architecture settle
// are decided by an action table (filters of more than 1,024 instructions have none), the others by the interpreter and
// by what is below. `below` is an image that a function of this header made, and stays as it is as long as this one; or
// null for the first filter. `rule` is that of the whole chain: 0 for the first result that is not ALLOW, newest filter
// first; 1 for the strictest, as the kernel merges. *image is what callgate_decide() takes; null on failure. The
// instructions are copied; the kernel's limit on a path is not checked. Takes at most 0.8 microseconds for each
// instruction. 0, or a code.
int callgate_core_attach(void* memory, size_t bytes, const struct callgate_image* below, uint32_t rule,
                         const struct callgate_insn* instructions, size_t count,
                         const struct callgate_image** image) CALLGATE_NOEXCEPT;

// Makes an image usable that callgate_chain_copy() of the whole library wrote, in this process or in another one of the
// same word size, and that lies in `memory` now, which must be aligned to 16 bytes and be kept: table, records, and the
// decision graph or the bytecode decide. Trusts what it reads: whoever can write the memory decides calls. Once for a
// copy. 0, or a code.
int callgate_core_adopt(void* memory, size_t bytes, const struct callgate_image** image) CALLGATE_NOEXCEPT;

#ifdef __cplusplus
}  // extern "C"
#endif

#undef CALLGATE_NOEXCEPT
