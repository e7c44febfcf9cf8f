// Chain: the filters of a task, newest first, compiled into one decision.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <type_traits>

#include "callgate/action.hpp"
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

// What is left of a call when all that matters is one argument: whether (argument & mask) lies in a set, an interval from
// `base` on, thinned out by `members` where it is shorter than 64. Decided without a jump or a call, so that it costs little
// even where calls come in no order that a processor could foresee.
struct CALLGATE_API ArgumentCheck {
  std::uint64_t mask;
  std::uint64_t base;
  std::uint64_t span;     // length of the interval, less one
  std::uint64_t members;  // bit (distance & 63) is set where the distance from the base is in the set
  std::uint32_t offset;   // of the argument's 64 bits in the input, bytes
  std::uint32_t outside;  // the result for all others
  std::uint32_t flip;     // what turns that into the result for members (exclusive or)

  std::uint32_t decide(const void* input) const noexcept {
    std::uint64_t value;
    std::memcpy(&value, static_cast<const unsigned char*>(input) + offset, sizeof value);
    const std::uint64_t distance = (value & mask) - base;
    const auto low = static_cast<std::uint32_t>(distance);
    std::uint32_t bit = 0;
    if constexpr (sizeof(void*) == 8) {
      bit = static_cast<std::uint32_t>(members >> (low & 63));
    } else {  // a 64-bit shift would take many instructions
      const std::uint32_t half[] = {static_cast<std::uint32_t>(members), static_cast<std::uint32_t>(members >> 32)};
      bit = half[low / 32 % 2] >> (low & 31);
    }
    const std::uint32_t member = static_cast<std::uint32_t>(distance <= span) & bit;
    return outside ^ (flip & (0 - (member & 1)));
  }
};

// What evaluate() reads. First part of every ChainNode.
struct ChainHot {
  const std::uint32_t* table;     // for SeccompData: action_table_words words; never null
  const ArgumentCheck* checks;    // what check words of that table index
  std::uintptr_t code;            // what code words of that table are counted from
  const std::uint32_t* frame_table;  // the same three for frames of the layout
  const ArgumentCheck* frame_checks;
  std::uintptr_t frame_code;
  std::uint16_t nr_offset;        // bytes, in a frame of the layout
  std::uint16_t arch_offset;      // bytes, or no_offset where arch is a constant
  std::uint32_t arch_value;       // that constant
  bool single_fetch;
};
inline constexpr std::uint16_t no_offset = 0xffff;

using Entry = std::uint32_t (*)(const void* input, const ChainHot* self);

// For frames that must be read once.
CALLGATE_API std::uint32_t evaluate_frame_once(const void* frame, const ChainHot* self) noexcept;

// The action table: for three domains of numbers (x86_64, x32, i386) the result of the whole chain where number and
// arch alone decide it, and a residual word where they do not.
inline constexpr std::uint32_t domain_size = 512;  // numbers per domain; a power of two
inline constexpr std::uint32_t domain_count = 3;
inline constexpr std::uint32_t action_table_entries = domain_size * domain_count;

// One more word lies behind the entries, for calls that the table does not keep.
inline constexpr std::uint32_t action_table_words = action_table_entries + 1;

// Residual words say how the rest is decided: by an argument check with this index, or by the code that lies so many bytes
// from the start. They look like results whose action no kernel knows (between TRACE and LOG); a chain that really decides
// so for a number has code for it.
inline constexpr std::uint32_t check_base = 0x7ff40000;
inline constexpr std::uint32_t code_base = 0x7ff80000;
inline constexpr std::uint32_t max_checks = code_base - check_base;
constexpr bool is_residual(std::uint32_t word) noexcept { return word - check_base < max_checks + max_code_bytes; }

// The rest of a decision whose table word is residual.
inline std::uint32_t decide_residual(std::uint32_t word, const ArgumentCheck* checks, std::uintptr_t code, const void* input,
                                     const ChainHot* self) noexcept {
  if (word < code_base) return checks[word - check_base].decide(input);
  return reinterpret_cast<Entry>(code + (word - code_base))(input, self);
}

// The 64 bits of nr and arch as they lie in memory: arch above nr.
constexpr std::uint64_t call_id(std::uint32_t nr, std::uint32_t arch_value) noexcept {
  return std::uint64_t{arch_value} << 32 | nr;
}

// The index is masked behind the comparison, where the compiler cannot see that it is small already: so not even a
// mispredicted comparison makes an index from outside read beyond the table.
constexpr std::uint32_t masked(std::uint64_t index) noexcept {
  auto low = static_cast<std::uint32_t>(index);
  if (!std::is_constant_evaluated()) asm("" : "+r"(low));
  return low & (domain_size - 1);
}

// Where the table keeps the call, or action_table_entries if it does not. Number and architecture are compared at once where
// registers hold both.
constexpr std::uint32_t table_index(std::uint32_t nr, std::uint32_t arch_value) noexcept {
  if constexpr (sizeof(void*) == 8) {
    const std::uint64_t id = call_id(nr, arch_value);
    const std::uint64_t from_x86_64 = id - call_id(0, arch::x86_64);
    if (from_x86_64 < domain_size) return masked(from_x86_64);
    const std::uint64_t from_i386 = id - call_id(0, arch::x86_32);
    if (from_i386 < domain_size) return 2 * domain_size + masked(from_i386);
    const std::uint64_t from_x32 = from_x86_64 - arch::x32_bit;
    if (from_x32 < domain_size) return domain_size + masked(from_x32);
  } else if (arch_value == arch::x86_64) {
    if (nr < domain_size) return masked(nr);
    if (nr - arch::x32_bit < domain_size) return domain_size + masked(nr - arch::x32_bit);
  } else if (arch_value == arch::x86_32 && nr < domain_size) {
    return 2 * domain_size + masked(nr);
  }
  return action_table_entries;
}

// A 32-bit word at a byte offset, wherever it lies.
inline std::uint32_t word_at(const void* frame, std::size_t offset) noexcept {
  std::uint32_t word;
  std::memcpy(&word, static_cast<const unsigned char*>(frame) + offset, sizeof word);
  return word;
}

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
  std::uint32_t evaluate(const SeccompData& data) const noexcept {
    const detail::ChainHot* const hot = hot_;
    const std::uint32_t word = hot->table[detail::table_index(data.nr, data.arch)];
    if (!detail::is_residual(word)) return word;
    return detail::decide_residual(word, hot->checks, hot->code, &data, hot);
  }

  // The same for a frame as Options::layout describes it. `frame` must not change meanwhile, unless the layout says
  // single_fetch.
  std::uint32_t evaluate_frame(const void* frame) const noexcept {
    const detail::ChainHot* const hot = hot_;
    if (hot->single_fetch) return detail::evaluate_frame_once(frame, hot);
    const std::uint32_t nr = detail::word_at(frame, hot->nr_offset);
    const std::uint32_t arch_value =
        hot->arch_offset == detail::no_offset ? hot->arch_value : detail::word_at(frame, hot->arch_offset);
    const std::uint32_t word = hot->frame_table[detail::table_index(nr, arch_value)];
    if (!detail::is_residual(word)) return word;
    return detail::decide_residual(word, hot->frame_checks, hot->frame_code, frame, hot);
  }

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
  explicit Chain(const detail::ChainHot* hot) noexcept : hot_(hot) {}
  friend struct detail::ChainNode;

  const detail::ChainHot* hot_;  // owned reference, never null except after a move
};

}  // namespace callgate
