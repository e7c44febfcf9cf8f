// callgate explain.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "tests/cli/filters.h"
#include "tests/cli/run.h"

namespace callgate::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class Explain : public testing::Test {
 protected:
  std::string file(const std::string& name, std::string_view text) const { return dir.write(name, raw(text)); }

  Directory dir;
};

TEST_F(Explain, GroupsCallsByDecision) {
  const std::string guard = file("guard", guard_text);
  const Outcome outcome = run({"explain", guard});
  EXPECT_EQ(outcome.exit, 0) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("  ERRNO(13) EACCES\n      execve\n"));
  EXPECT_THAT(outcome.out,
              HasSubstr("  KILL_PROCESS   when the lower half of arg0 = 7\n  ALLOW   otherwise\n      read write"));
  EXPECT_THAT(outcome.out, HasSubstr("and every other number\n"));
}

TEST_F(Explain, SomeCallsOnly) {
  const std::string guard = file("guard", guard_text);
  const Outcome outcome = run({"explain", guard, "execve"});
  EXPECT_THAT(outcome.out, HasSubstr("x86_64\n  ERRNO(13) EACCES\n      execve\n")) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("i386\n  KILL_PROCESS   when"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("read")));
  EXPECT_THAT(run({"explain", guard, "59"}).out, HasSubstr("execve"));
  // A file of that name is a file.
  EXPECT_THAT(run({"explain", "-f", guard, "execve"}).out, HasSubstr("execve"));
}

// 64-bit conditions, flags and their names.
TEST_F(Explain, ConditionsInWords) {
  const std::string text = R"(
        ld [nr]
        jeq #10, mprotect
        jeq #56, clone
        jeq #41, socket
        jeq #0, read
        ret ALLOW
mprotect: ld [args[2].lo]
        jset #4, bad
        ret ALLOW
clone:  ld [args[0].lo]
        jset #0x7e020000, bad
        ret ALLOW
socket: ld [args[0].hi]
        jeq #0, low, bad
low:    ld [args[0].lo]
        jeq #1, good
        jeq #2, good
bad:    ret ERRNO(1)
read:   ld [args[2].hi]
        jgt #1, end
        jeq #1, lower
good:   ret ALLOW
lower:  ld [args[2].lo]
        jgt #5, end
        ret ALLOW
end:    ret ERRNO(1)
)";
  const Outcome outcome = run({"explain", file("words", text), "mprotect", "clone", "socket", "read"});
  const std::string& out = outcome.out;
  EXPECT_THAT(out, HasSubstr("  ALLOW   when arg0 is AF_UNIX or AF_INET\n  ERRNO(1) EPERM   otherwise\n      socket\n"))
      << out;
  EXPECT_THAT(out, HasSubstr("  ERRNO(1) EPERM   when arg2 >= 0x100000006\n  ALLOW   otherwise\n      read\n")) << out;
  EXPECT_THAT(out, HasSubstr("arg0 & (CLONE_NEWNS|CLONE_NEWCGROUP|CLONE_NEWUTS|CLONE_NEWIPC|CLONE_NEWUSER|CLONE_NEWPID|"
                             "CLONE_NEWNET) = 0"))
      << out;
}

TEST_F(Explain, ChainsNameTheFilter) {
  const std::string one = file("one", "ld [nr]\njeq #0, e\nret ALLOW\ne: ret ERRNO(1)\n");
  const std::string two = file("two", "ld [nr]\njeq #0, e\njeq #1, e\nret ALLOW\ne: ret ERRNO(2)\n");
  const Outcome outcome = run({"explain", one, two, "read", "write"});
  EXPECT_THAT(outcome.out, HasSubstr("ERRNO(2) ENOENT   (filter 1, " + two + ")\n      read write\n")) << outcome;
  const Outcome other = run({"explain", two, one, "read"});
  EXPECT_THAT(other.out, HasSubstr("ERRNO(1) EPERM   (filter 1, " + one + ")\n      read\n")) << other;
}

TEST_F(Explain, Json) {
  const Outcome outcome = run({"explain", "--json", file("guard", guard_text), "execve"});
  const auto json = nlohmann::json::parse(outcome.out);
  bool found = false;
  for (const auto& group : json["groups"]) {
    if (group["arch"] != "x86_64") continue;
    found = true;
    EXPECT_EQ(group["calls"], nlohmann::json({"execve"}));
    EXPECT_EQ(group["cases"][0]["result"], 0x5000d);
    EXPECT_EQ(group["cases"][0]["condition"], "always");
    EXPECT_EQ(group["cases"][0]["filter"], 0);
  }
  EXPECT_TRUE(found) << outcome;
}

TEST_F(Explain, ACallThatNobodyHas) {
  EXPECT_EQ(run({"explain", file("guard", guard_text), "no_such_call"}).exit, 2);
  EXPECT_EQ(run({"explain", "read"}).exit, 2);
}

// The data of the page, which its script shows.
nlohmann::json page_data(const std::string& page) {
  const std::string begin = "<script type=\"application/json\" id=\"data\">";
  const std::size_t at = page.find(begin);
  const std::size_t end = page.find("</script>", at);
  if (at == std::string::npos || end == std::string::npos) return {};
  return nlohmann::json::parse(page.substr(at + begin.size(), end - at - begin.size()));
}

TEST(ExplainPage, HoldsEverythingAndLoadsNothing) {
  const Directory dir;
  const std::string guard = dir.write("gu<script>ard", raw(guard_text));
  const Outcome outcome =
      run({"explain", guard, "--html", dir.path("page.html"), "--beside", dir.write("kill", raw_return(0))});
  EXPECT_EQ(outcome.exit, 0) << outcome;
  const std::string page = read_file(dir.path("page.html"));
  EXPECT_EQ(page.find("gu<script>ard"), std::string::npos) << "a name must not end the data";
  for (const char* what : {"src=", "href=", "@import", "url(", "fetch(", "XMLHttpRequest"}) {
    EXPECT_EQ(page.find(what), std::string::npos) << what;
  }
  for (const char* what : {"default-src 'none'", "prefers-color-scheme: dark", "@media print", "ArrowDown"}) {
    EXPECT_NE(page.find(what), std::string::npos) << what;
  }
  const nlohmann::json data = page_data(page);
  ASSERT_EQ(data["policies"].size(), 2U);
  EXPECT_EQ(data["policies"][0]["name"], guard);
  const auto& groups = data["policies"][0]["domains"][0]["groups"];
  const auto execve = std::find_if(groups.begin(), groups.end(), [](const auto& group) {
    return std::find(group["calls"].begin(), group["calls"].end(), "execve") != group["calls"].end();
  });
  ASSERT_NE(execve, groups.end());
  EXPECT_EQ((*execve)["cases"][0]["decision"], "ERRNO(13) EACCES");
  const auto read = std::find_if(groups.begin(), groups.end(), [](const auto& group) {
    return std::find(group["calls"].begin(), group["calls"].end(), "read") != group["calls"].end();
  });
  ASSERT_NE(read, groups.end());
  // A question with two answers.
  ASSERT_EQ((*read)["graph"].size(), 3U);
  EXPECT_EQ((*read)["graph"][0]["text"], "arg0.lo");
  EXPECT_EQ((*read)["graph"][0]["edges"].size(), 2U);
}

}  // namespace
}  // namespace callgate::test
