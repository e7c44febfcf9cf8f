// Conjunctions of looks at several arguments: which tests become one, and that they decide as the filter does.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dispatch/action_table.h"
#include "oracles/generator/inputs.h"
#include "oracles/generator/random.h"
#include "tests/support/agree.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

constexpr std::uint32_t judged = 10;

using By = detail::RecordKind;

struct Tests {
  const char* name;
  const char* text;          // ends at allow or deny
  std::size_t alternatives;  // 0: no record
  By kind = By::bounds;
};

void PrintTo(const Tests& tests, std::ostream* out) { *out << tests.name; }

constexpr Tests all_tests[] = {
    {"descriptor_pointer_size",
     "ld [args[0].hi]\njneq #0, deny\nld [args[0].lo]\njgt #1023, deny\nld [args[1].hi]\njge #0x8000, deny\n"
     "ld [args[2].hi]\njneq #0, deny\nld [args[2].lo]\njgt #0x7ffff000, deny\nja allow",
     1},
    {"flags_of_both_halves_and_others",
     "ld [args[3].lo]\njset #0xfff00000, deny\nld [args[3].hi]\njneq #0, deny\nld [args[2].lo]\njset #0xfffffff8, "
     "deny\n"
     "ld [args[2].hi]\njneq #0, deny\nja allow",
     1},
    {"four_arguments",
     "ld [args[0].lo]\njgt #9, deny\nld [args[1].lo]\njgt #8, deny\nld [args[2].lo]\njgt #7, deny\n"
     "ld [args[5].lo]\njgt #6, deny\nja allow",
     1, By::conjunction},
    {"bits_of_four_arguments_and_a_range",
     "ld [args[2].hi]\njset #0xffff8000, deny\nld [args[3].lo]\njset #0xfffffff0, deny\nld [args[4].lo]\n"
     "jset #0xff, deny\nld [args[5].hi]\njneq #0, deny\nld [args[1].lo]\njgt #99, deny\nja allow",
     1},
    {"bits_of_the_first_and_the_last",
     "ld [args[0].lo]\njset #0xffff8000, deny\nld [args[5].lo]\njset #0xfffffff0, deny\nja allow", 1},
    {"bits_of_the_first_and_the_last_two",
     "ld [args[0].lo]\njset #0xffff8000, deny\nld [args[5].lo]\njset #0xfffffff0, deny\nld [args[4].lo]\n"
     "jset #0xff, deny\nja allow",
     1},
    {"either_of_two_pairs",
     "ld [args[1].lo]\njeq #0, first\njeq #0x29, second\nja deny\nfirst: ld [args[2].lo]\njeq #1, allow\nja deny\n"
     "second: ld [args[2].lo]\njeq #0x43, allow\nja deny",
     2, By::conjunction},
    {"a_special_value_or_a_range",
     "ld [args[0].lo]\njeq #0xffffff9c, path\nld [args[0].hi]\njneq #0, deny\nld [args[0].lo]\njge #0x400, deny\n"
     "path: ld [args[1].hi]\njge #0x8000, deny\nja allow",
     2},
    {"a_set_and_a_flag",
     "ld [args[0].lo]\njeq #1, flag\njeq #2, flag\njeq #10, flag\nja deny\nflag: ld [args[1].lo]\njset #0xfffff7fa, "
     "deny\n"
     "ja allow",
     1, By::conjunction},
    {"not_a_value_and_a_flag", "ld [args[0].lo]\njeq #77, deny\nld [args[1].lo]\njset #0x30, allow\nja deny", 1,
     By::conjunction},
    {"denied_where_all_hold",
     "ld [args[0].lo]\njset #1, second\nja allow\nsecond: ld [args[1].lo]\njgt #100, third\nja allow\n"
     "third: ld [args[2].lo]\njset #4, deny\nja allow",
     1, By::conjunction},
    {"two_sets",
     "ld [args[0].lo]\njeq #1, more\njeq #3, more\nja deny\nmore: ld [args[1].lo]\njeq #2, allow\njeq #9, allow\nja "
     "deny",
     0},
    {"ranges_of_five_arguments",
     "ld [args[0].lo]\njgt #9, deny\nld [args[1].lo]\njgt #8, deny\nld [args[2].lo]\njgt #7, deny\n"
     "ld [args[4].lo]\njgt #7, deny\nld [args[5].lo]\njgt #6, deny\nja allow",
     0},
    {"three_results", "ld [args[0].lo]\njgt #9, deny\nld [args[1].lo]\njgt #8, third\nja allow\nthird: ret #TRAP", 0},
    {"computed", "ld [args[0].lo]\njgt #9, deny\nld [args[1].lo]\nadd #5\njgt #8, deny\nja allow", 0},
};

Program filter_of(const std::string& tests) {
  return program("ld [nr]\njeq #" + std::to_string(judged) + ", judge\nret #ERRNO(3)\njudge: " + tests +
                 "\nallow: ret #ALLOW\ndeny: ret #ERRNO(1)\n");
}

