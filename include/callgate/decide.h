// The decision of a call, as it is compiled into callers: the structs that decide and the code that reads them, in C.
// Programs use Chain (callgate/chain.hpp), which is made of them; the names below may change with any version.
//
// A decision is a look into the action table, which lies behind the start of the image. Where number and architecture
// do not settle a call, the word of the table names a record in the same memory, or an entry into code:
//
//   number, architecture ──▶ index ──▶ word ──▶ result
//                                       ├─────▶ check, list, bounds or conjunction ──▶ result
//                                       └─────▶ entry ──▶ result
//
//   image ──▶ ┌────────────────────────┐
//             │ callgate_image, …      │
//             │ action table           │  CALLGATE_TABLE_AT
//             │ records                │  CALLGATE_RECORDS_AT
//             └────────────────────────┘
//
// Thread safety: an image never changes once it is published; any number of threads may read it. Nothing here
// allocates, locks, makes a system call or touches errno: async-signal-safe.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

// Which way compilers lay out as the straight one: calls of x86_64 that number and architecture settle.
#define CALLGATE_LIKELY(condition) __builtin_expect(condition, 1)

// AUDIT_ARCH_* (linux/audit.h), and the bit that x32 calls carry in their number.
#define CALLGATE_ARCH_X86_64 UINT32_C(0xc000003e)
#define CALLGATE_ARCH_X86_32 UINT32_C(0x40000003)
#define CALLGATE_X32_BIT UINT32_C(0x40000000)

// The action table has a word for each number of three domains (x86_64, x32, i386, in this order). A domain has a power
// of two of numbers.
#define CALLGATE_DOMAIN_SIZE UINT32_C(512)
#define CALLGATE_DOMAIN_COUNT UINT32_C(3)
#define CALLGATE_TABLE_ENTRIES (CALLGATE_DOMAIN_SIZE * CALLGATE_DOMAIN_COUNT)

// Where the table and the records lie, in bytes from the start of the image. The image starts at a page, so that what
// decides most calls lies in one page. Records are counted in units of 16 bytes.
#define CALLGATE_TABLE_AT UINT32_C(384)
#define CALLGATE_RECORDS_AT (CALLGATE_TABLE_AT + CALLGATE_TABLE_ENTRIES * 4)
#define CALLGATE_RECORD_UNIT UINT32_C(16)
#define CALLGATE_MAX_RECORD_UNITS UINT32_C(0x10000)  // from the start of the image to the end of the records

// Words of the table from CALLGATE_RECORD_BASE on are no results: first the words of the four kinds of records, by
// their unit from the start of the image, then the words of entries, by their offset from the start of the code in
// bytes. They look like results whose action no kernel knows (between TRACE and LOG); a chain that really decides so
// for a number has code for it.
#define CALLGATE_RECORD_BASE UINT32_C(0x7ff40000)
#define CALLGATE_CHECK_BASE CALLGATE_RECORD_BASE
#define CALLGATE_BOUNDS_BASE (CALLGATE_CHECK_BASE + CALLGATE_MAX_RECORD_UNITS)
#define CALLGATE_CONJUNCTION_BASE (CALLGATE_BOUNDS_BASE + CALLGATE_MAX_RECORD_UNITS)
#define CALLGATE_LIST_BASE (CALLGATE_CONJUNCTION_BASE + CALLGATE_MAX_RECORD_UNITS)
#define CALLGATE_CODE_BASE UINT32_C(0x7ff80000)
#define CALLGATE_MAX_CODE_BYTES (UINT32_C(1) << 18)

// The arch_offset of frames whose architecture is a constant.
#define CALLGATE_NO_OFFSET UINT16_C(0xffff)

// Records: decisions between two results, as data. They are carried out without a jump but from one alternative to the
// next, so that they cost the same where calls come in no order that a processor could predict. Offsets are those of an
// argument in the input, in bytes.

