// Argument checks: which tests become one, that they decide as the filter does, and the algebra of their sets.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "dispatch/action_table.h"
#include "dispatch/value_set.h"
#include "oracles/generator/random.h"
#include "tests/support/agree.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

using detail::ValueSet;

constexpr std::uint32_t judged = 10;

using By = detail::RecordKind;

// What real filters ask of argument 2, each in its shortest form.
struct Form {
  const char* name;
  const char* tests;  // of lo and hi; end at allow or deny
  By by;
};

void PrintTo(const Form& form, std::ostream* out) { *out << form.name; }

constexpr Form forms[] = {
    {"both_bits", "ld [args[2].lo]\njset #2, more\nja allow\nmore: jset #4, deny\nja allow", By::check},
    {"one_bit_without_another", "ld [args[2].lo]\njset #2, more\nja deny\nmore: jset #4, deny\nja allow", By::check},
    {"a_bit_of_two_and_none_of_others", "ld [args[2].lo]\njset #3, more\nja deny\nmore: jset #0x10, deny\nja allow",
     By::check},
    {"list_of_low_words_then_high",
     "ld [args[2].lo]\njeq #0, high\njeq #4, high\njeq #8, high\njeq #10, high\nja deny\n"
     "high: ld [args[2].hi]\njeq #0, allow\nja deny",
     By::check},
    {"list_of_low_words_then_a_high_word_that_is_not_0",
     "ld [args[2].lo]\njeq #0, high\njeq #63, high\nja deny\nhigh: ld [args[2].hi]\njeq #7, allow\nja deny", By::check},
    {"range_of_low_words_then_high",
     "ld [args[2].lo]\njge #0x1000, next\nja deny\nnext: jgt #0x2000, deny\n"
     "ld [args[2].hi]\njeq #0xffffffff, allow\nja deny",
     By::check},
    {"no_other_bits_then_high", "ld [args[2].lo]\njset #0xfffffffc, deny\nld [args[2].hi]\njeq #0, allow\nja deny",
     By::check},
    {"high_then_no_other_bits",
     "ld [args[2].hi]\njeq #0, low\nja deny\nlow: ld [args[2].lo]\njset #0xfffffffc, deny\nja allow", By::check},
    {"no_other_bits_in_either_half",
     "ld [args[2].hi]\njset #0x80000000, deny\nld [args[2].lo]\njset #0xfffffff0, deny\nja allow", By::check},
    {"list_under_a_mask",
     "ld [args[2].lo]\nand #0xfffffe7f\njeq #0, allow\njeq #4, allow\njeq #9, allow\njeq #10, allow\nja deny",
     By::check},
    {"list_under_a_mask_then_high",
     "ld [args[2].hi]\njeq #0, low\nja deny\n"
     "low: ld [args[2].lo]\nand #0xfffffe7f\njeq #0, allow\njeq #4, allow\njeq #9, allow\nja deny",
     By::check},
    {"list_under_a_mask_and_then_high",
     "ld [args[2].lo]\nand #0xfffffe7f\njeq #0, high\njeq #9, high\njeq #1, high\njeq #10, high\nja deny\n"
     "high: ld [args[2].hi]\njeq #0, allow\nja deny",
     By::check},
    {"function_of_a_few_bits",
     "ld [args[2].lo]\njset #1, odd\njset #8, deny\nja allow\nodd: jset #0x10, allow\nja deny", By::bounds},
    {"bits_and_a_range", "ld [args[2].lo]\njset #0x100, deny\njgt #0x1234, deny\nja allow", By::bounds},
    {"list_wider_than_64",
     "ld [args[2].lo]\njeq #0, high\njeq #64, high\nja deny\nhigh: ld [args[2].hi]\njeq #0, allow\nja deny", By::list},
    {"list_of_high_words", "ld [args[2].hi]\njeq #1, allow\njeq #1000, allow\njeq #0xffffffff, allow\nja deny",
     By::list},
    {"list_of_what_is_denied", "ld [args[2].lo]\njeq #1, deny\njeq #1000, deny\njeq #100000, deny\nja allow", By::list},
    {"interval_or_two_values",
     "ld [args[2].lo]\njeq #5000, allow\njeq #7000, allow\njge #0x10000, above\nja deny\n"
     "above: jgt #0x20000, deny\nja allow",
     By::bounds},
};

Program filter_of(const Form& form) {
  return program("ld [nr]\njeq #" + std::to_string(judged) + ", judge\nret #ERRNO(3)\njudge: " + form.tests +
                 "\nallow: ret #ALLOW\ndeny: ret #ERRNO(1)\n");
}

class FormOf : public testing::TestWithParam<Form> {};

TEST_P(FormOf, IsOneRecord) {
  const std::vector<Program> filters = {filter_of(GetParam())};
  const auto residuals = detail::find_residuals(compose::make_plan(filters, {}), MergeRule::first_non_allow);
  ASSERT_EQ(residuals.records.words().size(), 1U);
  EXPECT_EQ(residuals.roots.size(), 0U);
  EXPECT_EQ(detail::kind_of(residuals.records.words()[0]), GetParam().by);
}

