// The test of the tests: known bugs are switched on, one at a time, and the tests' own harness has to find each of them
// within a bounded number of programs.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
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

constexpr unsigned patience = 60;  // seconds for one program; a bug may make code run for ever

std::uint64_t number(const char* variable, std::uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 0);
}

// Programs that a mutant may survive.
std::uint64_t bound() { return number("CALLGATE_MUTANT_PROGRAMS", 2000); }

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

  std::atomic<std::uint64_t>& count() const { return *static_cast<Count*>(memory_); }

 private:
  using Count = std::atomic<std::uint64_t>;
  void* memory_;
};

struct Outcome {
  std::uint64_t programs;  // that were tried, the last one included
  std::string report;      // "" if none showed anything
};

// In a child: a bug may well be the end of it, and that is a way to be found.
Outcome hunt(std::uint32_t mutant, Finder finder, std::uint64_t programs) {
  const Shared shared;
  const std::uint64_t first = number("CALLGATE_SEED", 1);
  std::string report = in_child([&] {
    mutant::active = mutant;
    std::string found;
    for (std::uint64_t i = 0; i < programs && found.empty(); ++i) {
      ++shared.count();
      alarm(patience);
      try {
        found = finder(first + i);
      } catch (const std::exception& error) {
        found = error.what();
      }
    }
    alarm(0);
    return found;
  });
  return {shared.count(), std::move(report)};
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')).substr(0, 90); }

// So that what is found below is the mutants' doing.
TEST(Mutants, NoneIsOnByItself) {
  for (const Finder finder : {verdicts, decisions}) {
    const Outcome outcome = hunt(0, finder, std::min<std::uint64_t>(bound(), 300));
    ASSERT_EQ(outcome.report, "");
  }
}

TEST(Mutants, AreAtLeastThirty) { EXPECT_GE(count, 30u); }

TEST(Mutants, AreAllFound) {
  const bool native = native_engines().size() == 2;
  if (!native) GTEST_SKIP() << "mutants of an assembler that this build does not have cannot be found";
  std::printf("%-36s %9s  %s\n", "mutant", "programs", "noticed by");
  std::uint64_t most = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const Mutant& mutant = mutants[i];
    const Outcome outcome = hunt(i + 1, mutant.finder, bound());
    const bool found = !outcome.report.empty();
    std::printf("%-36s %9llu  %s\n", mutant.name, static_cast<unsigned long long>(outcome.programs),
                found ? first_line(outcome.report).c_str() : "NOBODY");
    EXPECT_TRUE(found) << mutant.name << " in " << mutant.file << " (" << mutant.like << ") was not found by "
                       << outcome.programs << " programs";
    most = std::max(most, outcome.programs);
  }
  std::printf("%u mutants; the last one to be found took %llu programs\n", count,
              static_cast<unsigned long long>(most));
}

}  // namespace
}  // namespace callgate::test
