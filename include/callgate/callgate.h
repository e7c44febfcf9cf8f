// callgate in C (C11; C++ may include it too): all that the C++ headers offer, over the same library.
//
//   const callgate_chain* chain = NULL;
//   struct callgate_error error = {.size = sizeof error};
//   const struct callgate_filter filter = {instructions, count};
//   if (callgate_chain_from_filters(NULL, &filter, 1, &chain, &error) != CALLGATE_OK) …callgate_error_text(&error, …)…
//   …callgate_evaluate(chain, &call)…
//   callgate_chain_release(chain);
//
// Conventions
//   Results    Functions that can fail return an enum callgate_code, CALLGATE_OK (0) if all went well, and say more in
//              *error, if it is given. What they make is in *out then; else *out is null.
//   Structs    begin with their size in bytes, which the caller sets: sizeof of the struct that he was compiled with. A
//              smaller one, of an older caller, is taken as if the rest were 0, and only its bytes are written.
//              A larger one, of a newer caller, is taken if what this library does not know of it is 0. All zeros but
//              the size are the defaults.
//   Misuse     A null pointer where none may be, a wrong size, a number that is no value of its enumeration: an error
//              (below 100), or for what decides: KILL_PROCESS. Nothing can be done about pointers that are wrong.
//   Ownership  Chains, programs and slots are owned by who made or retained them. Chains and programs are immutable and
//              counted; release() of null does nothing.
//   Threads    Any number of threads may use one chain or program at once. Nothing is kept between calls: errors are in
//              the caller's struct and buffer only.
//   Signals    What is said to be async-signal-safe allocates nothing, takes no lock, makes no system call and touches
//              neither errno, thread-local storage nor vector registers. The rest is not.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "callgate/call.h"
#include "callgate/decide.h"
#include "callgate/slot.h"
#include "callgate/version.hpp"

#ifdef __cplusplus
#define CALLGATE_CAST(type, value) static_cast<type>(value)
#define CALLGATE_INLINE __attribute__((visibility("hidden"))) inline
#define CALLGATE_NOEXCEPT noexcept
#else
#define CALLGATE_CAST(type, value) ((type)(value))
#define CALLGATE_INLINE static inline
#define CALLGATE_NOEXCEPT
#endif
#define CALLGATE_FUNCTION __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

// ---- Vocabulary
// -------------------------------------------------------------------------------------------------------

// A filter that nobody has verified yet.
struct callgate_filter {
  const struct callgate_insn* instructions;  // may be null if there are none
  size_t count;                              // of instructions
};

// SECCOMP_RET_*: the upper half of a result; the lower half is data.
#define CALLGATE_KILL_PROCESS UINT32_C(0x80000000)
#define CALLGATE_KILL_THREAD UINT32_C(0x00000000)
#define CALLGATE_TRAP UINT32_C(0x00030000)
#define CALLGATE_ERRNO UINT32_C(0x00050000)
#define CALLGATE_USER_NOTIF UINT32_C(0x7fc00000)
#define CALLGATE_TRACE UINT32_C(0x7ff00000)
#define CALLGATE_LOG UINT32_C(0x7ffc0000)
#define CALLGATE_ALLOW UINT32_C(0x7fff0000)
#define CALLGATE_ACTION_MASK UINT32_C(0xffff0000)
#define CALLGATE_DATA_MASK UINT32_C(0x0000ffff)

// No filter, or no instruction: the value of an index.
#define CALLGATE_NONE UINT32_C(0xffffffff)

typedef struct callgate_program callgate_program;  // a filter that is known to be valid
typedef struct callgate_image callgate_chain;      // a chain of filters: what callgate_decide() takes
typedef struct callgate_slot callgate_slot;        // the chain that decides now: see below

// ---- Errors
// -----------------------------------------------------------------------------------------------------------

// CALLGATE_AREA() of a code.
enum callgate_area {
  CALLGATE_AREA_MISUSE = 0,
  CALLGATE_AREA_VERIFICATION = 1,  // seccomp(2) answers EINVAL to these filters
  CALLGATE_AREA_LIMITS = 2,
  CALLGATE_AREA_MEMORY = 3,
  CALLGATE_AREA_PUBLICATION = 4,
  CALLGATE_AREA_LOADING = 5
};
// The enum callgate_area of a code.
#define CALLGATE_AREA(code) ((code) / 100)

// The numbers never change.
enum callgate_code {
  CALLGATE_OK = 0,

  CALLGATE_NULL_POINTER = 1,  // `where` is null
  CALLGATE_BAD_SIZE = 2,  // the size of the struct `where` is too small, too large, or has unknown bytes that are not 0
  CALLGATE_BAD_VALUE = 3,   // `where` holds no value of its type
  CALLGATE_BAD_LAYOUT = 4,  // in the layout the number is a constant, or an offset is not a multiple of 4 or too large
  CALLGATE_BAD_COUNT = 5,   // an array that would not fit into the address space
  CALLGATE_BAD_OBJECT = 6,  // a chain or a program that was moved from (in C++)
  CALLGATE_NOT_PORTABLE = 7,  // the chain has machine code, or none of what could be copied