// By one 64-bit argument: whether (argument & mask) lies in a set. The set is the interval from `base` to `base +
// span`, in which `members` picks values where the interval is shorter than 64.
struct callgate_check {
  uint64_t mask;
  uint64_t base;
  uint64_t span;     // length of the interval, less one
  uint64_t members;  // bit (distance & 63) is set where the value at this distance from the base is in the set
  uint32_t offset;
  uint32_t outside;  // result of values that are not in the set
  uint32_t flip;     // exclusive or of this result and that of values in the set
  uint32_t unused;
};

// By one 64-bit argument: whether (argument & mask) is one of a list of values. Of the masked argument the bits that
// all values share are compared; the others are folded to a key, without loss, and the key is compared with the one
// that stands at its place. The place is hashed from the key and displaced by what stands at the key's bucket, so that
// no two values have the same (hash and displace; Pagh, "Hash and Displace", WADS 1999).
//
//   shared value, places, … │ displacement of each bucket: 1 byte │ key at each place: 1 << key_size bytes
//
// The keys begin at `keys_at` bytes from the start of the record.
struct callgate_list {
  uint64_t mask;
  uint64_t shared;  // bits that all values share
  uint64_t shared_value;
  uint64_t key_mask;  // bits of a key, the lowest ones
  uint64_t multiplier;
  uint32_t offset;
  uint32_t outside;  // as in a check
  uint32_t flip;     // as in a check
  uint16_t keys_at;
  uint16_t last_place;   // places, less one; a power of two less one
  uint8_t fold;          // key = value ^ value >> fold, under key_mask
  uint8_t key_size;      // 0 … 3
  uint8_t bucket_shift;  // 64 - binary logarithm of the number of buckets
  uint8_t unused[5];
};

// By several arguments: whether bits of four arguments that follow each other are 0 (descriptors, pointers, flags), and
// one more lies in an interval. Behind it may lie alternatives, of which one must hold; the results are those of the
// first.
struct callgate_bounds {
  uint64_t zero[4];  // bits that are 0, of the arguments from `first` on
  uint64_t mask;     // base + span may wrap: (argument & mask) - base is what is compared with span
  uint64_t base;
  uint64_t span;
  uint16_t first;      // offset of the first of the four arguments
  uint16_t offset;     // of the argument that lies in the interval
  uint32_t following;  // alternatives behind the first one
  uint32_t outside;    // as in a check
  uint32_t flip;       // as in a check
  uint32_t unused[2];
};

struct callgate_interval {
  uint64_t mask;  // as in bounds
  uint64_t base;
  uint64_t span;
};

// By several arguments: whether each lies in its interval. Alternatives as in bounds.
struct callgate_conjunction {
  struct callgate_interval intervals[4];  // those that are not needed hold all values
  uint16_t offsets[4];
  uint32_t outside;    // as in a check
  uint32_t flip;       // as in a check
  uint64_t members;    // of the first interval, as in a check
  uint32_t following;  // alternatives behind the first one
  uint32_t unused;
};

// How one kind of input is decided.
struct callgate_route {
  uint32_t numbers;  // of each domain that the table decides: CALLGATE_DOMAIN_SIZE, or 0 where it decides none
  uint32_t rest;     // word of the calls that the table does not decide
  uintptr_t code;    // address that the offsets in entry words are counted from
};

// The part of a published image that inline code reads. It belongs to the chain, with all that lies behind it.
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
  __builtin_memcpy(&word, CALLGATE_CAST(const unsigned char*, frame) + offset, sizeof word);
  return word;
}

#define CALLGATE_BIG_ENDIAN (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

// The two 32-bit words at a byte offset, which need not be aligned, as one value: the first is its lower half, whatever
// the machine's byte order, as filters and records see the words of a call.
CALLGATE_INLINE uint64_t callgate_argument_at(const void* input, size_t offset) CALLGATE_NOEXCEPT {
  uint64_t value;
  __builtin_memcpy(&value, CALLGATE_CAST(const unsigned char*, input) + offset, sizeof value);
  return CALLGATE_BIG_ENDIAN ? value << 32 | value >> 32 : value;
}

