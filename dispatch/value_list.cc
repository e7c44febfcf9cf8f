#include "dispatch/value_list.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "callgate/decide.h"

namespace callgate::detail {
namespace {

// How values become keys.
struct Folding {
  unsigned fold = 63;
  unsigned key_size = 3;  // binary logarithm of bytes

  std::uint64_t key_mask() const { return ~std::uint64_t{0} >> (64 - (8u << key_size)); }
  std::uint64_t key(std::uint64_t value) const { return (value ^ value >> fold) & key_mask(); }
};

// The shortest keys that tell values apart which differ in the bits of `varying` alone. The bits above the key are
// brought, as they stand, to places below it that do not vary. That loses nothing: if value ^ value >> fold is known
// under the key's mask, the bits of such a place are those that were brought there; without them the others follow from
// the highest to the lowest. A key of 64 bits loses nothing whatever the fold.
Folding folding_of(std::uint64_t varying) {
  for (unsigned size = 0; size < 3; ++size) {
    const unsigned bits = 8u << size;
    const std::uint64_t above = varying >> bits << bits;
    if (above == 0) return {63, size};
    const auto low = static_cast<unsigned>(std::countr_zero(above));
    const auto high = static_cast<unsigned>(std::bit_width(above));
    if (high - low > bits) continue;
    for (unsigned fold = high - bits; fold <= low; ++fold) {
      if ((above >> fold & varying) == 0) return {fold, size};
    }
  }
  return {};
}

// The places of keys under one multiplier.
class Places {
 public:
  Places(std::size_t buckets, std::size_t places)
      : bucket_shift_(64 - static_cast<unsigned>(std::countr_zero(buckets))),
        displacements_(buckets),
        key_at_(places) {}

  // False if some bucket's keys cannot be displaced to free places.
  bool place(std::span<const std::uint64_t> keys, std::uint64_t multiplier) {
    std::fill(key_at_.begin(), key_at_.end(), unused);
    std::fill(displacements_.begin(), displacements_.end(), std::uint8_t{0});
    hashed_.clear();
    for (std::uint32_t i = 0; i < keys.size(); ++i) {
      const std::uint64_t hash = keys[i] * multiplier;
      hashed_.push_back({static_cast<std::uint32_t>(hash >> bucket_shift_), static_cast<std::uint32_t>(hash >> 32), i});
    }
    sort_by_bucket();
    for (const Bucket& bucket : buckets_) {
      if (!displace(std::span(hashed_).subspan(bucket.first, bucket.size))) return false;
    }
    return true;
  }

  unsigned bucket_shift() const { return bucket_shift_; }
  std::size_t size() const { return key_at_.size(); }
  std::span<const std::uint8_t> displacements() const { return displacements_; }
  // The index of the key at a place. A free one holds the first key: what comes there with another one is not listed.
  std::uint32_t key_at(std::size_t place) const { return key_at_[place] == unused ? 0 : key_at_[place]; }

 private:
  struct Hashed {
    std::uint32_t bucket;
    std::uint32_t place;  // before it is displaced; low bits count
    std::uint32_t key;    // index
  };
  struct Bucket {
    std::uint32_t first;
    std::uint32_t size;
  };

  // Largest first: they are the hardest to place.
  void sort_by_bucket() {
    std::sort(hashed_.begin(), hashed_.end(), [](const Hashed& a, const Hashed& b) {
      return a.bucket != b.bucket ? a.bucket < b.bucket : a.key < b.key;
    });
    buckets_.clear();
    for (std::uint32_t i = 0; i < hashed_.size(); ++i) {
      if (i == 0 || hashed_[i].bucket != hashed_[i - 1].bucket) buckets_.push_back({i, 0});
      ++buckets_.back().size;
    }
    std::stable_sort(buckets_.begin(), buckets_.end(),
                     [](const Bucket& a, const Bucket& b) { return a.size > b.size; });
  }