TEST_P(FormOf, DecidesAsTheFilter) {
  const std::vector<Program> filters = {filter_of(GetParam())};
  std::vector<SeccompData> calls;
  std::vector<std::uint64_t> low;
  for (std::uint64_t v = 0; v < 80; ++v) low.push_back(v);
  for (unsigned bit = 6; bit < 32; ++bit) {
    for (const std::uint64_t around : {~0ULL, 0ULL, 1ULL, 4ULL})
      low.push_back(((std::uint64_t{1} << bit) + around) & 0xffffffff);
  }
  for (const std::uint64_t high : {0ULL, 1ULL, 7ULL, 0x80000000ULL, 0xffffffffULL, 0x7fffffffULL}) {
    for (const std::uint64_t value : low) {
      calls.push_back(
          {.nr = judged, .arch = arch::x86_64, .instruction_pointer = 0, .args = {0, 0, high << 32 | value}});
    }
  }
  ASSERT_AGREE(filters, calls);
}

INSTANTIATE_TEST_SUITE_P(Real, FormOf, testing::ValuesIn(forms), [](const auto& one) { return one.param.name; });

// Sets whose masks, intervals and members are of every kind that filters make.
class Sets {
 public:
  ValueSet next() {
    ValueSet set{random_.pick(masks), 0, 0};
    set.base = value() & set.mask;
    switch (random_.below(4)) {
      case 0: return set;
      case 1: set.span = random_.below(64); break;
      case 2: set.span = value() & set.mask; break;
      default: set.span = random_.below(64); set.members = random_.next() | 1 | std::uint64_t{1} << set.span;
    }
    set.span = std::min(set.span, ~set.base);
    return set;
  }

  // Values where the sets may change: their ends, and bits of their masks.
  std::vector<std::uint64_t> values(const ValueSet& a, const ValueSet& b) {
    std::vector<std::uint64_t> out;
    for (std::uint64_t v = 0; v < 70; ++v) out.push_back(v);
    for (const ValueSet& set : {a, b}) {
      for (const std::uint64_t edge : {set.base, set.end(), set.mask}) {
        for (const std::uint64_t d : {~1ULL, ~0ULL, 0ULL, 1ULL, 2ULL}) out.push_back(edge + d);
      }
      for (std::uint64_t d = 0; d < 70; ++d) out.push_back(set.base + d);
    }
    for (int i = 0; i < 64; ++i)
      out.push_back(random_.pick(std::span<const std::uint64_t>(out)) ^ std::uint64_t{1} << i);
    for (int i = 0; i < 64; ++i) {
      const std::uint64_t one = random_.pick(std::span<const std::uint64_t>(out));
      const std::uint64_t other = random_.pick(std::span<const std::uint64_t>(out));
      out.push_back((one & a.mask) | (other & ~a.mask));
    }
    return out;
  }

 private:
  static constexpr std::uint64_t masks[] = {0x1f,       0x3f,         0x25,  0xf0,  0x4,        0xffffffff,
                                            0xfffffe7f, 0xfffffffc,   ~0ULL, ~3ULL, 3ULL << 32, 0xffffffffULL << 32,
                                            1ULL << 63, 0xf000000fULL};
  std::uint64_t value() {
    const std::uint64_t noise = random_.next();
    const std::uint64_t kinds[] = {noise % 70, noise & 0xffffffff, noise, noise << 32};
    return random_.pick(kinds);
  }

  oracles::Random random_{7};
};

// Counts how often an operation gave a set, so that a test cannot pass because none ever does.
template <class Expected>
void expect_exact(const std::optional<ValueSet>& set, const std::vector<std::uint64_t>& values, Expected expected,
                  int& found) {
  if (!set) return;
  ++found;
  EXPECT_LE(set->span, ~set->base) << "the interval wraps";
  for (const std::uint64_t v : values) ASSERT_EQ(set->contains(v), expected(v)) << std::hex << v;
}

TEST(ValueSets, OperationsAreExact) {
  Sets sets;
  int complements = 0, intersections = 0, unions = 0;
  for (int i = 0; i < 20'000; ++i) {
    const ValueSet a = sets.next();
    const ValueSet b = sets.next();
    SCOPED_TRACE(testing::Message() << std::hex << "a " << a.mask << " " << a.base << " " << a.span << " " << a.members
                                    << ", b " << b.mask << " " << b.base << " " << b.span << " " << b.members);
    const auto values = sets.values(a, b);
    expect_exact(
        complement(a), values, [&](std::uint64_t v) { return !a.contains(v); }, complements);
    expect_exact(
        intersection(a, b), values, [&](std::uint64_t v) { return a.contains(v) && b.contains(v); }, intersections);
    expect_exact(
        set_union(a, b), values, [&](std::uint64_t v) { return a.contains(v) || b.contains(v); }, unions);
    if (HasFatalFailure() || HasFailure()) return;
  }
  EXPECT_GT(complements, 2'000);
  EXPECT_GT(intersections, 1'000);
  EXPECT_GT(unions, 500);
}

}  // namespace
}  // namespace callgate::test