// The eight bytes at a byte offset, the lowest one first.
CALLGATE_INLINE uint64_t callgate_key_at(const void* keys, size_t offset) CALLGATE_NOEXCEPT {
  uint64_t value;
  __builtin_memcpy(&value, CALLGATE_CAST(const unsigned char*, keys) + offset, sizeof value);
  return CALLGATE_BIG_ENDIAN ? __builtin_bswap64(value) : value;
}

// Bit (distance & 63) of `members`, in bit 0.
CALLGATE_INLINE uint32_t callgate_member_bit(uint64_t members, uint64_t distance) CALLGATE_NOEXCEPT {
  const uint32_t low = CALLGATE_CAST(uint32_t, distance);
  if (sizeof(void*) == 8) return CALLGATE_CAST(uint32_t, members >> (low & 63));
  // a 64-bit shift would take many instructions
  const uint32_t half[] = {CALLGATE_CAST(uint32_t, members), CALLGATE_CAST(uint32_t, members >> 32)};
  return half[low / 32 % 2] >> (low & 31);
}

// The result of a record: `is_inside` is 0 or 1.
CALLGATE_CONSTEXPR uint32_t callgate_pick(uint32_t outside, uint32_t flip, uint32_t is_inside) CALLGATE_NOEXCEPT {
  return outside ^ (flip & (0 - is_inside));
}

CALLGATE_INLINE uint32_t callgate_check_decide(const struct callgate_check* check,
                                               const void* input) CALLGATE_NOEXCEPT {
  const uint64_t distance = (callgate_argument_at(input, check->offset) & check->mask) - check->base;
  const uint32_t bit = callgate_member_bit(check->members, distance);
  return callgate_pick(check->outside, check->flip, CALLGATE_CAST(uint32_t, distance <= check->span) & bit & 1);
}

CALLGATE_INLINE uint32_t callgate_list_decide(const struct callgate_list* list, const void* input) CALLGATE_NOEXCEPT {
  const unsigned char* const start = CALLGATE_CAST(const unsigned char*, CALLGATE_CAST(const void*, list));
  const uint64_t value = callgate_argument_at(input, list->offset) & list->mask;
  const uint64_t key = (value ^ value >> (list->fold & 63)) & list->key_mask;
  const uint64_t hash = key * list->multiplier;
  const size_t bucket = CALLGATE_CAST(size_t, hash >> (list->bucket_shift & 63));
  const size_t place = (CALLGATE_CAST(size_t, hash >> 32) + start[sizeof *list + bucket]) & list->last_place;
  const uint64_t found = callgate_key_at(start, list->keys_at + (place << (list->key_size & 3)));
  const uint64_t difference = ((value ^ list->shared_value) & list->shared) | ((key ^ found) & list->key_mask);
  return callgate_pick(list->outside, list->flip, CALLGATE_CAST(uint32_t, difference == 0));
}

// 1 if all bounds hold, else 0.
CALLGATE_INLINE uint32_t callgate_bounds_hold(const struct callgate_bounds* all, const void* input) CALLGATE_NOEXCEPT {
  const unsigned char* const arguments = CALLGATE_CAST(const unsigned char*, input) + all->first;
  const uint64_t distance = (callgate_argument_at(input, all->offset) & all->mask) - all->base;
  uint64_t bits = 0 - CALLGATE_CAST(uint64_t, distance > all->span);
  for (size_t i = 0; i < 4; ++i) {
    bits |= callgate_argument_at(arguments, 8 * i) & all->zero[i];
    if (sizeof(void*) == 8) __asm__("" : "+r"(bits));  // one after the other, in general registers
  }
  return CALLGATE_CAST(uint32_t, bits == 0);
}

// Where one alternative holds, the others are not looked at: a jump that is foreseen for most calls of most programs.
// What has no alternatives is decided without that jump.
CALLGATE_INLINE uint32_t callgate_bounds_decide(const struct callgate_bounds* first,
                                                const void* input) CALLGATE_NOEXCEPT {
  const struct callgate_bounds* next = first;
  uint32_t left = first->following;
  uint32_t holds = callgate_bounds_hold(next, input);
  if (CALLGATE_LIKELY(left == 0)) return callgate_pick(first->outside, first->flip, holds);
  for (; holds == 0 && left != 0; --left) holds = callgate_bounds_hold(++next, input);
  return callgate_pick(first->outside, first->flip, holds);
}