// Where the tests turn: constants and their neighbours, in both halves of every argument.
std::vector<SeccompData> calls(oracles::Random& random, std::size_t count) {
  constexpr std::uint32_t words[] = {0,     0,     0,     1,      2,        3,          4,          6,
                                     7,     8,     9,     10,     11,       0x29,       0x30,       0x42,
                                     0x43,  0x44,  76,    77,     78,       99,         100,        101,
                                     0x3ff, 0x400, 0x401, 0x7fff, 0x8000,   0x8001,     0x7ffff000, 0x7ffff001,
                                     0x805, 1022,  1023,  1024,   1u << 20, 0xffffff9c, 0xffffff9d, 0xffffffff};
  const std::span<const std::uint32_t> from = words;
  std::vector<SeccompData> all(count);
  for (SeccompData& call : all) {
    call = {.nr = judged, .arch = arch::x86_64, .instruction_pointer = random.next(), .args = {}};
    for (std::uint64_t& argument : call.args) {
      argument = random.pick(from);
      if (random.chance(30)) argument |= std::uint64_t{random.pick(from)} << 32;
      if (random.chance(10)) argument = random.next();
    }
  }
  return all;
}

class ConjunctionOf : public testing::TestWithParam<Tests> {};

TEST_P(ConjunctionOf, IsOneRecord) {
  const std::vector<Program> filters = {filter_of(GetParam().text)};
  const auto residuals = detail::find_residuals(compose::make_plan(filters, {}), MergeRule::first_non_allow);
  const std::size_t alternatives = GetParam().alternatives;
  ASSERT_EQ(residuals.records.words().size(), alternatives == 0 ? 0U : 1U);
  EXPECT_EQ(residuals.roots.size(), alternatives == 0 ? 1U : 0U);
  if (alternatives == 0) return;
  const std::uint32_t word = residuals.records.words()[0];
  ASSERT_EQ(detail::kind_of(word), GetParam().kind);
  const void* const record = residuals.records[word];
  EXPECT_EQ(
      1 + (GetParam().kind == detail::RecordKind::bounds ? static_cast<const callgate_bounds*>(record)->following
                                                         : static_cast<const callgate_conjunction*>(record)->following),
      alternatives);
}

TEST_P(ConjunctionOf, DecidesAsTheFilter) {
  const std::vector<Program> filters = {filter_of(GetParam().text)};
  oracles::Random random(3);
  ASSERT_AGREE(filters, calls(random, 3000));
  ASSERT_AGREE(filters, oracles::inputs_for(filters[0].instructions(), 7, 500));
}

INSTANTIATE_TEST_SUITE_P(Tests, ConjunctionOf, testing::ValuesIn(all_tests),
                         [](const auto& one) { return one.param.name; });

// Trees of tests of a few arguments, which share their ends and some of their middles.
std::string random_tests(oracles::Random& random) {
  constexpr std::uint32_t words[] = {0,     1,      2,          3,          5,          8,         9,
                                     0x3ff, 0x7fff, 0x80000000, 0xffffff9c, 0xfffffffe, 0xffffffff};
  constexpr const char* tests[] = {"jeq", "jgt", "jge", "jset"};
  const std::uint32_t count = 1 + random.below(7);
  std::string text;
  const auto target = [&](std::uint32_t i) {
    if (i + 1 >= count || random.chance(35)) return std::string(random.chance(60) ? "deny" : "allow");
    return "t" + std::to_string(i + 1 + random.below(std::min(2U, count - i - 1)));
  };
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::string half = random.chance(25) ? "hi" : "lo";
    text += "t" + std::to_string(i) + ": ld [args[" + std::to_string(random.below(3)) + "]." + half + "]\n";
    if (random.chance(15)) text += "and #" + std::to_string(random.pick(std::span<const std::uint32_t>(words))) + "\n";
    const std::string then = target(i);
    const std::string otherwise = target(i);
    text += std::string(tests[random.below(4)]) + " #" +
            std::to_string(random.pick(std::span<const std::uint32_t>(words))) + ", " + then + ", " + otherwise + "\n";
  }
  return text + "ja deny";
}

TEST(Conjunctions, DecideAsRandomFilters) {
  oracles::Random random(11);
  std::size_t records = 0;
  for (int i = 0; i < 600; ++i) {
    const std::vector<Program> filters = {filter_of(random_tests(random))};
    const auto residuals = detail::find_residuals(compose::make_plan(filters, {}), MergeRule::first_non_allow);
    records += residuals.records.words().size();
    ASSERT_AGREE(filters, calls(random, 40));
    ASSERT_AGREE(filters, oracles::inputs_for(filters[0].instructions(), static_cast<std::uint64_t>(i), 40));
  }
  EXPECT_GT(records, 200U) << "most of these filters are to be decided by records";
}

}  // namespace
}  // namespace callgate::test
