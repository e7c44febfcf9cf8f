// The decision of a call, as it is compiled into callers: the structs that decide and the code that reads them, in C.
// Programs use Chain (callgate/chain.hpp), which is made of them; the names below may change with any version.
//
// A decision is a look into the action table. Where number and architecture do not settle a call, the word of the table
// names an argument check, or an entry into code:
//
//   number, architecture ──▶ index ──▶ word ──▶ result
//                                       ├─────▶ argument check ──▶ result
//                                       └─────▶ entry ──▶ result
//
// Thread safety: an image never changes once it is published; any number of threads may read it. Nothing here
// allocates, locks, makes a system call or touches errno: async-signal-safe.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
#define CALLGATE_CAST(type, value) static_cast<type>(value)
#define CALLGATE_INLINE __attribute__((visibility("hidden"))) inline
#define CALLGATE_CONSTEXPR CALLGATE_INLINE constexpr
#define CALLGATE_NOEXCEPT noexcept
extern "C" {
#else
#define CALLGATE_CAST(type, value) ((type)(value))
#define CALLGATE_INLINE static inline
#define CALLGATE_CONSTEXPR static inline
#define CALLGATE_NOEXCEPT
#endif

// AUDIT_ARCH_* (linux/audit.h), and the bit that x32 calls carry in their number.
#define CALLGATE_ARCH_X86_64 UINT32_C(0xc000003e)
#define CALLGATE_ARCH_X86_32 UINT32_C(0x40000003)
#define CALLGATE_X32_BIT UINT32_C(0x40000000)

// The action table has an entry for each number of three domains (x86_64, x32, i386, in this order), and one more word
// for the calls outside of them. A domain has a power of two of numbers.
#define CALLGATE_DOMAIN_SIZE UINT32_C(512)
#define CALLGATE_DOMAIN_COUNT UINT32_C(3)
#define CALLGATE_TABLE_ENTRIES (CALLGATE_DOMAIN_SIZE * CALLGATE_DOMAIN_COUNT)
#define CALLGATE_TABLE_WORDS (CALLGATE_TABLE_ENTRIES + 1)

// Words of the table from CALLGATE_CHECK_BASE on are no results: first the words of argument checks, by index, then the
// words of entries, by their offset from the start of the code in bytes. They look like results whose action no kernel
// knows (between TRACE and LOG); a chain that really decides so for a number has code for it.
#define CALLGATE_CHECK_BASE UINT32_C(0x7ff40000)
#define CALLGATE_CODE_BASE UINT32_C(0x7ff80000)
#define CALLGATE_MAX_CHECKS (CALLGATE_CODE_BASE - CALLGATE_CHECK_BASE)
#define CALLGATE_MAX_CODE_BYTES (UINT32_C(1) << 18)

// The arch_offset of frames whose architecture is a constant.
#define CALLGATE_NO_OFFSET UINT16_C(0xffff)

// A decision between two results by one 64-bit argument: whether (argument & mask) lies in a set. The set is the
// interval from `base` to `base + span`, in which `members` picks values where the interval is shorter than 64.
struct callgate_check {
  uint64_t mask;
  uint64_t base;
  uint64_t span;     // length of the interval, less one
  uint64_t members;  // bit (distance & 63) is set where the value at this distance from the base is in the set
  uint32_t offset;   // of the argument in the input, in bytes
  uint32_t outside;  // result of values that are not in the set
  uint32_t flip;     // exclusive or of this result and that of values in the set
};

// One table with all that its words refer to.
struct callgate_route {
  const uint32_t* table;                // CALLGATE_TABLE_WORDS words; never null
  const struct callgate_check* checks;  // by the index in check words
  uintptr_t code;                       // address that the offsets in entry words are counted from
};

// The part of a published image that inline code reads. What it points to belongs to the chain, like the image itself.
struct callgate_image {
  struct callgate_route data;   // for the 64 bytes of struct seccomp_data
  struct callgate_route frame;  // for frames of the chain's layout
  uint16_t nr_offset;           // of the number in a frame, in bytes
  uint16_t arch_offset;         // of the architecture in a frame, in bytes; or CALLGATE_NO_OFFSET
  uint32_t arch_value;          // the architecture where it is a constant
  bool single_fetch;            // whether others can write frames while they are evaluated
  uint16_t frame_kinds;         // bit n: typed frames of kind n may be decided (enum FrameKind of layout.hpp)
};

// An entry into code. `input` is what the route is for; `image` is the image that the route belongs to.
typedef uint32_t (*callgate_entry)(const void* input, const struct callgate_image* image) CALLGATE_NOEXCEPT;

// The decision for a frame that others can write: every word is read once.
__attribute__((visibility("default"))) uint32_t callgate_evaluate_frame_once(
    const void* frame, const struct callgate_image* image) CALLGATE_NOEXCEPT;

// The 32-bit word at a byte offset; neither need be aligned.
CALLGATE_INLINE uint32_t callgate_word_at(const void* frame, size_t offset) CALLGATE_NOEXCEPT {
  uint32_t word;
  memcpy(&word, CALLGATE_CAST(const unsigned char*, frame) + offset, sizeof word);
  return word;
}

// Without a jump or a call, so that it costs little even where calls come in no order that a processor could predict.
CALLGATE_INLINE uint32_t callgate_check_decide(const struct callgate_check* check,
                                               const void* input) CALLGATE_NOEXCEPT {
  uint64_t value;
  memcpy(&value, CALLGATE_CAST(const unsigned char*, input) + check->offset, sizeof value);
  const uint64_t distance = (value & check->mask) - check->base;
  const uint32_t low = CALLGATE_CAST(uint32_t, distance);
  uint32_t bit = 0;
  if (sizeof(void*) == 8) {
    bit = CALLGATE_CAST(uint32_t, check->members >> (low & 63));
  } else {  // a 64-bit shift would take many instructions
    const uint32_t half[] = {CALLGATE_CAST(uint32_t, check->members), CALLGATE_CAST(uint32_t, check->members >> 32)};
    bit = half[low / 32 % 2] >> (low & 31);
  }
  const uint32_t member = CALLGATE_CAST(uint32_t, distance <= check->span) & bit;
  return check->outside ^ (check->flip & (0 - (member & 1)));
}

CALLGATE_CONSTEXPR bool callgate_is_residual(uint32_t word) CALLGATE_NOEXCEPT {
  return word - CALLGATE_CHECK_BASE < CALLGATE_MAX_CHECKS + CALLGATE_MAX_CODE_BYTES;
}

// Number and architecture as they lie in memory: the architecture above the number.
CALLGATE_CONSTEXPR uint64_t callgate_call_id(uint32_t nr, uint32_t arch) CALLGATE_NOEXCEPT {
  return CALLGATE_CAST(uint64_t, arch) << 32 | nr;
}

// The index of a number in its domain. It is masked behind the comparison, where the compiler cannot see that it is
// small already: so a mispredicted comparison does not make an index that reads beyond the table.
CALLGATE_CONSTEXPR uint32_t callgate_masked(uint64_t index) CALLGATE_NOEXCEPT {
  uint32_t low = CALLGATE_CAST(uint32_t, index);
#ifdef __cplusplus
  if (!__builtin_is_constant_evaluated())
#endif
    __asm__("" : "+r"(low));
  return low & (CALLGATE_DOMAIN_SIZE - 1);
}

// The index of the call's word in the table. Number and architecture are compared at once where a register holds both.
CALLGATE_CONSTEXPR uint32_t callgate_table_index(uint32_t nr, uint32_t arch) CALLGATE_NOEXCEPT {
  if (sizeof(void*) == 8) {
    const uint64_t id = callgate_call_id(nr, arch);
    const uint64_t from_x86_64 = id - callgate_call_id(0, CALLGATE_ARCH_X86_64);
    if (from_x86_64 < CALLGATE_DOMAIN_SIZE) return callgate_masked(from_x86_64);
    const uint64_t from_i386 = id - callgate_call_id(0, CALLGATE_ARCH_X86_32);
    if (from_i386 < CALLGATE_DOMAIN_SIZE) return 2 * CALLGATE_DOMAIN_SIZE + callgate_masked(from_i386);
    const uint64_t from_x32 = from_x86_64 - CALLGATE_X32_BIT;
    if (from_x32 < CALLGATE_DOMAIN_SIZE) return CALLGATE_DOMAIN_SIZE + callgate_masked(from_x32);
  } else if (arch == CALLGATE_ARCH_X86_64) {
    if (nr < CALLGATE_DOMAIN_SIZE) return callgate_masked(nr);
    if (nr - CALLGATE_X32_BIT < CALLGATE_DOMAIN_SIZE) {
      return CALLGATE_DOMAIN_SIZE + callgate_masked(nr - CALLGATE_X32_BIT);
    }
  } else if (arch == CALLGATE_ARCH_X86_32 && nr < CALLGATE_DOMAIN_SIZE) {
    return 2 * CALLGATE_DOMAIN_SIZE + callgate_masked(nr);
  }
  return CALLGATE_TABLE_ENTRIES;
}

// The rest of a decision whose word of the table is residual.
CALLGATE_INLINE uint32_t callgate_decide_residual(uint32_t word, const struct callgate_route* route, const void* input,
                                                  const struct callgate_image* image) CALLGATE_NOEXCEPT {
  if (word < CALLGATE_CODE_BASE) return callgate_check_decide(&route->checks[word - CALLGATE_CHECK_BASE], input);
  const uintptr_t address = route->code + (word - CALLGATE_CODE_BASE);
  callgate_entry entry;
  memcpy(&entry, &address, sizeof entry);
  return entry(input, image);
}

// The decision for a call of this number and architecture, whose input is what the route is for.
CALLGATE_INLINE uint32_t callgate_decide_by(const struct callgate_route* route, uint32_t nr, uint32_t arch,
                                            const void* input, const struct callgate_image* image) CALLGATE_NOEXCEPT {
  const uint32_t word = route->table[callgate_table_index(nr, arch)];
  return callgate_is_residual(word) ? callgate_decide_residual(word, route, input, image) : word;
}

// The decision for `data`: struct seccomp_data, 64 bytes, which must not change meanwhile.
CALLGATE_INLINE uint32_t callgate_decide(const struct callgate_image* image, const void* data) CALLGATE_NOEXCEPT {
  return callgate_decide_by(&image->data, callgate_word_at(data, 0), callgate_word_at(data, 4), data, image);
}

// The decision for a frame of the layout that the image is made for. The frame must not change meanwhile, unless the
// layout says single_fetch.
CALLGATE_INLINE uint32_t callgate_decide_frame(const struct callgate_image* image,
                                               const void* frame) CALLGATE_NOEXCEPT {
  if (image->single_fetch) return callgate_evaluate_frame_once(frame, image);
  const uint32_t nr = callgate_word_at(frame, image->nr_offset);
  const bool has_arch = image->arch_offset != CALLGATE_NO_OFFSET;
  const uint32_t arch = has_arch ? callgate_word_at(frame, image->arch_offset) : image->arch_value;
  return callgate_decide_by(&image->frame, nr, arch, frame, image);
}

#ifdef __cplusplus
}  // extern "C"
#endif

#undef CALLGATE_CAST
#undef CALLGATE_INLINE
#undef CALLGATE_CONSTEXPR
#undef CALLGATE_NOEXCEPT
