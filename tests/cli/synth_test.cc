// callgate synth: profiles from recordings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/cli/filters.h"
#include "tests/cli/run.h"

namespace callgate::test {
namespace {

using testing::HasSubstr;

class Synth : public testing::Test {
 protected:
  std::string profile(const std::string& calls, std::vector<std::string> options = {}) const {
    options.insert(options.begin(), {"synth", dir.write("calls", calls), "-o", dir.path("out.json")});
    const Outcome outcome = run(options);
    EXPECT_EQ(outcome.exit, 0) << outcome;
    return dir.path("out.json");
  }
  std::string decide(const std::string& file, const std::string& call) const {
    return decisions(run({"eval", "-f", file}, call + "\n").out);
  }

  Directory dir;
};

TEST_F(Synth, AllowsTheCallsAndNoOthers) {
  const std::string file = profile("read 3 0x1000 5\nsocket 1 2 0\n");
  EXPECT_EQ(decide(file, "read 9 9 9"), "ALLOW\n");
  EXPECT_EQ(decide(file, "socket 38"), "ALLOW\n");
  EXPECT_EQ(decide(file, "execve"), "ERRNO(38)\n");
  EXPECT_EQ(decide(file, "read arch=i386"), "KILL_THREAD\n");
}

TEST_F(Synth, Arguments) {
  const std::string file = profile("read 3 0x1000 5\nsocket 1 2 0\nsocket 2 2 0\n", {"--args"});
  EXPECT_EQ(decide(file, "read 9 9 9"), "ALLOW\n");
  EXPECT_EQ(decide(file, "socket 2 1 0"), "ALLOW\n");
  EXPECT_EQ(decide(file, "socket 0x100000002 1 0"), "ALLOW\n") << "the kernel takes 32 bits";
  EXPECT_EQ(decide(file, "socket 38"), "ERRNO(38)\n");
}

TEST_F(Synth, WithinAnother) {
  const std::string within =
      dir.write("within", raw("ld [nr]\njeq #41, s\njeq #0, a\nret ERRNO(1)\ns: ld [args[0].lo]\n"
                              "jeq #38, d\na: ret ALLOW\nd: ret ERRNO(1)\n"));
  const std::string file = profile("read\nsocket 1 2 0\n", {"--within", within});
  EXPECT_EQ(run({"diff", "--subset", within, file}).exit, 0);
  EXPECT_EQ(decide(file, "socket 1 2 0"), "ALLOW\n");
  EXPECT_EQ(decide(file, "socket 38"), "ERRNO(38)\n");
  const Outcome outside = run({"synth", dir.write("calls", "socket 38\n"), "--within", within});
  EXPECT_EQ(outside.exit, 1);
  EXPECT_THAT(outside.err, HasSubstr("refuses calls of the recordings:\n  socket 0x26"));
}

TEST_F(Synth, RawAndErrors) {
  const Outcome raw_filter = run({"synth", "--format", "raw", dir.write("calls", "read\n")});
  EXPECT_EQ(raw_filter.exit, 0) << raw_filter;
  EXPECT_EQ(run({"check", "-"}, raw_filter.out).exit, 0);
  EXPECT_EQ(run({"synth", dir.write("none", "\n")}).exit, 2);
  EXPECT_THAT(run({"synth", dir.write("number", "5000\n")}).err, HasSubstr("no rule of a profile names the call 5000"));
}

}  // namespace
}  // namespace callgate::test
