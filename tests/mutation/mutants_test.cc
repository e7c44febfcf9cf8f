// The test of the tests: known bugs are switched on, one at a time, and the tests' own harness has to find each of them
// within a bounded number of programs.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "tests/mutation/finders.h"
#include "tests/mutation/mutant.h"
#include "tests/support/child.h"
#include "tests/support/run_everywhere.h"

namespace callgate::test {
namespace {

struct Mutant {
  const char* name;
  Finder finder;
  const char* file;
  const char* like;
};

constexpr Mutant mutants[] = {
#define CALLGATE_MUTANT(name, finder, file, like) {#name, finder, file, like},
#include "mutants.inc"
#undef CALLGATE_MUTANT
};
constexpr auto count = static_cast<std::uint32_t>(std::size(mutants));

std::uint64_t number(const char* variable, std::uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 0);
}

// Cases that a mutant may survive. run_everywhere() asks so many for each one that fewer must do.
std::uint64_t bound(Finder finder) {
  const std::uint64_t most = number("CALLGATE_MUTANT_CASES", 20'000);
  return finder == everywhere ? most / 10 : most;
}

// A counter that a child and its parent see.
class Shared {
 public:
  Shared() : memory_(mmap(nullptr, sizeof(Count), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
    if (memory_ == MAP_FAILED) throw std::bad_alloc();
    new (memory_) Count(0);
  }
  ~Shared() { munmap(memory_, sizeof(Count)); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  Count& count() const { return *static_cast<Count*>(memory_); }

 private:
  void* memory_;
};

struct Outcome {
  std::uint64_t cases;  // that were tried, the last one included
  std::string report;   // "" if none showed anything
};

// In a child: a bug may well be the end of it, and that is a way to be found.
Outcome hunt(std::uint32_t mutant, Finder finder, std::uint64_t most) {
  const Shared shared;
  std::string report = in_child([&]() -> std::string {
    mutant::active = mutant;
    try {
      return finder(number("CALLGATE_SEED", 1), most, shared.count());
    } catch (const std::exception& error) {
      return error.what();
    }
  });
  return {shared.count(), std::move(report)};
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')).substr(0, 90); }

// So that what is found below is the mutants' doing.
TEST(Mutants, NoneIsOnByItself) {
  for (const Finder finder : {verdicts, decisions, everywhere}) {
    const Outcome outcome = hunt(0, finder, bound(finder) / 10);
    ASSERT_EQ(outcome.report, "");
  }
}

TEST(Mutants, AreManyMoreThanTwentyFive) { EXPECT_GE(count, 60u); }

TEST(Mutants, AreAllFound) {
  const bool native = native_engines().size() == 2;
  if (!native) GTEST_SKIP() << "mutants of an assembler that this build does not have cannot be found";
  std::printf("%-36s %7s  %s\n", "mutant", "cases", "noticed by");
  std::uint64_t most = 0;
  const char* const only = std::getenv("CALLGATE_MUTANT");
  for (std::uint32_t i = 0; i < count; ++i) {
    const Mutant& mutant = mutants[i];
    if (only != nullptr && std::string(only) != mutant.name) continue;
    const Outcome outcome = hunt(i + 1, mutant.finder, bound(mutant.finder));
    const bool found = !outcome.report.empty();
    std::printf("%-36s %7llu  %s\n", mutant.name, static_cast<unsigned long long>(outcome.cases),
                found ? first_line(outcome.report).c_str() : "NOBODY");
    std::fflush(stdout);
    EXPECT_TRUE(found) << mutant.name << " in " << mutant.file << " (" << mutant.like << ") was not found in "
                       << outcome.cases << " cases";
    most = std::max(most, outcome.cases);
  }
  std::printf("%u mutants; the last one to be found took %llu cases\n", count, static_cast<unsigned long long>(most));
}

}  // namespace
}  // namespace callgate::test