  CALLGATE_EMPTY = 101,                  // no instruction at all
  CALLGATE_TOO_LONG = 102,               // more than 4,096 instructions
  CALLGATE_UNKNOWN_OPCODE = 103,         // not among the opcodes that seccomp accepts
  CALLGATE_LOAD_OFFSET = 104,            // LD W ABS outside struct seccomp_data, or not a multiple of 4 bytes
  CALLGATE_DIVISION_BY_ZERO = 105,       // DIV K with k = 0
  CALLGATE_SHIFT_TOO_LARGE = 106,        // LSH K or RSH K with k >= 32
  CALLGATE_SCRATCH_SLOT = 107,           // M[k] with k >= 16
  CALLGATE_SCRATCH_UNINITIALISED = 108,  // M[k] may be read before it is written
  CALLGATE_JUMP_OUT_OF_PROGRAM = 109,    // a jump target behind the last instruction
  CALLGATE_NO_RETURN_AT_END = 110,       // the last instruction is neither RET K nor RET A

  CALLGATE_PATH_TOO_LONG = 201,   // the path exceeds path_limit; the kernel answers ENOMEM
  CALLGATE_CODE_TOO_LARGE = 202,  // only as `fallback`: more machine code than the limit on it

  CALLGATE_OUT_OF_MEMORY = 301,
  CALLGATE_NO_ROOM = 302,  // the caller's memory is too small

  CALLGATE_ENGINE_UNAVAILABLE = 401,  // this build does not have the engine
  CALLGATE_TARGET_UNAVAILABLE = 402,  // this process cannot run code for the target, or the engine cannot make it
  CALLGATE_NO_EXEC_MEMORY = 403,      // this and the next ones only as `fallback`: the options ask for it
  CALLGATE_NO_JIT = 404,              // this build has no assembler, or this machine is not x86
  CALLGATE_MEMORY_REFUSED = 405,      // the system refused executable memory
  CALLGATE_FILE_SIZE_LIMIT = 406,     // RLIMIT_FSIZE is too small for the code
  CALLGATE_ASSEMBLER_ERROR = 407,     // a bug in callgate
  CALLGATE_CALLER_MEMORY = 408,       // only as `fallback`: the newest filter lies in the caller's memory

  CALLGATE_NO_MEMORY_FILE = 501,  // the descriptor is not that of a file of memory that can be sealed
  CALLGATE_NOT_SEALED = 502,      // the file has not all seals: others may still change it
  CALLGATE_BAD_FORMAT = 503,      // the file does not begin as saved chains do, or has another byte order
  CALLGATE_BAD_VERSION = 504,     // of the format
  CALLGATE_DAMAGED = 505,         // sizes, checksum or options of the file are wrong
  CALLGATE_NOT_READ = 506,        // a system call failed; error_number says how
  CALLGATE_NOT_WRITTEN = 507      // the same, while saving
};

// What went wrong, and where.
struct callgate_error {
  uint32_t size;         // of this struct in bytes; set by the caller
  int32_t code;          // enum callgate_code
  uint32_t filter;       // index of the filter in the array that was given, or CALLGATE_NONE
  uint32_t instruction;  // index in the filter, or CALLGATE_NONE
  int32_t error_number;  // errno value: of the system call that failed, or what seccomp(2) answers; 0 if there is none
  uint32_t length;       // instructions in the filter (verification)
  struct callgate_insn insn;  // the instruction (verification)
  uint64_t path_length;       // converted instructions (CALLGATE_PATH_TOO_LONG)
  uint32_t path_limit;        // converted instructions (CALLGATE_PATH_TOO_LONG)
  uint32_t reserved;          // 0
  const char* where;          // name of the argument or field (misuse), a string literal; or null
};
#define CALLGATE_ERROR_MIN_SIZE 20  // bytes: up to error_number

// Writes the error in words, such as "filter 2, at 12: jump leaves the program (jt=9, length 14)", into
// text[0 .. capacity), always terminated when capacity > 0, cut when too long; a longest text has 255 bytes. Returns
// the length of the whole text in bytes without the terminator: it was cut if that is not below `capacity`. An error
// that is null or whose size is wrong is said to be so. Async-signal-safe.
CALLGATE_FUNCTION size_t callgate_error_text(const struct callgate_error* error, char* text,
                                             size_t capacity) CALLGATE_NOEXCEPT;

// What the code means: a string literal, never null. Async-signal-safe.
CALLGATE_FUNCTION const char* callgate_code_text(int32_t code) CALLGATE_NOEXCEPT;

