// callgate pid and callgate capture: filters of processes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "tests/cli/filters.h"
#include "tests/cli/run.h"
#include "tests/support/machine.h"

namespace callgate::test {
namespace {

using testing::HasSubstr;

Outcome capture(std::vector<std::string> options, const std::string& child) {
  options.insert(options.begin(), "capture");
  options.insert(options.end(), {"--", CALLGATE_FILTER_INSTALLER, child});
  return run(options);
}

class Capture : public testing::Test {
 protected:
  void SetUp() override {
    CALLGATE_SKIP_WITHOUT(ptrace);
    CALLGATE_SKIP_WITHOUT(filters);
    CALLGATE_SKIP_IF_EMULATED("it traces nothing");
  }
  Directory dir;
};

TEST_F(Capture, BySeccompAndByPrctl) {
  for (const char* way : {"seccomp", "prctl"}) {
    const Outcome outcome = capture({"-o", dir.path(way)}, way);
    EXPECT_EQ(outcome.exit, 0) << outcome;
    EXPECT_EQ(read_file(dir.path(way) + "/0.bpf"), raw_return(0x7fff0000)) << way;
  }
  EXPECT_EQ(capture({"--format", "raw"}, "seccomp").out, raw_return(0x7fff0000));
}

// What the kernel refused is no filter, and neither is one that was there before.
TEST_F(Capture, RefusedOnesAreLeftOut) {
  const Outcome outcome = capture({}, "refused");
  EXPECT_EQ(outcome.exit, 1) << outcome;
  EXPECT_THAT(outcome.err, HasSubstr("the command installed no filter"));
}

// A child has its parent's filters below its own; threads get them by SECCOMP_FILTER_FLAG_TSYNC.
TEST_F(Capture, ChainsOfProcesses) {
  const auto json = nlohmann::json::parse(capture({"--format", "json"}, "child").out);
  ASSERT_EQ(json["filters"].size(), 2U);
  ASSERT_EQ(json["chains"].size(), 2U);
  EXPECT_EQ(json["chains"][0]["filters"], nlohmann::json::array({0}));
  EXPECT_EQ(json["chains"][1]["filters"], nlohmann::json::array({0, 1}));
}

TEST_F(Capture, TextIsReadAgain) {
  const Outcome text = capture({}, "seccomp");
  EXPECT_THAT(text.out, HasSubstr("# filter 0, 1 instructions\n"));
  EXPECT_EQ(run({"check", "-"}, text.out).exit, 0) << text;
}

TEST(Pid, SaysWhatItLacks) {
  EXPECT_EQ(run({"pid", "2147483647"}).exit, 2);
  EXPECT_THAT(run({"pid", "2147483647"}).err, HasSubstr("process 2147483647: "));
  EXPECT_EQ(run({"pid"}).exit, 2);
  EXPECT_EQ(run({"pid", "-1"}).exit, 2);
}

// Either it tells the filter of a child, or what it takes.
TEST(Pid, FiltersOfAChild) {
  CALLGATE_SKIP_WITHOUT(filters);
  CALLGATE_SKIP_IF_EMULATED("it loads no filters");
  int ready[2];
  int done[2];
  ASSERT_EQ(pipe(ready), 0);
  ASSERT_EQ(pipe(done), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(done[1]);
    sock_filter allow[] = {{0x06, 0, 0, 0x7fff0000}};
    sock_fprog program{1, allow};
    const bool installed =
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
    char byte = installed ? 'y' : 'n';
    static_cast<void>(write(ready[1], &byte, 1));
    static_cast<void>(read(done[0], &byte, 1));
    _exit(0);
  }
  close(done[0]);
  char installed = 0;
  ASSERT_EQ(read(ready[0], &installed, 1), 1);
  const Outcome outcome = run({"pid", std::to_string(child)});
  const Outcome why = run({"why", "--pid", std::to_string(child), "read"});
  close(done[1]);
  waitpid(child, nullptr, 0);
  ASSERT_EQ(installed, 'y');
  const std::string name = "process " + std::to_string(child);
  if (outcome.exit == 0) {
    EXPECT_EQ(outcome.out.substr(0, outcome.out.find('\n')), "# " + name + ": 0");
    EXPECT_THAT(outcome.out, HasSubstr("ret #0x7fff0000"));
    EXPECT_EQ(why.exit, 1) << why;
  } else {
    EXPECT_EQ(outcome.exit, 2) << outcome;
    EXPECT_THAT(outcome.err, testing::ContainsRegex(name + ": .*(CAP_|CONFIG_)")) << outcome;
    EXPECT_EQ(why.exit, 2) << why;
  }
}

}  // namespace
}  // namespace callgate::test
