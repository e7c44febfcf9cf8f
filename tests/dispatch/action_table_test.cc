// The action table of a chain: what it knows, that it is right, and its borders.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "oracles/generator/program_generator.h"
#include "oracles/generator/random.h"
#include "tests/support/agree.h"
#include "tests/support/chains.h"
#include "tests/support/filters.h"
#include "tests/support/node.h"

namespace callgate::test {
namespace {

constexpr std::uint32_t x32(std::uint32_t nr) { return nr | arch::x32_bit; }

static_assert(callgate_table_index(0, arch::x86_64) == 0);
static_assert(callgate_table_index(511, arch::x86_64) == 511);
static_assert(callgate_table_index(512, arch::x86_64) == CALLGATE_TABLE_ENTRIES);
static_assert(callgate_table_index(x32(0), arch::x86_64) == 512);
static_assert(callgate_table_index(x32(511), arch::x86_64) == 1023);
static_assert(callgate_table_index(x32(512), arch::x86_64) == CALLGATE_TABLE_ENTRIES);
static_assert(callgate_table_index(0x80000000, arch::x86_64) == CALLGATE_TABLE_ENTRIES);
static_assert(callgate_table_index(~0u, arch::x86_64) == CALLGATE_TABLE_ENTRIES);
static_assert(callgate_table_index(0, arch::x86_32) == 1024);
static_assert(callgate_table_index(511, arch::x86_32) == 1535);
static_assert(callgate_table_index(512, arch::x86_32) == CALLGATE_TABLE_ENTRIES);
static_assert(callgate_table_index(x32(0), arch::x86_32) == CALLGATE_TABLE_ENTRIES);
static_assert(callgate_table_index(~0u, arch::x86_32) == CALLGATE_TABLE_ENTRIES);
static_assert(callgate_table_index(0, 0) == CALLGATE_TABLE_ENTRIES);
static_assert(callgate_table_index(1, ~0u) == CALLGATE_TABLE_ENTRIES);

constexpr std::uint32_t numbers[] = {0,          1,          335,        510,        511,        512,
                                     513,        1023,       1024,       0x3fffffff, x32(0),     x32(510),
                                     x32(511),   x32(512),   x32(1023),  0x7fffffff, 0x80000000, 0x800001ff,
                                     0xbfffffff, 0xc0000001, 0xfffffffe, ~0u};
constexpr std::uint32_t arches[] = {
    arch::x86_64, arch::x86_32, 0, 1, 0xc00000b7, 0x40000028, arch::x86_64 ^ arch::x32_bit, ~0u};

std::vector<SeccompData> borders() {
  std::vector<SeccompData> inputs;
  for (const std::uint32_t nr : numbers) {
    for (const std::uint32_t arch : arches) inputs.push_back({nr, arch, 0, {nr, arch}});
  }
  return inputs;
}

TEST(ActionTable, BordersOfTheDomains) {
  for (const char* text :
       {"ld [nr]\nret a", "ld [arch]\nret a", "ld [arch]\ntax\nld [nr]\nxor x\nret a",
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

constexpr std::uint32_t first_residual = CALLGATE_RECORD_BASE;
constexpr std::uint32_t last_residual = CALLGATE_CODE_BASE + max_code_bytes - 1;
static_assert(callgate_is_residual(first_residual) && callgate_is_residual(last_residual));
static_assert(!callgate_is_residual(first_residual - 1) && !callgate_is_residual(last_residual + 1));
static_assert(last_residual < action::log && first_residual > action::trace + 0xffff,
              "no action of the kernel's looks like one");

// A residual word means "ask this check" or "run the code there"; a filter whose result looks like one has code that
// says so.
class LooksLikeAResidual : public testing::TestWithParam<std::uint32_t> {};

TEST_P(LooksLikeAResidual, AsADecision) {
  const std::string marker = "ret #" + std::to_string(GetParam());
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

TEST_P(LooksLikeAResidual, BesideArgumentsAndComputedResults) {
  const std::string result = std::to_string(GetParam());
  const Program by_argument = program("ld [args[0].lo]\njneq #5, ok\nret #" + result + "\nok: ret #0x7fff0000");
  const Program in_a = program("ld [args[0].lo]\nmul #" + result + "\nret a");
  const Program of_number = program("ld [nr]\nmul #" + result + "\nret a");
  const Program stricter = program("ld [args[1].lo]\njneq #6, ok\nret #0x50001\nok: ret #0x7ffc0000");
  const std::vector<SeccompData> inputs = {{.nr = 1, .arch = arch::x86_64, .instruction_pointer = 0, .args = {5, 6}},
                                           {.nr = 1, .arch = arch::x86_64, .instruction_pointer = 0, .args = {5, 5}},
                                           {.nr = 1, .arch = arch::x86_32, .instruction_pointer = 0, .args = {1, 6}},
                                           {.nr = 1, .arch = arch::x86_32, .instruction_pointer = 0, .args = {1, 7}},
                                           {.nr = 2, .arch = arch::x86_64, .instruction_pointer = 0, .args = {0, 7}},
                                           {.nr = 512, .arch = arch::x86_64, .instruction_pointer = 0, .args = {1, 7}}};
  for (const Program& filter : {by_argument, in_a, of_number}) {
    for (const std::vector<Program>& filters :
         {std::vector{filter}, std::vector{stricter, filter}, std::vector{filter, stricter},
          std::vector{stricter, filter, stricter}}) {
      ASSERT_AGREE(filters, inputs);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Results, LooksLikeAResidual,
                         testing::Values(first_residual - 1, first_residual, first_residual + 1, 0x7ff50001,
                                         CALLGATE_CODE_BASE - 2, CALLGATE_CODE_BASE - 1, CALLGATE_CODE_BASE,
                                         CALLGATE_CODE_BASE + 4, 0x7ffb0001, last_residual, last_residual + 1));

using Table = std::array<std::uint32_t, CALLGATE_TABLE_ENTRIES>;

// As a chain uses it; without code, so that every build has one.
Table table_of(const std::vector<Program>& oldest_first, MergeRule rule) {
  const Chain chain = chain_of(oldest_first, {.rule = rule, .no_exec_memory = true});
  Table table;
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    const std::uint32_t domain = i / CALLGATE_DOMAIN_SIZE;
    const std::uint32_t nr = i % CALLGATE_DOMAIN_SIZE + (domain == 1 ? arch::x32_bit : 0);
    table[i] = data_word(chain, nr, domain == 2 ? arch::x86_32 : arch::x86_64);
  }
  return table;
}

// A call that the entry stands for.
SeccompData call_of(std::uint32_t entry, oracles::Random& random) {
  SeccompData data{
      entry % CALLGATE_DOMAIN_SIZE, entry / CALLGATE_DOMAIN_SIZE == 2 ? arch::x86_32 : arch::x86_64, random.next(), {}};
  if (entry / CALLGATE_DOMAIN_SIZE == 1) data.nr |= arch::x32_bit;
  for (std::uint64_t& argument : data.args) argument = random.chance(30) ? random.below(4) : random.next();
  return data;
}

constexpr MergeRule rules[] = {MergeRule::first_non_allow, MergeRule::most_restrictive};

TEST(ActionTable, HasAnEntryForEachNumber) {
  oracles::Random random(31);
  for (std::uint32_t entry = 0; entry < CALLGATE_TABLE_ENTRIES; ++entry) {
    const SeccompData data = call_of(entry, random);
    ASSERT_EQ(callgate_table_index(data.nr, data.arch), entry);
  }
}

TEST(ActionTable, EntriesHoldForAllArguments) {
  oracles::ProgramGenerator generator(34);
  oracles::Random random(35);
  std::size_t known = 0;
  std::size_t unknown = 0;
  for (int i = 0; i < 100; ++i) {
    std::vector<Program> filters;
    for (std::uint32_t n = random.between(1, 4); n > 0; --n) {
      filters.push_back(program(std::span<const Insn>(generator.valid(random.chance(50) ? 40 : 8))));
    }
    for (const MergeRule rule : rules) {
      const Table table = table_of(filters, rule);
      for (std::uint32_t entry = random.below(5); entry < CALLGATE_TABLE_ENTRIES; entry += 5) {
        ++(callgate_is_residual(table[entry]) ? unknown : known);
        if (callgate_is_residual(table[entry])) continue;
        ASSERT_EQ(table[entry], reference(filters, rule, call_of(entry, random)).result)
            << "program " << i << ", entry " << entry;
      }
    }
  }
  EXPECT_GT(known, 1000u);
  EXPECT_GT(unknown, 1000u);
}

// Tests of number and architecture alone.
Program number_filter(oracles::Random& random) {
  static constexpr const char* conditions[] = {"jeq", "jgt", "jge", "jset"};
  static constexpr std::uint32_t results[] = {0x7fff0000, 0x7fff0000, 0x7fff0009, 0x50001,    0x50002,
                                              0x30003,    0,          0x80000000, 0x7ffc0001, first_residual + 77};
  std::string text;
  for (std::uint32_t test = 0, tests = random.between(1, 12); test < tests; ++test) {
    const bool of_arch = random.chance(25);
    const std::uint32_t k = of_arch ? random.pick(arches)
                            : random.chance(20)
                                ? random.pick(numbers)
                                : random.below(CALLGATE_DOMAIN_SIZE) | (random.chance(30) ? arch::x32_bit : 0);
    const std::string next = "next" + std::to_string(test);
    text += std::string(of_arch ? "ld [arch]\n" : "ld [nr]\n") + random.pick(conditions) + " #" + std::to_string(k) +
            ", yes" + next + ", " + next + "\nyes" + next + ": ret #" + std::to_string(random.pick(results)) + "\n" +
            next + ": ";
  }
  return program(text + "ret #" + std::to_string(random.pick(results)));
}

TEST(ActionTable, KnowsAllThatNumbersDecide) {
  oracles::Random random(36);
  for (int i = 0; i < 150; ++i) {
    std::vector<Program> filters;
    for (std::uint32_t n = random.between(1, 4); n > 0; --n) filters.push_back(number_filter(random));
    for (const MergeRule rule : rules) {
      const Table table = table_of(filters, rule);
      for (std::uint32_t entry = 0; entry < CALLGATE_TABLE_ENTRIES; ++entry) {
        const std::uint32_t result = reference(filters, rule, call_of(entry, random)).result;
        if (callgate_is_residual(result)) {
          ASSERT_TRUE(callgate_is_residual(table[entry])) << "program " << i << ", entry " << entry;
        } else {
          ASSERT_EQ(table[entry], result) << "program " << i << ", entry " << entry;
        }
      }
    }
  }
}

struct Walk {
  const char* text;
  std::uint32_t result;  // for number 10 of x86_64
};

TEST(ActionTable, KnowsWhatIsComputedFromNumbers) {
  for (const Walk& walk : std::vector<Walk>{
           {"ret #5", 5},
           {"ld [nr]\nret a", 10},
           {"ld [arch]\nret a", arch::x86_64},
           {"ld [args[0].lo]\nret #7", 7},
           {"ld [args[0].lo]\nst M[3]\nld [nr]\njeq #10, yes\nld M[3]\nret a\nyes: ret #4", 4},
           {"ld [args[0].lo]\nst M[3]\nld [nr]\nst M[3]\nld M[3]\nret a", 10},
           {"ldx #0\nld #1\ndiv x\nret #9", 0},
           {"ld [args[0].lo]\nldx #0\ndiv x\nret #9", 0},
           {"ld [nr]\nneg\nret a", 0u - 10},
           {"ldx #33\nld [nr]\nlsh x\nret a", 20},
           {"ld len\nret a", 64},
       }) {
    const Table table = table_of({program(walk.text)}, MergeRule::first_non_allow);
    EXPECT_EQ(table[callgate_table_index(10, arch::x86_64)], walk.result) << walk.text;
  }
}

// An older filter that nobody can know keeps the entry open, unless a newer one has the last word.
TEST(ActionTable, KnowsWhoHasTheLastWord) {
  const Program unknown = program("ld [args[0].lo]\nret a");
  const Program objects = program("ret #0x50001");
  const Program allows = program("ret #0x7fff0000");
  const auto entry = [](const std::vector<Program>& filters, MergeRule rule) { return table_of(filters, rule)[10]; };
  EXPECT_TRUE(callgate_is_residual(entry({unknown}, MergeRule::first_non_allow)));
  EXPECT_TRUE(callgate_is_residual(entry({unknown, allows}, MergeRule::first_non_allow)));
  EXPECT_EQ(entry({unknown, objects}, MergeRule::first_non_allow), 0x50001u);
  EXPECT_EQ(entry({unknown, objects, allows}, MergeRule::first_non_allow), 0x50001u);
  EXPECT_TRUE(callgate_is_residual(entry({objects, unknown}, MergeRule::first_non_allow)));
  EXPECT_TRUE(callgate_is_residual(entry({unknown, objects}, MergeRule::most_restrictive)));
  EXPECT_TRUE(callgate_is_residual(entry({objects, unknown}, MergeRule::most_restrictive)));
}

}  // namespace
}  // namespace callgate::test
