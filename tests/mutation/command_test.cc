// What callgate fuzz says of a wrong decision: a library without bugs never shows it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "cli/run_command.h"
#include "oracles/process/child.h"
#include "tests/cli/run.h"
#include "tests/mutation/mutant.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

using testing::HasSubstr;

constexpr const char* names[] = {
#define CALLGATE_MUTANT(name, finder, file, like) #name,
#include "mutants.inc"
#undef CALLGATE_MUTANT
};

std::uint32_t number_of(std::string_view name) {
  const auto* const at = std::find(std::begin(names), std::end(names), name);
  return at == std::end(names) ? 0 : static_cast<std::uint32_t>(at - std::begin(names)) + 1;
}

struct Told {
  int status;
  std::string out;
};

Told fuzz_with(std::uint32_t mutant) {
  const Directory directory;
  const std::string path = directory.write("out", "");
  const int status = process::run([&] {
    ::dup2(::open(path.c_str(), O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
    mutant::active = mutant;
    std::string words[] = {"callgate",     "fuzz",   "--programs", "20000",  "--engines",
                           "xbyak,asmjit", "--jobs", "2",          "--quiet"};
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    return cli::run_command(static_cast<int>(std::size(words)), argv.data());
  });
  return {status, read_file(path)};
}

TEST(FuzzCommand, EndsWithAReproducer) {
  const std::uint32_t mutant = number_of("tax_emitted_as_txa");
  ASSERT_NE(mutant, 0u);
  const Told told = fuzz_with(mutant);
  ASSERT_TRUE(WIFEXITED(told.status));
  EXPECT_EQ(WEXITSTATUS(told.status), 1);
  EXPECT_THAT(told.out, HasSubstr(" of seed 1, made as small as it goes:\n"));
  EXPECT_THAT(told.out, HasSubstr(", the interpreter says "));
  EXPECT_THAT(told.out, HasSubstr("ASSERT_AGREE(filters, {&data, 1});"));
  const std::size_t begin = told.out.find("R\"(") + 3;
  const auto filter = insns(told.out.substr(begin, told.out.find(")\"", begin) - begin));
  EXPECT_LE(filter.size(), 6u) << told.out;
}

TEST(FuzzCommand, FindsNothingWhenNoBugIsOn) {
  const Told told = fuzz_with(0);
  EXPECT_TRUE(WIFEXITED(told.status) && WEXITSTATUS(told.status) == 0) << told.out;
  EXPECT_THAT(told.out, HasSubstr("no disagreement\n"));
}

}  // namespace
}  // namespace callgate::test