// ---- Options
// ----------------------------------------------------------------------------------------------------------

enum callgate_engine {
  CALLGATE_ENGINE_AUTOMATIC = 0,  // the best engine of this build: xbyak, else asmjit, else interpreter
  CALLGATE_ENGINE_INTERPRETER = 1,
  CALLGATE_ENGINE_XBYAK = 2,
  CALLGATE_ENGINE_ASMJIT = 3
};
// The machine that code is made for.
enum callgate_target { CALLGATE_TARGET_NATIVE = 0, CALLGATE_TARGET_X86_64 = 1, CALLGATE_TARGET_X86_32 = 2 };
// How much is made of filters before they decide.
enum callgate_optimize {
  CALLGATE_OPTIMIZE_DEFAULT = 0,  // as CALLGATE_OPTIMIZE_FULL
  CALLGATE_OPTIMIZE_NONE = 1,     // code for each filter as it stands
  CALLGATE_OPTIMIZE_FULL = 2      // one decision graph for all filters, and an action table
};
// How the filters' results become one.
enum callgate_rule {
  CALLGATE_FIRST_NON_ALLOW = 0,  // newest filter first; the first result whose action is not ALLOW is the chain's
  CALLGATE_MOST_RESTRICTIVE = 1  // the kernel's: all filters run, the strictest action wins, ties go to the newest
};
// How much of what its filters distinguish a chain distinguishes, from all to nothing (callgate/chain.hpp).
enum callgate_precision {
  CALLGATE_PATH_SENSITIVE = 0,
  CALLGATE_PER_NUMBER = 1,
  CALLGATE_NUMBER_BLIND = 2,
  CALLGATE_BASELINE = 3
};

// Layouts: where the words of a call lie in the caller's frame (callgate/layout.hpp says more of each).
enum callgate_frame_kind {
  CALLGATE_FRAME_CUSTOM = 0,
  CALLGATE_FRAME_SECCOMP_DATA = 1,
  CALLGATE_FRAME_SPLIT = 2,                // number, six low halves, six high halves
  CALLGATE_FRAME_UCONTEXT_X86_64 = 3,      // ucontext_t of an x86_64 process
  CALLGATE_FRAME_UCONTEXT_I386 = 4,        // ucontext_t of an i386 process
  CALLGATE_FRAME_USER_REGS_X86_64 = 5,     // struct user_regs_struct
  CALLGATE_FRAME_SECCOMP_NOTIF = 6,        // struct seccomp_notif
  CALLGATE_FRAME_PTRACE_SYSCALL_INFO = 7,  // struct ptrace_syscall_info
  CALLGATE_FRAME_PUSHED_REGISTERS = 8      // rax, rdi, rsi, rdx, r10, r8, r9, return address: eight 64-bit words
};

// The place of one 32-bit word of a call in the caller's frame.
struct callgate_input_word {
  uint32_t is_constant;  // 0 or 1
  uint32_t value;        // the constant; or the offset in bytes: a multiple of 4, at most 4092
};

// The places of all words of a call in the caller's frame.
struct callgate_layout {
  uint32_t size;          // of this struct in bytes
  uint32_t single_fetch;  // 1 if others can write the frame meanwhile: every word is loaded once, before the decision
  // Word 0 is the number and no constant, word 1 the architecture, words 2 and 3 the instruction pointer, words 4 + 2 i
  // and 5 + 2 i argument i; the low half comes first.
  struct callgate_input_word words[16];
};

// Options of a chain (callgate/options.hpp says more of each).
struct callgate_options {
  uint32_t size;            // of this struct in bytes
  uint32_t engine;          // enum callgate_engine
  uint32_t target;          // enum callgate_target
  uint32_t optimize;        // enum callgate_optimize
  uint32_t rule;            // enum callgate_rule
  uint32_t no_exec_memory;  // 1: make no system call that asks for executable memory
  uint32_t permanent;       // 1: seal the mapping with mseal(2), if the kernel has it
  uint32_t code_limit;      // most machine code in bytes; 0: 256 KiB, the most that there can be
  uint32_t path_limit;      // longest path in converted instructions; 0: 32768, the kernel's; CALLGATE_NONE: no limit
  uint32_t reserved;        // 0
  const struct callgate_layout* layout;  // of frames; null: struct seccomp_data. Copied, not kept.
  // Budgets of one attach, for filters that nobody knows; over them a chain loses precision, never a right decision
  // (callgate/options.hpp). 0: none but those that every attach has.
  uint32_t step_limit;       // of composing filters, each about 60 ns
  uint32_t node_limit;       // of the decision graph, about 32 bytes each
  uint32_t byte_limit;       // of table, records, code and graph
  uint32_t blind_constants;  // 1: no constant of a filter of more than a byte stands in code as it is
};
#define CALLGATE_OPTIONS_MIN_SIZE offsetof(struct callgate_options, step_limit)  // bytes

