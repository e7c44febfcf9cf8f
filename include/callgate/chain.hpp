// Chain: the filters of a task, newest first, compiled into one decision.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "callgate/action.hpp"
#include "callgate/decide.h"
#include "callgate/expected.hpp"
#include "callgate/export.hpp"
#include "callgate/insn.hpp"
#include "callgate/layout.hpp"
#include "callgate/options.hpp"
#include "callgate/program.hpp"

namespace CALLGATE_API callgate {

// Why create() or attach() made no chain. The chain that attach() was called on is unchanged.
enum class AttachErrc : std::uint8_t {
  out_of_memory,
  path_too_long,       // the path exceeds Options::path_limit; the kernel answers ENOMEM (seccomp_attach_filter())
  engine_unavailable,  // this build does not have the engine in Options::engine
  target_unavailable,  // this process cannot run code for Options::target, or the engine cannot make it
  bad_layout,          // in Options::layout the number is a constant, or an offset is not a multiple of 4 or too large
  bad_option,          // a field of Options holds no value of its type; AttachError::option names it
  moved_from,          // the chain, or a filter, is an object that was moved from
  no_room,             // attach_in(): the memory is smaller than attach_in_size() says
  invalid,             // attach_in(): verify() does not accept the filter; it says why
};

// The code with its figures.
struct AttachError {
  AttachErrc code;                // what is wrong
  std::uint64_t path_length = 0;  // length of the refused path in converted instructions, if path_too_long; else 0
  std::uint32_t path_limit = 0;   // Options::path_limit in converted instructions, if path_too_long; else 0
  const char* option = nullptr;   // name of the field of Options, a string literal, if bad_option; else null
};

// The error in words: a string literal, never null. Thread-safe.
const char* message(AttachErrc code) noexcept;

// The error in words, with its figures. May throw std::bad_alloc. Thread-safe.
std::string to_string(const AttachError& error);

// The decision on a call, and the filter that made it.
struct Match {
  std::uint32_t result;  // action and data, see action.hpp
  // Index of the filter whose result this is; the oldest filter has index 0. Empty if every filter allows the call: the
  // result is then ALLOW without data, the result of a chain without filters.
  std::optional<std::uint32_t> filter;
};

// Memory of a chain, in bytes.
struct ChainSizes {
  std::size_t code = 0;      // machine code; 0 if there is none (Engine::interpreter)
  std::size_t table = 0;     // action table and its records; 0 if there is none
  std::size_t bytecode = 0;  // instructions of all filters
};

// How much of what its filters distinguish a chain's code distinguishes, from all to nothing. Decisions are the same;
// less precision makes them slower, and large filters lose it where they pass a budget (docs/code-generation.md).
enum class Precision : std::uint8_t {
  path_sensitive,  // all: what a path has found out is used below it
  per_number,      // a decision for each number, but nothing else that a path has found out
  number_blind,    // one decision for all numbers, without an action table
  baseline,        // filter by filter as they stand, or the interpreter
};

// The name of the value: "path_sensitive", "per_number", "number_blind" or "baseline"; "unknown" for what is no value.
// A string literal, never null. Thread-safe.
const char* name(Precision precision) noexcept;

namespace CALLGATE_HIDDEN detail {
struct ChainNode;
struct ChainHandle;
static_assert(CALLGATE_MAX_CODE_BYTES == max_code_bytes && CALLGATE_X32_BIT == arch::x32_bit);
static_assert(CALLGATE_ARCH_X86_64 == arch::x86_64 && CALLGATE_ARCH_X86_32 == arch::x86_32);
static_assert(offsetof(SeccompData, nr) == 0 && offsetof(SeccompData, arch) == 4);
}  // namespace detail

// An immutable chain of filters. attach() makes a new chain and leaves the old one as it is; the two share filters, as
// a child task inherits the filters of its parent.
//
// Ownership: a Chain is a counted reference. Copying and releasing change an atomic counter; the last reference frees
// the chain, with a small, bounded stack however long the chain is. Filters are copied into the chain as Programs,
// which share their instructions. A moved-from Chain fails closed: every call is KILL_PROCESS, attach() fails with
// moved_from, copies are like it, and the accessors answer as for a chain of default options without filters and code.
//
// Thread safety: any number of threads may call the const members of one Chain at once, and copy it. A thread that
// assigns or destroys a Chain object must be the only user of this object; other objects that share the chain are not
// affected.
class Chain {
 public:
  // A chain without filters, which allows every call. All chains that attach() makes from it have its options. Fails
  // with engine_unavailable, target_unavailable, bad_layout, bad_option (options are checked here, not at the first
  // filter) or out_of_memory.
  static Expected<Chain, AttachError> create(const Options& options = {}) noexcept;

  // References to one chain: copying counts, moving leaves a chain that kills.
  Chain(const Chain& other) noexcept;
  Chain(Chain&& other) noexcept;
  Chain& operator=(Chain other) noexcept;
  ~Chain();