// 1 if all intervals hold, else 0.
CALLGATE_INLINE uint32_t callgate_conjunction_holds(const struct callgate_conjunction* all,
                                                    const void* input) CALLGATE_NOEXCEPT {
  uint32_t outside = 0;  // intervals that do not hold: a sum, which needs fewer instructions than a disjunction
  uint64_t distance = 0;
  for (int i = 3; i >= 0; --i) {
    const struct callgate_interval* const one = &all->intervals[i];
    distance = (callgate_argument_at(input, all->offsets[i]) & one->mask) - one->base;
    outside += distance > one->span;
  }
  return CALLGATE_CAST(uint32_t, outside == 0) & callgate_member_bit(all->members, distance);
}

CALLGATE_INLINE uint32_t callgate_conjunction_decide(const struct callgate_conjunction* first,
                                                     const void* input) CALLGATE_NOEXCEPT {
  const struct callgate_conjunction* next = first;
  uint32_t left = first->following;
  uint32_t holds = callgate_conjunction_holds(next, input);
  if (CALLGATE_LIKELY(left == 0)) return callgate_pick(first->outside, first->flip, holds);
  for (; holds == 0 && left != 0; --left) holds = callgate_conjunction_holds(++next, input);
  return callgate_pick(first->outside, first->flip, holds);
}

CALLGATE_CONSTEXPR bool callgate_is_residual(uint32_t word) CALLGATE_NOEXCEPT {
  return word - CALLGATE_RECORD_BASE < CALLGATE_CODE_BASE - CALLGATE_RECORD_BASE + CALLGATE_MAX_CODE_BYTES;
}

// Number and architecture as they lie in memory: the architecture above the number.
CALLGATE_CONSTEXPR uint64_t callgate_call_id(uint32_t nr, uint32_t arch) CALLGATE_NOEXCEPT {
  return CALLGATE_CAST(uint64_t, arch) << 32 | nr;
}

// The index of a number in its domain, from its distance to the first one. It is masked where the compiler cannot see
// that it is small already: so a mispredicted comparison does not make an index that reads beyond the table, and the
// table is read without waiting for what the distance is compared with.
CALLGATE_CONSTEXPR uint32_t callgate_masked(uint64_t distance) CALLGATE_NOEXCEPT {
  uint32_t low = CALLGATE_CAST(uint32_t, distance);
#ifdef __cplusplus
  if (!__builtin_is_constant_evaluated())
#endif
    __asm__("" : "+r"(low));
  return low & (CALLGATE_DOMAIN_SIZE - 1);
}

// The index of the call's word in a table with so many numbers in each domain; CALLGATE_TABLE_ENTRIES if the call is
// outside of them. Number and architecture are compared at once where a register holds both.
CALLGATE_CONSTEXPR uint32_t callgate_index_of(uint32_t nr, uint32_t arch, uint32_t numbers) CALLGATE_NOEXCEPT {
  if (sizeof(void*) == 8) {
    const uint64_t id = callgate_call_id(nr, arch);
    const uint64_t from_x86_64 = id - callgate_call_id(0, CALLGATE_ARCH_X86_64);
    if (CALLGATE_LIKELY(from_x86_64 < numbers)) return callgate_masked(from_x86_64);
    const uint64_t from_i386 = id - callgate_call_id(0, CALLGATE_ARCH_X86_32);
    if (from_i386 < numbers) return 2 * CALLGATE_DOMAIN_SIZE + callgate_masked(from_i386);
    const uint64_t from_x32 = from_x86_64 - CALLGATE_X32_BIT;
    if (from_x32 < numbers) return CALLGATE_DOMAIN_SIZE + callgate_masked(from_x32);
  } else if (arch == CALLGATE_ARCH_X86_64) {
    if (nr < numbers) return callgate_masked(nr);
    if (nr - CALLGATE_X32_BIT < numbers) return CALLGATE_DOMAIN_SIZE + callgate_masked(nr - CALLGATE_X32_BIT);
  } else if (arch == CALLGATE_ARCH_X86_32 && nr < numbers) {
    return 2 * CALLGATE_DOMAIN_SIZE + callgate_masked(nr);
  }
  return CALLGATE_TABLE_ENTRIES;
}