  bool displace(std::span<const Hashed> bucket) {
    const std::size_t last = key_at_.size() - 1;
    for (std::size_t by = 0; by <= std::min<std::size_t>(last, 255); ++by) {
      std::size_t placed = 0;
      while (placed < bucket.size()) {
        std::uint32_t& place = key_at_[(bucket[placed].place + by) & last];
        if (place != unused) break;
        place = bucket[placed++].key;
      }
      if (placed == bucket.size()) {
        displacements_[bucket[0].bucket] = static_cast<std::uint8_t>(by);
        return true;
      }
      while (placed > 0) key_at_[(bucket[--placed].place + by) & last] = unused;
    }
    return false;
  }

  static constexpr std::uint32_t unused = 0xffffffff;

  unsigned bucket_shift_;
  std::vector<Hashed> hashed_;
  std::vector<Bucket> buckets_;
  std::vector<std::uint8_t> displacements_;
  std::vector<std::uint32_t> key_at_;
};

// The same for every list, so that equal filters give equal images: odd, from a linear congruential generator (Knuth,
// MMIX).
class Multipliers {
 public:
  std::uint64_t next() { return (state_ = state_ * 6364136223846793005u + 1442695040888963407u) | 1; }

 private:
  std::uint64_t state_ = 0x9e3779b97f4a7c15u;
};

std::vector<std::uint8_t> layout(const ValueList& list, std::uint64_t varying, const Folding& folding,
                                 std::span<const std::uint64_t> keys, std::uint64_t multiplier, const Places& places) {
  const std::size_t keys_at = sizeof(callgate_list) + places.displacements().size();
  const std::size_t key_bytes = std::size_t{1} << folding.key_size;
  callgate_list record{};
  record.mask = list.mask;
  record.shared = ~varying;
  record.shared_value = list.values[0] & ~varying;
  record.key_mask = folding.key_mask();
  record.multiplier = multiplier;
  record.offset = list.offset;
  record.outside = list.outside;
  record.flip = list.inside ^ list.outside;
  record.keys_at = static_cast<std::uint16_t>(keys_at);
  record.last_place = static_cast<std::uint16_t>(places.size() - 1);
  record.fold = static_cast<std::uint8_t>(folding.fold);
  record.key_size = static_cast<std::uint8_t>(folding.key_size);
  record.bucket_shift = static_cast<std::uint8_t>(places.bucket_shift());
  std::vector<std::uint8_t> bytes(keys_at + places.size() * key_bytes);
  std::memcpy(bytes.data(), &record, sizeof record);
  std::ranges::copy(places.displacements(), bytes.begin() + sizeof record);
  for (std::size_t place = 0; place < places.size(); ++place) {
    const std::uint64_t key = keys[places.key_at(place)];
    for (std::size_t i = 0; i < key_bytes; ++i) {
      bytes[keys_at + place * key_bytes + i] = static_cast<std::uint8_t>(key >> 8 * i);
    }
  }
  return bytes;
}

}  // namespace

std::optional<std::vector<std::uint8_t>> make_list(const ValueList& list) {
  const std::size_t count = list.values.size();
  if (count > most_listed_values) return std::nullopt;
  std::uint64_t varying = 0;
  for (const std::uint64_t value : list.values) varying |= value ^ list.values[0];
  const Folding folding = folding_of(varying);
  std::vector<std::uint64_t> keys;
  keys.reserve(count);
  for (const std::uint64_t value : list.values) keys.push_back(folding.key(value));
  constexpr int most_tries = 64;
  Multipliers multipliers;
  Places places(std::max<std::size_t>(2, std::bit_ceil(count) / 4), std::bit_ceil(count + count / 8));
  for (int i = 0; i < most_tries; ++i) {
    const std::uint64_t multiplier = multipliers.next();
    if (places.place(keys, multiplier)) return layout(list, varying, folding, keys, multiplier, places);
  }
  return std::nullopt;
}

}  // namespace callgate::detail