// The layout of a preset. `arch` is the architecture of CALLGATE_FRAME_SPLIT and of no other kind. *layout must have
// its size. Fails with CALLGATE_NULL_POINTER, CALLGATE_BAD_SIZE or CALLGATE_BAD_VALUE (CALLGATE_FRAME_CUSTOM too).
// Async-signal- safe, as the next one.
CALLGATE_FUNCTION int callgate_layout_preset(uint32_t kind, uint32_t arch,
                                             struct callgate_layout* layout) CALLGATE_NOEXCEPT;

// Turns a layout into that for filters of big-endian machines, which expect the halves of arguments and instruction
// pointer the other way round (InputLayout::with_swapped_halves()). Fails with CALLGATE_NULL_POINTER or
// CALLGATE_BAD_SIZE. Async-signal-safe.
CALLGATE_FUNCTION int callgate_layout_swap_halves(struct callgate_layout* layout) CALLGATE_NOEXCEPT;

// The enum callgate_frame_kind that the words make; CALLGATE_FRAME_CUSTOM for others, null and what has a wrong size.
CALLGATE_FUNCTION uint32_t callgate_layout_kind(const struct callgate_layout* layout) CALLGATE_NOEXCEPT;

// Whether this build can make code for the target with the engine: 1 or 0 (0 for what is no value of its type).
CALLGATE_FUNCTION int callgate_engine_available(uint32_t engine, uint32_t target) CALLGATE_NOEXCEPT;

// The engine that CALLGATE_ENGINE_AUTOMATIC selects.
CALLGATE_FUNCTION uint32_t callgate_best_engine(uint32_t target) CALLGATE_NOEXCEPT;

// ---- Programs
// ---------------------------------------------------------------------------------------------------------

// Accepts exactly the filters that seccomp(2) accepts, and copies them. Fails with a code of verification, memory or
// misuse.
CALLGATE_FUNCTION int callgate_verify(const struct callgate_insn* instructions, size_t count,
                                      const callgate_program** out, struct callgate_error* error) CALLGATE_NOEXCEPT;

// Another reference to the program, which is returned; null for null.
CALLGATE_FUNCTION const callgate_program* callgate_program_retain(const callgate_program* program) CALLGATE_NOEXCEPT;
CALLGATE_FUNCTION void callgate_program_release(const callgate_program* program) CALLGATE_NOEXCEPT;

// Its instructions, valid as long as the program, and their number in *count, which may be null. Null and 0 for null.
CALLGATE_FUNCTION const struct callgate_insn* callgate_program_instructions(const callgate_program* program,
                                                                            size_t* count) CALLGATE_NOEXCEPT;

// Converted instructions, as the kernel counts them against the limit on a path. 0 for null.
CALLGATE_FUNCTION uint32_t callgate_program_kernel_length(const callgate_program* program) CALLGATE_NOEXCEPT;

// The result of the program alone, by the reference interpreter. KILL_PROCESS for null. Async-signal-safe.
CALLGATE_FUNCTION uint32_t callgate_interpret(const callgate_program* program,
                                              const struct callgate_data* data) CALLGATE_NOEXCEPT;

// ---- Chains
// -----------------------------------------------------------------------------------------------------------

// A chain of the filters, oldest first, compiled once; without filters it allows every call. `options` may be null. All
// chains that are attached to it have its options. Fails with any code; `error->filter` is an index of the array.
CALLGATE_FUNCTION int callgate_chain_from_filters(const struct callgate_options* options,
                                                  const struct callgate_filter* oldest_first, size_t count,
                                                  const callgate_chain** out,
                                                  struct callgate_error* error) CALLGATE_NOEXCEPT;

// A new chain with the filters on top of `chain`, which stays as it is. It is compiled once, however many are attached.
// If the system refuses executable memory, or the code would be too large, the call succeeds: the new chain decides the
// same without code, and its `fallback` says why. The second function takes programs.
CALLGATE_FUNCTION int callgate_chain_attach(const callgate_chain* chain, const struct callgate_filter* oldest_first,
                                            size_t count, const callgate_chain** out,
                                            struct callgate_error* error) CALLGATE_NOEXCEPT;
CALLGATE_FUNCTION int callgate_chain_attach_programs(const callgate_chain* chain,
                                                     const callgate_program* const* oldest_first, size_t count,
                                                     const callgate_chain** out,
                                                     struct callgate_error* error) CALLGATE_NOEXCEPT;

// Another reference to the chain, which is returned; null for null.
CALLGATE_FUNCTION const callgate_chain* callgate_chain_retain(const callgate_chain* chain) CALLGATE_NOEXCEPT;
CALLGATE_FUNCTION void callgate_chain_release(const callgate_chain* chain) CALLGATE_NOEXCEPT;

