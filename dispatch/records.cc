#include "dispatch/records.h"

#include <cstring>

namespace callgate::detail {

namespace {

// Checks and conjunctions lie in as few lines of the cache as they can; the others come one behind the other.
constexpr std::size_t line = 64;
static_assert(sizeof(callgate_check) <= line && sizeof(callgate_conjunction) == 2 * line);
static_assert(CALLGATE_RECORDS_AT % line == 0 && line % CALLGATE_RECORD_UNIT == 0);
static_assert(sizeof(callgate_list) % CALLGATE_RECORD_UNIT == 0 && sizeof(callgate_bounds) % CALLGATE_RECORD_UNIT == 0);

// The last key of a list is read with bytes that do not belong to it.
constexpr std::size_t bytes_behind = sizeof(std::uint64_t);

std::size_t rounded_up(std::size_t bytes, std::size_t multiple) { return (bytes + multiple - 1) / multiple * multiple; }

}  // namespace

std::optional<std::uint32_t> Records::append(std::uint32_t base, const void* record, std::size_t size,
                                             std::size_t alignment) {
  const std::size_t at = rounded_up(bytes_.empty() ? 0 : bytes_.size() - bytes_behind, alignment);
  if (CALLGATE_RECORDS_AT + at + size + bytes_behind > CALLGATE_MAX_RECORD_UNITS * CALLGATE_RECORD_UNIT) {
    return std::nullopt;
  }
  bytes_.resize(at + size + bytes_behind);
  std::memcpy(bytes_.data() + at, record, size);
  const std::size_t unit = (CALLGATE_RECORDS_AT + at) / CALLGATE_RECORD_UNIT;
  words_.push_back(base + static_cast<std::uint32_t>(unit));
  return words_.back();
}

std::optional<std::uint32_t> Records::add(const callgate_check& check) {
  return append(CALLGATE_CHECK_BASE, &check, sizeof check, line);
}

std::optional<std::uint32_t> Records::add_list(std::span<const std::uint8_t> list) {
  return append(CALLGATE_LIST_BASE, list.data(), list.size(), CALLGATE_RECORD_UNIT);
}

std::optional<std::uint32_t> Records::add(std::span<const callgate_bounds> alternatives) {
  return append(CALLGATE_BOUNDS_BASE, alternatives.data(), alternatives.size_bytes(), CALLGATE_RECORD_UNIT);
}

std::optional<std::uint32_t> Records::add(std::span<const callgate_conjunction> alternatives) {
  return append(CALLGATE_CONJUNCTION_BASE, alternatives.data(), alternatives.size_bytes(), line);
}

}  // namespace callgate::detail
