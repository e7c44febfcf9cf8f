// How the results of a chain become one, and which filter is said to have given it.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/chains.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

constexpr MergeRule first = MergeRule::first_non_allow;
constexpr MergeRule strictest = MergeRule::most_restrictive;

struct Case {
  const char* name;
  std::vector<std::uint32_t> results;  // of the filters, oldest first
  MergeRule rule;
  std::uint32_t expected;
  std::optional<std::uint32_t> filter;
};

const std::vector<Case> cases = {
    {"all allow", {0x7fff0000, 0x7fff0000}, first, 0x7fff0000, {}},
    {"all allow", {0x7fff0000, 0x7fff0000}, strictest, 0x7fff0000, {}},
    {"ALLOW with data is the plain ALLOW", {0x7fff0001, 0x7fff1234}, first, 0x7fff0000, {}},
    {"ALLOW with data is the plain ALLOW", {0x7fff0001, 0x7fff1234}, strictest, 0x7fff0000, {}},
    {"only the oldest objects", {0x50001, 0x7fff0000, 0x7fff0005}, first, 0x50001, 0},
    {"only the oldest objects", {0x50001, 0x7fff0000, 0x7fff0005}, strictest, 0x50001, 0},
    {"the newest that objects wins", {0x80000000, 0x7ffc0002, 0x7fff0000}, first, 0x7ffc0002, 1},
    {"the strictest wins", {0x80000000, 0x7ffc0002, 0x7fff0000}, strictest, 0x80000000, 0},
    {"the middle one is strictest", {0x50001, 0x30002, 0x7ff00003}, strictest, 0x30002, 1},
    {"a tie goes to the newest", {0x50001, 0x50003, 0x50002}, strictest, 0x50002, 2},
    {"a tie goes to the newest", {0x50009, 0x50001, 0x7fff0000}, strictest, 0x50001, 1},
    {"KILL_THREAD is 0", {0x50001, 0, 0x50002}, first, 0x50002, 2},
    {"KILL_THREAD is 0", {0x50001, 0, 0x50002}, strictest, 0, 1},
    {"KILL_THREAD is 0", {0x50001, 0}, first, 0, 1},
    {"KILL_PROCESS is below KILL_THREAD", {0x80000000, 0}, strictest, 0x80000000, 0},
    {"KILL_PROCESS is below KILL_THREAD", {0, 0x80000000}, strictest, 0x80000000, 1},
    {"other negative actions come between", {0xffff0001, 0, 0x80000000}, strictest, 0x80000000, 2},
    {"other negative actions come between", {0, 0xffff0001, 0x7ffc0000}, strictest, 0xffff0001, 1},
    {"unknown actions rank by number", {0x50001, 0x00040007, 0x7ff00000}, strictest, 0x00040007, 1},
    {"unknown actions rank by number", {0x00040007, 0x00030001}, strictest, 0x00030001, 1},
    {"unknown actions object", {0x50001, 0x12345678}, first, 0x12345678, 1},
    {"just below ALLOW objects", {0x7fffffff, 0x7ffeffff}, first, 0x7ffeffff, 1},
    {"just below ALLOW objects", {0x7fffffff, 0x7ffeffff}, strictest, 0x7ffeffff, 1},
    {"data does not rank", {0x5ffff, 0x50000}, strictest, 0x50000, 1},
    {"all data is kept", {0x7fff0000, 0x7fc0ffff}, strictest, 0x7fc0ffff, 1},
};

using MakeFilter = std::string (*)(std::uint32_t result);

void check(const Case& one, const Options& options, MakeFilter text) {
  SCOPED_TRACE(std::string(one.name) + ", " + describe(options));
  std::vector<Program> filters;
  for (const std::uint32_t result : one.results) filters.push_back(program(text(result)));
  const SeccompData data{.nr = 3, .arch = arch::x86_64, .instruction_pointer = 0, .args = {1}};
  const Chain chain = chain_of(filters, options);
  EXPECT_EQ(chain.evaluate(data), one.expected);
  EXPECT_EQ(chain.match(data).result, one.expected);
  EXPECT_EQ(chain.match(data).filter, one.filter);
}

void check_all(MakeFilter text) {
  for (const Case& one : cases) {
    for (const Options& options : all_options(one.rule)) check(one, options, text);
  }
}

TEST(Merge, ConstantResults) {
  check_all([](std::uint32_t result) { return "ret #" + std::to_string(result); });
}

TEST(Merge, ResultsThatDependOnAnArgument) {
  check_all([](std::uint32_t result) {
    return "ld [args[0].lo]\njneq #1, no\nret #" + std::to_string(result) + "\nno: ret #0x30063";
  });
}

TEST(Merge, ResultsInA) {
  check_all([](std::uint32_t result) { return "ld [args[0].lo]\nmul #" + std::to_string(result) + "\nret a"; });
}

}  // namespace
}  // namespace callgate::test