// The decision of the whole chain on one call: action and data. KILL_PROCESS for null. `data` must not change
// meanwhile. Compiled into the caller: it ends in a look into the action table, or in one call. Who knows that neither
// pointer is null may say callgate_decide(chain, data). Async-signal-safe.
CALLGATE_INLINE uint32_t callgate_evaluate(const callgate_chain* chain,
                                           const struct callgate_data* data) CALLGATE_NOEXCEPT {
  return chain && data ? callgate_decide(chain, data) : CALLGATE_KILL_PROCESS;
}

// The same for a frame with the layout of the chain's options. Nothing tells what `frame` points to: see
// callgate_evaluate_frame_as(). Async-signal-safe.
CALLGATE_INLINE uint32_t callgate_evaluate_frame(const callgate_chain* chain, const void* frame) CALLGATE_NOEXCEPT {
  return chain && frame ? callgate_decide_frame(chain, frame) : CALLGATE_KILL_PROCESS;
}

// The same as functions, for languages without inline C. Async-signal-safe.
CALLGATE_FUNCTION uint32_t callgate_chain_evaluate(const callgate_chain* chain,
                                                   const struct callgate_data* data) CALLGATE_NOEXCEPT;
CALLGATE_FUNCTION uint32_t callgate_chain_evaluate_frame(const callgate_chain* chain,
                                                         const void* frame) CALLGATE_NOEXCEPT;

// The same for a frame of a kind (enum callgate_frame_kind): KILL_PROCESS if the layout of the chain is another preset.
// A layout of one's own is taken to be for the frame. Async-signal-safe.
CALLGATE_FUNCTION uint32_t callgate_evaluate_frame_as(const callgate_chain* chain, uint32_t kind,
                                                      const void* frame) CALLGATE_NOEXCEPT;

// A decision, and the filter that made it.
struct callgate_decision {
  uint32_t size;    // of this struct in bytes
  uint32_t result;  // action and data
  uint32_t filter;  // index of the filter whose result this is, the oldest has 0; CALLGATE_NONE if all allow the call
};

// The decision and the filter that made it, by the interpreter: takes time in proportion to the chain. If it fails, for
// misuse, *match says KILL_PROCESS. Async-signal-safe.
CALLGATE_FUNCTION int callgate_match(const callgate_chain* chain, const struct callgate_data* data,
                                     struct callgate_decision* match) CALLGATE_NOEXCEPT;
CALLGATE_FUNCTION int callgate_match_frame(const callgate_chain* chain, const void* frame,
                                           struct callgate_decision* match) CALLGATE_NOEXCEPT;

// What a chain is, and what it costs.
struct callgate_info {
  uint32_t size;     // of this struct in bytes
  uint32_t engine;   // that decides; never CALLGATE_ENGINE_AUTOMATIC
  int32_t fallback;  // code that says why the chain has no machine code although its options allow it; or CALLGATE_OK
  int32_t fallback_number;  // errno value behind CALLGATE_MEMORY_REFUSED, else 0
  uint32_t permanent;       // 1 if the mapping is sealed as the options ask
  uint32_t precision;       // enum callgate_precision
  uint32_t degraded;        // 1 if decisions cost more than the options ask for
  uint32_t frame_kind;      // enum callgate_frame_kind of its layout
  uint64_t length;          // filters
  uint64_t path_length;     // converted instructions
  uint64_t code_bytes;      // machine code
  uint64_t table_bytes;     // action table and argument checks
  uint64_t bytecode_bytes;  // instructions of all filters
};

// 1 if `newer` is `older` or came from it by attaching filters; a chain without filters is an ancestor of all. 0 else,
// and for null. Takes time in proportion to `newer`.
CALLGATE_FUNCTION int callgate_chain_is_ancestor(const callgate_chain* older,
                                                 const callgate_chain* newer) CALLGATE_NOEXCEPT;

// Fills *info, which must have its size.
CALLGATE_FUNCTION int callgate_chain_info(const callgate_chain* chain, struct callgate_info* info) CALLGATE_NOEXCEPT;

// The options of the chain, with the numbers that zeros stand for. If `layout` is given, it is filled, and
// options->layout points to it; else that is null.
CALLGATE_FUNCTION int callgate_chain_options(const callgate_chain* chain, struct callgate_options* options,
                                             struct callgate_layout* layout) CALLGATE_NOEXCEPT;

// ---- Chains across execve() and between processes
// ----------------------------------------------------------------------

