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
#include "callgate/options.hpp"
#include "callgate/program.hpp"

namespace CALLGATE_API callgate {

// Why a chain could not be made. The chain that attach() was called on stays as it was.
enum class AttachErrc : std::uint8_t {
  out_of_memory,
  path_too_long,       // Options::path_limit; the kernel answers ENOMEM (seccomp_attach_filter())
  engine_unavailable,  // the engine that was asked for is not in this build
  target_unavailable,  // this process cannot run the target's code, or the engine cannot make it
  bad_layout,          // Options::layout: the number is a constant, or an offset is no multiple of 4 or above max_frame_offset
};

struct AttachError {
  AttachErrc code;
  std::uint64_t path_length = 0;  // converted instructions that the new path would have had (path_too_long)
  std::uint32_t path_limit = 0;   // converted instructions that it may have (path_too_long)
};

const char* message(AttachErrc code) noexcept;
std::string to_string(const AttachError& error);

// The deciding filter of a call.
struct Match {
  std::uint32_t result;
  // Index of the filter that gave `result`, counted from the oldest filter (0); empty when no filter objected, so
  // that the result is the plain ALLOW that every chain starts from.
  std::optional<std::uint32_t> filter;
};

// Sizes of a chain as it runs, in bytes.
struct ChainSizes {
  std::size_t code = 0;      // machine code; 0 on the interpreter
  std::size_t table = 0;     // action table and argument checks; 0 if there is none
  std::size_t bytecode = 0;  // filters of the whole chain
};

namespace CALLGATE_HIDDEN detail {
struct ChainNode;
static_assert(CALLGATE_MAX_CODE_BYTES == max_code_bytes && CALLGATE_X32_BIT == arch::x32_bit);
static_assert(CALLGATE_ARCH_X86_64 == arch::x86_64 && CALLGATE_ARCH_X86_32 == arch::x86_32);
static_assert(offsetof(SeccompData, nr) == 0 && offsetof(SeccompData, arch) == 4);
}  // namespace detail

// An immutable chain of filters. attach() makes a new chain that shares the old one, as a child task inherits its
// parent's filters. Cheap to copy (atomic reference count); releasing a chain of any length uses a small, bounded
// stack.
//
// Thread safety: a chain may be evaluated, matched, copied and attached to from any number of threads at once.
// A Chain object that one thread assigns must not be used by another at the same time, as with any value.
class Chain {
 public:
  // A chain without filters: it allows every call. Fails with engine_unavailable, target_unavailable (wrong
  // options are found here, not at the first filter) or out_of_memory.
  static Expected<Chain, AttachError> create(const Options& options = {}) noexcept;

  Chain(const Chain& other) noexcept;
  Chain(Chain&& other) noexcept;
  Chain& operator=(Chain other) noexcept;
  ~Chain();

  // A chain with `filter`, or with all of `oldest_first`, on top of this one, compiled once. Allocates and makes
  // system calls; not async-signal-safe. Options are those of create(). If executable memory is refused the new
  // chain runs on the interpreter and fallback_reason() says why.
  Expected<Chain, AttachError> attach(const Program& filter) const noexcept;
  Expected<Chain, AttachError> attach(std::span<const Program> oldest_first) const noexcept;

  // The decision of the whole chain: 32 bits, see action.hpp. A result that is not ALLOW is some filter's, whole.
  // Allocates nothing, takes no lock, makes no system call, touches neither errno nor thread-local storage nor
  // vector registers; async-signal-safe. `data` must not change meanwhile.
  std::uint32_t evaluate(const SeccompData& data) const noexcept { return callgate_decide(image_, &data); }

  // The same for a frame as Options::layout describes it. `frame` must not change meanwhile, unless the layout says
  // single_fetch.
  std::uint32_t evaluate_frame(const void* frame) const noexcept { return callgate_decide_frame(image_, frame); }

  // The decision and the filter that made it, by replaying the chain on the interpreter. Same promises as
  // evaluate(), but takes time in proportion to the chain.
  Match match(const SeccompData& data) const noexcept;

  std::size_t length() const noexcept;             // filters
  std::uint64_t path_length() const noexcept;      // converted instructions, counted as the kernel does
  Engine engine() const noexcept;                  // what really decides: never Engine::automatic
  FallbackReason fallback_reason() const noexcept;
  int fallback_errno() const noexcept;             // errno value behind memory_refused, else 0
  bool permanent() const noexcept;                 // Options::permanent was asked for and the kernel did it
  const Options& options() const noexcept;
  ChainSizes sizes() const noexcept;

 private:
  explicit Chain(const callgate_image* image) noexcept : image_(image) {}
  friend struct detail::ChainNode;

  const callgate_image* image_;  // owned reference, never null except after a move
};

}  // namespace callgate
