// The records of a chain: what decides, as data, the calls that number and architecture do not settle (decide.h).
//
//   a check        by one argument: a set that one look can name
//   a list         by one argument: any list of values
//   bounds         by several arguments: bits that are 0, and an interval; or alternatives of that kind
//   a conjunction  by several arguments, each in an interval; or alternatives of that kind
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "callgate/decide.h"

namespace callgate::detail {

enum class RecordKind : std::uint8_t { check, bounds, conjunction, list };

// Of a word that names a record.
constexpr RecordKind kind_of(std::uint32_t word) {
  return static_cast<RecordKind>((word - CALLGATE_RECORD_BASE) / CALLGATE_MAX_RECORD_UNITS);
}

class Records {
 public:
  // Each appends a record and gives the word that names it; nothing if there is no room left. May throw std::bad_alloc.
  std::optional<std::uint32_t> add(const callgate_check& check);
  std::optional<std::uint32_t> add_list(std::span<const std::uint8_t> list);        // a callgate_list, buckets and keys
  std::optional<std::uint32_t> add(std::span<const callgate_bounds> alternatives);  // not empty
  std::optional<std::uint32_t> add(std::span<const callgate_conjunction> alternatives);  // not empty

  bool empty() const { return bytes_.empty(); }
  std::span<const std::uint8_t> bytes() const { return bytes_; }   // to be laid out at CALLGATE_RECORDS_AT
  std::span<const std::uint32_t> words() const { return words_; }  // of all records, in the order in which they came

  // The record that a word of this object names.
  const void* operator[](std::uint32_t word) const { return bytes_.data() + place(word); }

 private:
  static std::size_t place(std::uint32_t word) {
    return std::size_t{callgate_unit_of(word)} * CALLGATE_RECORD_UNIT - CALLGATE_RECORDS_AT;
  }
  std::optional<std::uint32_t> append(std::uint32_t base, const void* record, std::size_t size, std::size_t alignment);

  std::vector<std::uint8_t> bytes_;
  std::vector<std::uint32_t> words_;
};

}  // namespace callgate::detail