CALLGATE_CONSTEXPR uint32_t callgate_table_index(uint32_t nr, uint32_t arch) CALLGATE_NOEXCEPT {
  return callgate_index_of(nr, arch, CALLGATE_DOMAIN_SIZE);
}

// The unit that a word names, from the start of the image.
CALLGATE_CONSTEXPR uint32_t callgate_unit_of(uint32_t word) CALLGATE_NOEXCEPT {
  return (word - CALLGATE_RECORD_BASE) % CALLGATE_MAX_RECORD_UNITS;
}

// The record that a word names.
CALLGATE_INLINE const void* callgate_record(const struct callgate_image* image, uint32_t word) CALLGATE_NOEXCEPT {
  const unsigned char* const start = CALLGATE_CAST(const unsigned char*, CALLGATE_CAST(const void*, image));
  return start + CALLGATE_CAST(size_t, callgate_unit_of(word)) * CALLGATE_RECORD_UNIT;
}

// The decision of the record that the word names.
CALLGATE_INLINE uint32_t callgate_decide_record(uint32_t word, const void* record,
                                                const void* input) CALLGATE_NOEXCEPT {
  if (CALLGATE_LIKELY(word < CALLGATE_BOUNDS_BASE))
    return callgate_check_decide(CALLGATE_CAST(const struct callgate_check*, record), input);
  if (CALLGATE_LIKELY(word < CALLGATE_CONJUNCTION_BASE))
    return callgate_bounds_decide(CALLGATE_CAST(const struct callgate_bounds*, record), input);
  if (word < CALLGATE_LIST_BASE)
    return callgate_conjunction_decide(CALLGATE_CAST(const struct callgate_conjunction*, record), input);
  return callgate_list_decide(CALLGATE_CAST(const struct callgate_list*, record), input);
}

// The rest of a decision whose word of the table is residual.
CALLGATE_INLINE uint32_t callgate_decide_residual(uint32_t word, const struct callgate_route* route, const void* input,
                                                  const struct callgate_image* image) CALLGATE_NOEXCEPT {
  if (CALLGATE_LIKELY(word < CALLGATE_CODE_BASE))
    return callgate_decide_record(word, callgate_record(image, word), input);
  const uintptr_t address = route->code + (word - CALLGATE_CODE_BASE);
  callgate_entry entry;
  __builtin_memcpy(&entry, &address, sizeof entry);
  return entry(input, image);
}

// The word of the table for a call; for calls that the route does not decide by the table, its `rest`.
CALLGATE_INLINE uint32_t callgate_word(const struct callgate_route* route, uint32_t nr, uint32_t arch,
                                       const struct callgate_image* image) CALLGATE_NOEXCEPT {
  const uint32_t index = callgate_index_of(nr, arch, route->numbers);
  if (index == CALLGATE_TABLE_ENTRIES) return route->rest;
  size_t at = index;
  __asm__("" : "+r"(at));  // an index as it is, so that where the table lies is part of the address
  return callgate_word_at(image, CALLGATE_TABLE_AT + at * 4);
}

// The decision for a call of this number and architecture, whose input is what the route is for.
CALLGATE_INLINE uint32_t callgate_decide_by(const struct callgate_route* route, uint32_t nr, uint32_t arch,
                                            const void* input, const struct callgate_image* image) CALLGATE_NOEXCEPT {
  const uint32_t word = callgate_word(route, nr, arch, image);
  if (CALLGATE_LIKELY(!callgate_is_residual(word))) return word;
  return callgate_decide_residual(word, route, input, image);
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

#undef CALLGATE_BIG_ENDIAN
#undef CALLGATE_CAST
#undef CALLGATE_LIKELY
#undef CALLGATE_INLINE
#undef CALLGATE_CONSTEXPR
#undef CALLGATE_NOEXCEPT