// Saves filters and options of the chain to a new memory file (memfd_create(2)) with all seals set, and puts its
// descriptor, which is the caller's, into *descriptor; -1 if there is none. It is closed by execve() unless the caller
// clears FD_CLOEXEC. The file has 200 bytes, 16 more for budgets and blinding, 4 for each filter and 8 for each
// instruction; machine code does not travel. Makes system calls: memfd_create, pwrite, pread, fcntl, getrlimit. Fails
// with a code of misuse, memory or loading, or with CALLGATE_FILE_SIZE_LIMIT.
CALLGATE_FUNCTION int callgate_chain_save(const callgate_chain* chain, int* descriptor,
                                          struct callgate_error* error) CALLGATE_NOEXCEPT;

// A chain of what callgate_chain_save() saved, in this or in another process, of 32 or 64 bits. The file must have all
// seals; it is copied, checked, verified filter by filter, and compiled here, which takes what making the chain took.
// The checksum finds damage, not forgery: who may choose the descriptor chooses the filters. `options` replace those of
// the file, unless null. The descriptor stays open. Fails with any code.
CALLGATE_FUNCTION int callgate_chain_load(int descriptor, const struct callgate_options* options,
                                          const callgate_chain** out, struct callgate_error* error) CALLGATE_NOEXCEPT;

// ---- Filters in the caller's memory (Chain::attach_in() of callgate/chain.hpp says all of it)
// ------------------------------------------

// Bytes that callgate_chain_attach_in() needs for a filter of so many instructions, wherever the memory begins.
// Async-signal-safe.
CALLGATE_FUNCTION size_t callgate_attach_in_size(size_t instructions) CALLGATE_NOEXCEPT;

// Puts one filter on top of a chain, in `memory`, which must stay until *out and all that came from it by this function
// are released: no allocation, no lock, no system call. The interpreter and an action table decide by it, and the chain
// below decides as it did. Fails with a code of misuse, verification or limits, or with CALLGATE_NO_ROOM.
// Async-signal-safe, but may use vector registers, as handlers may.
CALLGATE_FUNCTION int callgate_chain_attach_in(const callgate_chain* chain, const struct callgate_filter* filter,
                                               void* memory, size_t bytes, const callgate_chain** out,
                                               struct callgate_error* error) CALLGATE_NOEXCEPT;

// The chain with such filters copied and compiled, which needs their memory no more: for the next safe point. Another
// reference to `chain` if it has none of them. Fails with a code of misuse or memory.
CALLGATE_FUNCTION int callgate_chain_promote(const callgate_chain* chain, const callgate_chain** out,
                                             struct callgate_error* error) CALLGATE_NOEXCEPT;

// The same for a slot. The memory is free again when the slot has reclaimed the chain after callgate_slot_promote(),
// and nobody else has it. The first is async-signal-safe.
CALLGATE_FUNCTION int callgate_slot_attach_in(callgate_slot* slot, const struct callgate_filter* filter, void* memory,
                                              size_t bytes, struct callgate_error* error) CALLGATE_NOEXCEPT;
CALLGATE_FUNCTION int callgate_slot_promote(callgate_slot* slot, struct callgate_error* error) CALLGATE_NOEXCEPT;

// Copies what decides the calls of a chain without machine code (options->no_exec_memory) to `memory`, for
// callgate_core_adopt() of callgate/core.h: in this process or in another one, of the same word size and version, with
// libc or without. *needed is how many bytes the copy has, also where they do not fit (CALLGATE_NO_ROOM), and 0 if the
// chain cannot be copied (CALLGATE_NOT_PORTABLE: it has machine code, or is longer than any of the kernel's, or lies in
// the caller's memory itself). Async-signal-safe.
CALLGATE_FUNCTION int callgate_chain_copy(const callgate_chain* chain, void* memory, size_t bytes,
                                          size_t* needed) CALLGATE_NOEXCEPT;

// ---- Slots: the chain that decides now (callgate/chain_slot.hpp says all of it)
// -----------------------------------------

// A slot that holds the chain, with a reference of its own. Fails with CALLGATE_NULL_POINTER or CALLGATE_OUT_OF_MEMORY.
CALLGATE_FUNCTION int callgate_slot_create(const callgate_chain* first, callgate_slot** out) CALLGATE_NOEXCEPT;

// A slot for a new task that inherits from the task of this one: the same chain, and what seccomp(2), emulated, keeps.
CALLGATE_FUNCTION int callgate_slot_inherit(const callgate_slot* parent, callgate_slot** out) CALLGATE_NOEXCEPT;

// Only when nobody is inside, as callgate_slot_reclaim(). Null does nothing.
CALLGATE_FUNCTION void callgate_slot_destroy(callgate_slot* slot) CALLGATE_NOEXCEPT;

// Readers: one load, no write. KILL_PROCESS for null. In a program with inline C, callgate_evaluate() of
// callgate_slot_current(slot) makes no call for it. Async-signal-safe, also in the child of vfork().
CALLGATE_FUNCTION uint32_t callgate_slot_evaluate(const callgate_slot* slot,
                                                  const struct callgate_data* data) CALLGATE_NOEXCEPT;
