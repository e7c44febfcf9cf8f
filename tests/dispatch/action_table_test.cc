// The action table: what one walk over a filter can tell, tables of chains, and the borders of the table.
#include "dispatch/action_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "tests/support/agree.h"
#include "tests/support/chains.h"
#include "tests/support/filters.h"
#include "tests/support/program_generator.h"
#include "tests/support/random.h"

namespace callgate::test {
namespace {

using detail::action_table_entries;
using detail::domain_size;
using detail::residual_marker;
using detail::table_index;

constexpr std::uint32_t x32(std::uint32_t nr) { return nr | arch::x32_bit; }

static_assert(table_index(0, arch::x86_64) == 0);
static_assert(table_index(511, arch::x86_64) == 511);
static_assert(table_index(512, arch::x86_64) == action_table_entries);
static_assert(table_index(x32(0), arch::x86_64) == 512);
static_assert(table_index(x32(511), arch::x86_64) == 1023);
static_assert(table_index(x32(512), arch::x86_64) == action_table_entries);
static_assert(table_index(0x80000000, arch::x86_64) == action_table_entries);
static_assert(table_index(~0u, arch::x86_64) == action_table_entries);
static_assert(table_index(0, arch::x86_32) == 1024);
static_assert(table_index(511, arch::x86_32) == 1535);
static_assert(table_index(512, arch::x86_32) == action_table_entries);
static_assert(table_index(x32(0), arch::x86_32) == action_table_entries);
static_assert(table_index(~0u, arch::x86_32) == action_table_entries);
static_assert(table_index(0, 0) == action_table_entries);
static_assert(table_index(1, ~0u) == action_table_entries);

constexpr std::uint32_t numbers[] = {0,        1,          335,        510,         511,        512,    513,       1023,
                                     1024,     0x3fffffff, x32(0),     x32(510),    x32(511),   x32(512), x32(1023), 0x7fffffff,
                                     0x80000000, 0x800001ff, 0xbfffffff, 0xc0000001, 0xfffffffe, ~0u};
constexpr std::uint32_t arches[] = {arch::x86_64, arch::x86_32, 0, 1, 0xc00000b7, 0x40000028, arch::x86_64 ^ arch::x32_bit, ~0u};

std::vector<SeccompData> borders() {
  std::vector<SeccompData> inputs;
  for (const std::uint32_t nr : numbers) {
    for (const std::uint32_t arch : arches) inputs.push_back({nr, arch, 0, {nr, arch}});
  }
  return inputs;
}

TEST(ActionTable, BordersOfTheDomains) {
  for (const char* text : {"ld [nr]\nret a", "ld [arch]\nret a", "ld [arch]\ntax\nld [nr]\nxor x\nret a",
                           "ld [nr]\njset #0x40000000, yes\nret #0x50001\nyes: ret #0x50002",
                           "ld [nr]\njgt #511, yes\nret #0x7fff0000\nyes: ret #0x50002",
                           "ld [arch]\njeq #0xc000003e, yes\nld [args[0].lo]\nret a\nyes: ld [nr]\njge #512, big\nret #0\n"
                           "big: ld [args[1].lo]\nret a"}) {
    SCOPED_TRACE(text);
    const std::vector<Program> one = {program(text)};
    ASSERT_AGREE(one, borders());
    const std::vector<Program> two = {program(text), program("ld [nr]\nxor #511\nadd #0x7fff0000\nret a")};
    ASSERT_AGREE(two, borders());
  }
}

// The marker means "run the code", and the code says the same.
TEST(ActionTable, ADecisionThatLooksLikeTheMarker) {
  const std::string marker = "ret #" + std::to_string(residual_marker);
  const Program allow = program("ret #0x7fff0000");
  const Program errno_on_5 = program("ld [nr]\njneq #5, ok\nret #0x50001\nok: ret #0x7fff0000");
  const Program marker_on_5 = program("ld [nr]\njneq #5, ok\n" + marker + "\nok: ret #0x50002");
  for (const std::vector<Program>& filters :
       {std::vector{program(marker)}, std::vector{program(marker), allow}, std::vector{program(marker), errno_on_5},
        std::vector{allow, marker_on_5}, std::vector{errno_on_5, marker_on_5}, std::vector{marker_on_5, errno_on_5}}) {
    auto inputs = borders();
    inputs.push_back({.nr = 5, .arch = arch::x86_64, .instruction_pointer = 0, .args = {}});
    inputs.push_back({.nr = 5, .arch = arch::x86_32, .instruction_pointer = 0, .args = {}});
    ASSERT_AGREE(filters, inputs);
  }
}

SeccompData any_call(Random& random, std::uint32_t nr, std::uint32_t arch) {
  SeccompData data{nr, arch, random.next(), {}};
  for (std::uint64_t& argument : data.args) argument = random.chance(30) ? random.below(4) : random.next();
  return data;
}

TEST(ConstantResult, HoldsForAllArguments) {
  ProgramGenerator generator(31);
  Random random(32);
  int known = 0;
  int unknown = 0;
  for (int i = 0; i < 2000; ++i) {
    const Program filter = program(std::span<const Insn>(generator.valid(80)));
    for (const SeccompData& like : inputs_for(filter.instructions(), generator.next(), 8)) {
      const auto result = detail::constant_result(filter, like.nr, like.arch);
      ++(result ? known : unknown);
      ASSERT_EQ(interpret(filter, like), result.value_or(interpret(filter, like)));
      for (int n = 0; result && n < 8; ++n) ASSERT_EQ(interpret(filter, any_call(random, like.nr, like.arch)), *result);
    }
  }
  EXPECT_GT(known, 1000);
  EXPECT_GT(unknown, 1000);
}

struct Walk {
  const char* text;
  std::optional<std::uint32_t> result;  // for number 10 of x86_64
};

TEST(ConstantResult, EndsAtTheFirstTestOfSomethingElse) {
  for (const Walk& walk : std::vector<Walk>{
           {"ret #5", 5},
           {"ld [nr]\nret a", 10},
           {"ld [arch]\nret a", arch::x86_64},
           {"ld [args[0].lo]\nret a", std::nullopt},
           {"ld [8]\nret a", std::nullopt},
           {"ld [args[0].lo]\nret #7", 7},
           {"ld [args[0].lo]\njeq #1, a\nret #7\na: ret #7", std::nullopt},
           {"ld [args[0].lo]\nst M[3]\nld [nr]\njeq #10, yes\nld M[3]\nret a\nyes: ret #4", 4},
           {"ld [args[0].lo]\nst M[3]\nld [nr]\nst M[3]\nld M[3]\nret a", 10},
           {"ldx #0\nld #1\ndiv x\nret #9", 0},
           {"ld [args[0].lo]\nldx #0\ndiv x\nret #9", 0},
           {"ld [args[0].lo]\ntax\nld #1\ndiv x\nret #9", std::nullopt},
           {"ld [nr]\nneg\nret a", 0u - 10},
           {"ldx #33\nld [nr]\nlsh x\nret a", 20},
           {"ld [args[0].lo]\nand #0\nret a", std::nullopt},
           {"ld len\nret a", 64},
       }) {
    EXPECT_EQ(detail::constant_result(program(walk.text), 10, arch::x86_64), walk.result) << walk.text;
  }
}

using Table = std::array<std::uint32_t, action_table_entries>;

Table table_of(const std::vector<Program>& oldest_first, MergeRule rule) {
  Table table;
  detail::allow_all(table);
  for (const Program& filter : oldest_first) detail::put_on_top(table, filter, rule);
  return table;
}

// The result of the chain if the filters that can decide it are constant for this call.
std::optional<std::uint32_t> direct(const std::vector<Program>& oldest_first, MergeRule rule, std::uint32_t nr, std::uint32_t arch) {
  std::uint32_t current = action::allow;
  for (std::size_t i = oldest_first.size(); i-- > 0;) {
    const auto result = detail::constant_result(oldest_first[i], nr, arch);
    if (!result) return std::nullopt;
    if (rule == MergeRule::first_non_allow && action_of(*result) != action::allow) return *result;
    if (rule == MergeRule::most_restrictive && is_stricter(*result, current)) current = *result;
  }
  return current;
}

std::vector<Program> some_filters(ProgramGenerator& generator) {
  std::vector<Program> filters;
  for (std::uint64_t n = 1 + generator.next() % 4; n > 0; --n) {
    filters.push_back(program(std::span<const Insn>(generator.valid(40))));
  }
  return filters;
}

TEST(ActionTable, IsWhatTheFiltersSayOneByOne) {
  ProgramGenerator generator(33);
  std::size_t known = 0;
  std::size_t unknown = 0;
  for (int i = 0; i < 150; ++i) {
    const auto filters = some_filters(generator);
    for (const MergeRule rule : {MergeRule::first_non_allow, MergeRule::most_restrictive}) {
      const Table table = table_of(filters, rule);
      for (std::uint32_t entry = 0; entry < action_table_entries; ++entry) {
        const std::uint32_t nr = entry % domain_size + (entry / domain_size == 1 ? arch::x32_bit : 0);
        const std::uint32_t arch = entry / domain_size == 2 ? arch::x86_32 : arch::x86_64;
        ASSERT_EQ(table_index(nr, arch), entry);
        const auto expected = direct(filters, rule, nr, arch);
        ++(expected ? known : unknown);
        ASSERT_EQ(table[entry], expected.value_or(residual_marker)) << "entry " << entry << ", program " << i;
      }
    }
  }
  EXPECT_GT(known, 10000u);
  EXPECT_GT(unknown, 10000u);
}

TEST(ActionTable, EntriesHoldForAllArguments) {
  ProgramGenerator generator(34);
  Random random(35);
  for (int i = 0; i < 100; ++i) {
    const auto filters = some_filters(generator);
    for (const MergeRule rule : {MergeRule::first_non_allow, MergeRule::most_restrictive}) {
      const Table table = table_of(filters, rule);
      for (int n = 0; n < 200; ++n) {
        const SeccompData data = any_call(random, random.below(domain_size) + (random.chance(30) ? arch::x32_bit : 0),
                                          random.chance(60) ? arch::x86_64 : arch::x86_32);
        const std::uint32_t index = table_index(data.nr, data.arch);
        if (index == action_table_entries || table[index] == residual_marker) continue;
        ASSERT_EQ(table[index], reference(filters, rule, data).result);
      }
    }
  }
}

}  // namespace
}  // namespace callgate::test