  // A chain with `filter`, or with all filters of `oldest_first` in this order, on top of this chain. It is compiled
  // once, however many filters are attached; an empty span gives a copy of this chain. Fails with path_too_long,
  // moved_from or out_of_memory. If the system refuses executable memory, or the code would be too large, the call
  // succeeds: the new chain decides the same without code, and its fallback_reason() says why. Allocates and makes
  // system calls: not async-signal-safe.
  Expected<Chain, AttachError> attach(const Program& filter) const noexcept;
  Expected<Chain, AttachError> attach(std::span<const Program> oldest_first) const noexcept;

  // A chain with `filter` on top of this one, in memory of the caller's: for where attach() must not run, as in a
  // handler that emulates seccomp(2). No allocation, no lock, no system call: async-signal-safe; takes about 9 KiB of
  // stack and at most 0.8 microseconds for each instruction. An action table of its own decides calls that number and
  // architecture settle, the interpreter what else the filter decides, and this chain, as it did, what the filter
  // leaves to it.
  //
  // The memory must stay, unread and unwritten by others, until the new chain, its copies and the chains that
  // attach_in() put on top of it are gone; a slot keeps them until it reclaims. attach() and promote() make chains that
  // do not need it. Copying is async-signal-safe; the last release need not be. Fails with path_too_long, moved_from,
  // no_room or invalid.
  Expected<Chain, AttachError> attach_in(std::span<std::byte> memory, std::span<const Insn> filter) const noexcept;

  // Bytes of memory that attach_in() needs for a filter of so many instructions, wherever it begins.
  static std::size_t attach_in_size(std::size_t instructions) noexcept;

  // The chain with all filters that lie in callers' memory copied, and compiled: for the next safe point after
  // attach_in(). A copy of this chain if there are none. As attach().
  Expected<Chain, AttachError> promote() const noexcept { return attach(std::span<const Program>()); }

  // The decision of the whole chain on one call: action and data, see action.hpp. Every result but ALLOW is the
  // unchanged result of one filter. `data` must not change during the call. Allocates nothing, takes no lock, makes no
  // system call, and uses neither errno, thread-local storage nor vector registers: async-signal-safe.
  std::uint32_t evaluate(const SeccompData& data) const noexcept { return callgate_decide(image_, &data); }

  // The same for a frame with the layout in Options::layout. `frame` must not change during the call, unless the layout
  // has single_fetch. Nothing tells what `frame` points to: it must be what the layout is for. In a handler of SIGSYS,
  // whose context is a void*, evaluate(*call_of_sigsys(info, context)) is right for every call (callgate/sigsys.hpp).
  std::uint32_t evaluate_frame(const void* frame) const noexcept { return callgate_decide_frame(image_, frame); }

  // The same for frames of a type that a preset of InputLayout is for, such as ucontext_t. Fails closed, with
  // KILL_PROCESS, if the layout of this chain is another preset; a layout of one's own is taken to be for the frame.
  template <TypedFrame Frame>
  std::uint32_t evaluate_frame(const Frame* frame) const noexcept {
    return takes(frame_kind<Frame>) ? callgate_decide_frame(image_, frame) : action::kill_process;
  }

  // The decision and the filter that made it. Interprets the filters, newest first, so it takes time in proportion to
  // the chain; the promises of evaluate() hold.
  Match match(const SeccompData& data) const noexcept;

  // The same for a frame: as evaluate_frame() of it would decide. A word that others change meanwhile is read once.
  Match match_frame(const void* frame) const noexcept;
  template <TypedFrame Frame>
  Match match_frame(const Frame* frame) const noexcept {
    return takes(frame_kind<Frame>) ? match_frame(static_cast<const void*>(frame)) : Match{action::kill_process, {}};
  }

  std::size_t length() const noexcept;              // in filters
  std::uint64_t path_length() const noexcept;       // in converted instructions, as the kernel counts them
  Engine engine() const noexcept;                   // the engine that decides; never Engine::automatic
  FallbackReason fallback_reason() const noexcept;  // why the engine is the interpreter although another was asked for
  int fallback_errno() const noexcept;              // errno value behind memory_refused, else 0
  bool permanent() const noexcept;                  // whether the mapping is sealed as Options::permanent asks
  Precision precision() const noexcept;             // of the part of the chain that has least of it
  // Whether decisions cost more than the options ask for: an engine fell back (fallback_reason()), or filters were over
  // a budget (precision()). What options ask for themselves, such as no_exec_memory or Optimize::none, is no loss.
  bool degraded() const noexcept;
  const Options& options() const noexcept;
  ChainSizes sizes() const noexcept;

 private:
  explicit Chain(const callgate_image* image) noexcept : image_(image) {}
  friend struct detail::ChainNode;
  friend struct detail::ChainHandle;

  bool takes(FrameKind kind) const noexcept { return (image_->frame_kinds >> static_cast<unsigned>(kind) & 1u) != 0; }

  const callgate_image* image_;  // owned reference; after a move, that of an image which kills
};

}  // namespace callgate