CALLGATE_FUNCTION uint32_t callgate_slot_evaluate_frame(const callgate_slot* slot, const void* frame) CALLGATE_NOEXCEPT;
CALLGATE_FUNCTION int callgate_slot_match(const callgate_slot* slot, const struct callgate_data* data,
                                          struct callgate_decision* match) CALLGATE_NOEXCEPT;

// The chain that decides now: a reference of the caller's own. Null for null.
CALLGATE_FUNCTION const callgate_chain* callgate_slot_chain(const callgate_slot* slot) CALLGATE_NOEXCEPT;

// Writers: from any thread, one after another; filters on top of the chain that decides now, and another chain instead
// of it. Fail as callgate_chain_attach(), with nothing changed.
CALLGATE_FUNCTION int callgate_slot_attach(callgate_slot* slot, const struct callgate_filter* oldest_first,
                                           size_t count, struct callgate_error* error) CALLGATE_NOEXCEPT;
CALLGATE_FUNCTION int callgate_slot_set(callgate_slot* slot, const callgate_chain* chain) CALLGATE_NOEXCEPT;

// callgate_slot_set() for a thread that is to have what the thread of `leader` has: also what seccomp(2), emulated,
// keeps.
CALLGATE_FUNCTION int callgate_slot_follow(callgate_slot* slot, const callgate_slot* leader,
                                           const callgate_chain* chain) CALLGATE_NOEXCEPT;

// Chains that were replaced and are not reclaimed. 0 for null.
CALLGATE_FUNCTION size_t callgate_slot_retired(const callgate_slot* slot) CALLGATE_NOEXCEPT;

// Frees them, and returns how many: only when no other thread, handler or child of vfork() is in a function of this
// slot, or uses what callgate_slot_current() said.
CALLGATE_FUNCTION size_t callgate_slot_reclaim(callgate_slot* slot) CALLGATE_NOEXCEPT;

// ---- seccomp(2), emulated
// ----------------------------------------------------------------------------------------------

// SECCOMP_* (linux/seccomp.h).
enum callgate_seccomp_op {
  CALLGATE_SET_MODE_STRICT = 0,
  CALLGATE_SET_MODE_FILTER = 1,
  CALLGATE_GET_ACTION_AVAIL = 2,
  CALLGATE_GET_NOTIF_SIZES = 3
};

// SECCOMP_FILTER_FLAG_*.
enum callgate_seccomp_flag {
  CALLGATE_FLAG_TSYNC = 0x01,
  CALLGATE_FLAG_LOG = 0x02,
  CALLGATE_FLAG_SPEC_ALLOW = 0x04,
  CALLGATE_FLAG_NEW_LISTENER = 0x08,
  CALLGATE_FLAG_TSYNC_ESRCH = 0x10,
  CALLGATE_FLAG_WAIT_KILLABLE_RECV = 0x20
};

// What the kernel knows of the task that calls, and what it would do for it.
struct callgate_seccomp_args {
  uint32_t size;           // of this struct in bytes
  uint32_t pointer_size;   // bytes of the task's pointers: 4 or 8; 0: as here
  uint32_t swap_bytes;     // 1: the task has the other byte order
  uint32_t no_new_privs;   // 1: the task has set it
  uint32_t cap_sys_admin;  // 1: the task has the capability in its user namespace
  uint32_t unknown_flags;  // flags that are refused although they could be served, as by an older kernel
  uint64_t address;        // the third argument of seccomp(2)
  void* context;           // for the functions
  // Copy from and to the task's memory: 0, or anything else for EFAULT. Null is EFAULT.
  int (*read)(void* context, void* to, uint64_t address, size_t bytes);
  int (*write)(void* context, uint64_t address, const void* from, size_t bytes);
  // Makes a descriptor of a listener, or returns a negative errno value; and takes it back, where the filter is refused
  // after all. Without both, the flags of listeners are not known.
  int (*open_listener)(void* context);
  void (*close_listener)(void* context, int listener);
  // CALLGATE_FLAG_TSYNC: puts `after` on all other threads of the task, as callgate_slot_set() does, if every one of
  // them has `before` or a chain that it came from, and returns 0; else changes none, and returns the id of one that
  // has another. The calling task's own slot follows. Without it the flags of TSYNC are not known.
  int (*synchronise)(void* context, const callgate_chain* before, const callgate_chain* after);
  // Memory for the filter, as callgate_slot_attach_in() takes it, where the call is emulated inside a handler: nothing
  // is allocated then, and the call is async-signal-safe as long as the functions above are; callgate_slot_promote()
  // follows at a safe point. ENOMEM if it is too small. Null: from the heap.
  void* memory;
  size_t memory_bytes;
};
#define CALLGATE_SECCOMP_ARGS_MIN_SIZE offsetof(struct callgate_seccomp_args, memory)  // bytes

