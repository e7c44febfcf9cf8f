// Lists of values: every list has a place for each of its values, and decides as the list does, whatever else is asked.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <vector>

#include "callgate/decide.h"
#include "dispatch/records.h"
#include "dispatch/value_list.h"
#include "oracles/generator/random.h"

namespace callgate::test {
namespace {

using detail::ValueList;

constexpr std::uint32_t inside = 0x7fff0000;
constexpr std::uint32_t outside = 0x50001;
constexpr std::uint64_t whole = ~std::uint64_t{0};

struct Input {
  std::uint64_t words[8] = {};
};

// Decides by the list as it lies in an image: with other bytes behind it.
class Decider {
 public:
  explicit Decider(const ValueList& list) : values_(list.values), mask_(list.mask) {
    const auto bytes = detail::make_list(list);
    if (!bytes) return;
    word_ = records_.add_list(*bytes);
    const callgate_check check{0, 0, whole, whole, 0, 0xffffffff, 0, 0xffffffff};
    records_.add(check);
  }

  bool has_record() const { return word_.has_value(); }

  void expect_right(std::uint64_t value) const {
    Input input;
    // Records take the first 32-bit word for the lower half, whatever the machine's byte order.
    input.words[3] = std::endian::native == std::endian::little ? value : std::rotl(value, 32);
    const bool is_listed = std::find(values_.begin(), values_.end(), value & mask_) != values_.end();
    EXPECT_EQ(callgate_decide_record(*word_, records_[*word_], &input), is_listed ? inside : outside)
        << std::hex << value;
  }

 private:
  std::vector<std::uint64_t> values_;
  std::uint64_t mask_;
  detail::Records records_;
  std::optional<std::uint32_t> word_;
};

void expect_right(std::vector<std::uint64_t> values, std::uint64_t mask = whole) {
  for (std::uint64_t& value : values) value &= mask;
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  const Decider decider({24, mask, values, inside, outside});
  ASSERT_TRUE(decider.has_record()) << values.size() << " values";
  oracles::Random random(values.size());
  for (const std::uint64_t value : values) {
    for (const std::uint64_t by : {0ULL, 1ULL, 2ULL, ~0ULL, ~1ULL}) decider.expect_right(value + by);
    for (unsigned bit = 0; bit < 64; ++bit) {
      decider.expect_right(value ^ std::uint64_t{1} << bit);
      decider.expect_right(value ^ std::uint64_t{1} << bit ^ std::uint64_t{1} << random.below(64));
      decider.expect_right(value ^ (random.next() & ~mask));
    }
    decider.expect_right(value ^ value << random.below(64));
    decider.expect_right(value ^ value >> random.below(64));
  }
  for (int i = 0; i < 2000; ++i) {
    decider.expect_right(random.next());
    decider.expect_right(random.below(1 << 16));
  }
}

TEST(ValueLists, OfOneValue) {
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 63, whole})
    expect_right({value});
}

TEST(ValueLists, OfTwoValuesThatDifferInAnyBits) {
  for (unsigned a = 0; a < 64; ++a) {
    expect_right({0, std::uint64_t{1} << a});
    expect_right({whole, whole ^ std::uint64_t{1} << a ^ std::uint64_t{1} << (a * 7 % 64)});
  }
}

TEST(ValueLists, AsFiltersHaveThem) {
  expect_right({0x5401, 0x5402, 0x5413, 0x5421, 0x400454ca, 0x400454d0, 0x4010ae42, 0x8030ae7c, 0xc008ae88});
  std::vector<std::uint64_t> halves;
  for (std::uint64_t i = 0; i < 30; ++i) halves.push_back(0x5421 + 0x43 * i);
  for (std::uint64_t i = 0; i < 15; ++i) halves.push_back((std::uint64_t{1} << 32) + 0x541b + 0xc9 * i);
  expect_right(halves);
  std::vector<std::uint64_t> high;
  for (std::uint64_t i = 0; i < 40; ++i) high.push_back(i * i << 32);
  expect_right(high);
  expect_right(high, 0xffffffff00000000);
}

TEST(ValueLists, OfEveryLength) {
  oracles::Random random(5);
  for (const std::size_t count : {3U, 7U, 8U, 9U, 31U, 57U, 58U, 64U, 100U, 255U, 256U, 257U, 700U, 1024U}) {
    std::vector<std::uint64_t> dense, words, wide;
    for (std::size_t i = 0; i < count; ++i) {
      dense.push_back(1000 + 2 * i);
      words.push_back(random.below(0xffffffff));
      wide.push_back(random.next());
    }
    expect_right(dense);
    expect_right(words);
    expect_right(wide);
    expect_right(wide, random.next());
  }
}

TEST(ValueLists, ThatAreTooLongAreNone) {
  std::vector<std::uint64_t> values(detail::most_listed_values + 1);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = i * 3;
  EXPECT_FALSE(detail::make_list({24, whole, values, inside, outside}).has_value());
}

// 45 values of two bytes: the record, 16 buckets and 64 places.
TEST(ValueLists, AreSmall) {
  std::vector<std::uint64_t> values;
  for (std::uint64_t i = 0; i < 45; ++i)
    values.push_back((i % 3 == 0 ? std::uint64_t{1} << 32 : 0) + 0x5421 + 0x43 * i);
  const auto bytes = detail::make_list({24, whole, values, inside, outside});
  ASSERT_TRUE(bytes.has_value());
  EXPECT_EQ(bytes->size(), 64 + 16 + 64 * 2U);
}

TEST(Records, EndWhereAnImageEnds) {
  detail::Records records;
  std::size_t count = 0;
  while (records.add(callgate_check{}).has_value()) ++count;
  EXPECT_LE(CALLGATE_RECORDS_AT + records.bytes().size(), CALLGATE_MAX_RECORD_UNITS * CALLGATE_RECORD_UNIT);
  EXPECT_EQ(records.words().size(), count);
  EXPECT_GT(count, 10000U);
  const std::vector<callgate_conjunction> two(2);
  EXPECT_FALSE(records.add(two).has_value());
}

}  // namespace
}  // namespace callgate::test
