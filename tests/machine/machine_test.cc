// The probe of the machine: its answers are those of the kernel, and CALLGATE_MACHINE can only take away. Answers are
// kept for a process, so each question is asked in a child of its own.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <string>

#include "oracles/machine/machine.h"
#include "oracles/process/child.h"

extern char** environ;

namespace callgate::machine {
namespace {

using testing::HasSubstr;

// What `ask` says in a child with this CALLGATE_MACHINE.
std::string with(const std::string& words, const std::function<std::string()>& ask) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("pipe");
  const std::string end = process::isolated(
      [&] {
        ::setenv("CALLGATE_MACHINE", words.c_str(), 1);
        const std::string said = ask();
        if (::write(ends[1], said.data(), said.size()) != static_cast<ssize_t>(said.size()))
          throw std::runtime_error("write");
      },
      60);
  ::close(ends[1]);
  std::string said;
  char buffer[1024];
  for (ssize_t count; (count = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    said.append(buffer, static_cast<std::size_t>(count));
  ::close(ends[0]);
  return end + said;
}

// As this machine is; a forced poverty of the whole run is kept.
std::string as_it_is(const std::function<std::string()>& ask) {
  const char* const words = std::getenv("CALLGATE_MACHINE");
  return with(words != nullptr ? words : "", ask);
}

bool is_forced(const std::string& word) {
  const char* const words = std::getenv("CALLGATE_MACHINE");
  return words != nullptr && ("," + std::string(words) + ",").find("," + word + ",") != std::string::npos;
}

bool has_now(Ability ability) {
  return as_it_is([=] { return obstacle(ability); }).empty();
}

TEST(Machine, EachWordTakesItsAbilityAway) {
  for (const Ability ability : abilities) {
    const std::string word = std::string("no-") + name(ability);
    const std::string why = with(word, [=] { return obstacle(ability); });
    EXPECT_THAT(why, HasSubstr("(CALLGATE_MACHINE says so)")) << word;
    EXPECT_EQ(why.find('\n'), std::string::npos) << why;
    EXPECT_FALSE(why.ends_with(".")) << why;
    EXPECT_EQ(with(word, [=] { return std::string(is_taken_away(ability) ? "taken" : "left"); }), "taken") << word;
  }
}

TEST(Machine, SeveralWordsAndEmptyOnes) {
  const std::string said = with(",no-int80,,no-ptrace,", [] {
    std::string taken;
    for (const Ability ability : abilities) taken += is_taken_away(ability) ? std::string(name(ability)) + " " : "";
    return taken;
  });
  EXPECT_EQ(said, "int80 ptrace ");
}

TEST(Machine, WithoutFiltersThereAreNoSocketFilters) {
  EXPECT_EQ(with("no-filters", [] { return std::string(is_taken_away(Ability::socket_filters) ? "taken" : "left"); }),
            "taken");
}

// A misspelt word would take nothing away, and what it was to show would pass without being shown.
TEST(Machine, AWordThatIsNotKnownIsAnError) {
  for (const char* words : {"no-32-bit-program", "filters", "no-int80;no-ptrace"}) {
    const std::string said = with(words, [] {
      try {
        return obstacle(Ability::ptrace);
      } catch (const std::invalid_argument& error) {
        return std::string(error.what());
      }
    });
    EXPECT_THAT(said, HasSubstr("CALLGATE_MACHINE: no ability")) << words;
  }
}

// The same question to the kernel, in another way: a 32-bit program of 700 KB that a compiler linked.
TEST(Machine, ProgramsOf32BitsRunWhereItSaysSo) {
  const std::string program = std::string(CALLGATE_PROBES) + "/callgate-probe32";
  if (::access(program.c_str(), X_OK) != 0 || is_forced("no-32-bit-programs")) {
    EXPECT_THAT(with("no-32-bit-programs", [] { return obstacle(Ability::programs_32); }),
                HasSubstr("this kernel runs no 32-bit programs"));
    return;
  }
  process::Descriptors descriptors;
  descriptors.open(STDIN_FILENO, "/dev/null", O_RDONLY);  // no requests: it ends at once
  std::string end;
  try {
    end = process::describe_end(process::wait_for(process::spawn({program}, descriptors)));
  } catch (const std::system_error& error) {
    end = error.what();
  }
  EXPECT_EQ(has_now(Ability::programs_32), end.empty()) << end;
}

TEST(Machine, FiltersAreLoadedWhereItSaysSo) {
  if (is_forced("no-filters")) {
    EXPECT_FALSE(has_now(Ability::filters));
    return;
  }
  const std::string end = process::isolated([] {
    sock_filter allow[] = {{0x06, 0, 0, SECCOMP_RET_ALLOW}};
    const sock_fprog program = {1, allow};
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) ::_exit(1);
  });
  EXPECT_EQ(has_now(Ability::filters), end.empty()) << end;
}

TEST(Machine, TheLauncherIsEmptyOnlyWhereTheKernelRunsThem) {
  const std::string said = as_it_is([] {
    const Launcher& launcher = launcher_32();
    const bool fits = launcher.is_ready == (has(Ability::programs_32) || has(Ability::emulator_32)) &&
                      launcher.is_ready == launcher.obstacle.empty() &&
                      launcher.words.empty() == (has(Ability::programs_32) || !launcher.is_ready);
    return std::string(fits ? "fits" : "does not fit: " + launcher.obstacle);
  });
  EXPECT_EQ(said, "fits");
  EXPECT_THAT(with("no-32-bit-programs,no-emulator", [] { return launcher_32().obstacle; }),
              HasSubstr("this kernel runs no 32-bit programs (CALLGATE_MACHINE says so), and there is no emulator"));
}

// 32-bit processes are not asked about segments and gates of 64-bit ones.
TEST(Machine, A32BitProcessHasNoGate) {
  if (sizeof(void*) == 4) {
    EXPECT_FALSE(has_now(Ability::int80));
    EXPECT_FALSE(has_now(Ability::segment_32));
    EXPECT_EQ(as_it_is([] { return std::string(is_emulated() ? "emulated" : "native"); }),
              has_now(Ability::programs_32) ? "native" : "emulated");
  } else {
    EXPECT_EQ(as_it_is([] { return std::string(is_emulated() ? "emulated" : "native"); }), "native");
  }
}

}  // namespace
}  // namespace callgate::machine