// The answer to wrong arguments of the embedder: no errno value.
#define CALLGATE_MISUSE (-4096)

// What seccomp(op, flags, args->address) answers to the task of the slot: 0, a descriptor or a thread's id; or a
// negative errno value, with the kernel's order where several are due: EINVAL for operation and flags, EFAULT for the
// struct, EINVAL for its length, EACCES, EINVAL and EFAULT for the array, EINVAL for the program, what open_listener()
// said, EINVAL in strict mode, EBUSY for a second listener, ENOMEM for the path, ESRCH. The chain of the slot should
// have CALLGATE_MOST_RESTRICTIVE and the kernel's limit on a path. Strict mode is a filter that kills the thread for
// every call but read, write, exit and rt_sigreturn (x86_64, i386, aarch64, arm, riscv64; on others for every call).
// One task calls at a time for one slot. Allocates, and is not async-signal-safe, unless args->memory is given. Source:
// do_seccomp() and what it calls in kernel/seccomp.c.
CALLGATE_FUNCTION int callgate_seccomp(callgate_slot* slot, uint32_t op, uint32_t flags,
                                       const struct callgate_seccomp_args* args) CALLGATE_NOEXCEPT;

// What prctl(PR_SET_SECCOMP, mode, args->address) answers.
CALLGATE_FUNCTION int callgate_prctl_set_seccomp(callgate_slot* slot, uint64_t mode,
                                                 const struct callgate_seccomp_args* args) CALLGATE_NOEXCEPT;

// What prctl(PR_GET_SECCOMP) answers: 0 (disabled), 1 (strict) or 2 (filter); CALLGATE_MISUSE for null.
CALLGATE_FUNCTION int callgate_prctl_get_seccomp(const callgate_slot* slot) CALLGATE_NOEXCEPT;

// The flags that callgate_seccomp() knows with these arguments; 0 for null and what has a wrong size.
CALLGATE_FUNCTION uint32_t callgate_seccomp_known_flags(const struct callgate_seccomp_args* args) CALLGATE_NOEXCEPT;

// What the kernel does with a result: an action that it does not know kills the process, and the data of ERRNO is at
// most 4095. Async-signal-safe, as the next two.
CALLGATE_FUNCTION uint32_t callgate_action_effective(uint32_t result) CALLGATE_NOEXCEPT;

// The place of the action in the kernel's order: the smaller one wins.
CALLGATE_FUNCTION int32_t callgate_action_precedence(uint32_t result) CALLGATE_NOEXCEPT;

// 1 if the kernel knows the action.
CALLGATE_FUNCTION int callgate_action_known(uint32_t result) CALLGATE_NOEXCEPT;

// ---- Names: string literals, never null but from callgate_errno_name(). Async-signal-safe.
// ----------------------------

CALLGATE_FUNCTION const char* callgate_version(void) CALLGATE_NOEXCEPT;  // of the library that is loaded, as "0.1.0"
// Names of values, as command lines have them; "unknown" or "UNKNOWN" for what is no value.
CALLGATE_FUNCTION const char* callgate_action_name(uint32_t result) CALLGATE_NOEXCEPT;
CALLGATE_FUNCTION const char* callgate_errno_name(uint32_t number) CALLGATE_NOEXCEPT;  // null if it has none
CALLGATE_FUNCTION const char* callgate_engine_name(uint32_t engine) CALLGATE_NOEXCEPT;
CALLGATE_FUNCTION const char* callgate_target_name(uint32_t target) CALLGATE_NOEXCEPT;
CALLGATE_FUNCTION const char* callgate_rule_name(uint32_t rule) CALLGATE_NOEXCEPT;
CALLGATE_FUNCTION const char* callgate_precision_name(uint32_t precision) CALLGATE_NOEXCEPT;

// Writes a result in words, such as "ERRNO(38) ENOSYS", as callgate_error_text() writes. 48 bytes hold every result.
CALLGATE_FUNCTION size_t callgate_result_text(uint32_t result, char* text, size_t capacity) CALLGATE_NOEXCEPT;

// ---- Handlers of SIGSYS
// -----------------------------------------------------------------------------------------------

// The call that raised the signal, of seccomp's TRAP or of syscall user dispatch: `info` (siginfo_t) and `context` as a
// handler with SA_SIGINFO gets them. 1 if *call has it; 0 if no call raised the signal, a pointer is null or the
// machine is not x86: fail closed then. Async-signal-safe.
CALLGATE_FUNCTION int callgate_call_of_sigsys(const void* info, const void* context,
                                              struct callgate_data* call) CALLGATE_NOEXCEPT;

#ifdef __cplusplus
}  // extern "C"
#endif

#undef CALLGATE_CAST
#undef CALLGATE_INLINE
#undef CALLGATE_NOEXCEPT
#undef CALLGATE_FUNCTION
