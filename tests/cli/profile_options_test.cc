// The options that say for which container an OCI profile is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/run.h"

namespace callgate::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

class ProfileOptions : public testing::Test {
 protected:
  // What is decided for `calls`, and what is told about the profile.
  Outcome eval(const std::string& profile, std::vector<std::string> options, const std::string& calls) {
    std::vector<std::string> words = {"eval", "-f", dir.write("profile.json", profile)};
    words.insert(words.end(), options.begin(), options.end());
    return run(words, calls);
  }
  Directory dir;
};

const std::string needs_admin = R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[
    {"names":["read"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_ADMIN","CAP_BPF"]}}]})";

TEST_F(ProfileOptions, CapabilitiesInEverySpelling) {
  for (const std::vector<std::string>& options : {std::vector<std::string>{"--cap", "CAP_SYS_ADMIN", "--cap", "bpf"},
                                                  {"--cap", "sys_admin,CAP_BPF"},
                                                  {"--cap", "ALL"},
                                                  {"--cap=all"}}) {
    EXPECT_THAT(eval(needs_admin, options, "0\n").out, HasSubstr("ALLOW")) << options.back();
  }
  EXPECT_THAT(eval(needs_admin, {"--cap", "bpf"}, "0\n").out, HasSubstr("ERRNO(1)"));
}

TEST_F(ProfileOptions, CapabilityTyposAreRefused) {
  const Outcome outcome = eval(needs_admin, {"--cap", "SYS_ADMN"}, "0\n");
  EXPECT_EQ(outcome.exit, 2) << outcome;
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err,
              AllOf(HasSubstr("--cap"), HasSubstr("\"SYS_ADMN\" is no capability; did you mean \"CAP_SYS_ADMIN\"?")));
  EXPECT_EQ(eval(needs_admin, {"--cap", ""}, "0\n").exit, 2);
}

TEST_F(ProfileOptions, EngineOfDecidesAboutNewCalls) {
  const std::string profile =
      R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"},
      {"names":["write"],"action":"SCMP_ACT_ALLOW"}]})";
  for (const char* engine : {"runc", "docker"}) {
    EXPECT_THAT(eval(profile, {"--engine-of", engine}, "400\n").out, HasSubstr("ERRNO(38)")) << engine;
  }
  for (const char* engine : {"common", "crun", "podman"}) {
    EXPECT_THAT(eval(profile, {"--engine-of", engine}, "400\n").out, HasSubstr("ERRNO(1)")) << engine;
  }
  EXPECT_THAT(eval(profile, {}, "400\n").out, HasSubstr("ERRNO(1)"));
  EXPECT_EQ(eval(profile, {"--engine-of", "lxc"}, "400\n").exit, 2);
}

TEST_F(ProfileOptions, MismatchIsAnErrorUnlessAccepted) {
  // The second rule says the default action and is left out by engines; the first one wins.
  const std::string profile = R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[
      {"names":["read"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":10,"op":"SCMP_CMP_LT"}]},
      {"names":["read"],"action":"SCMP_ACT_ERRNO","args":[{"index":0,"value":5,"op":"SCMP_CMP_EQ"}]}]})";
  const Outcome refused = eval(profile, {}, "0 5\n");
  EXPECT_EQ(refused.exit, 2) << refused;
  EXPECT_THAT(refused.err, AllOf(HasSubstr("syscalls[1]: libseccomp "), HasSubstr("makes ALLOW of read(0x5)"),
                                 HasSubstr("--accept-mismatch")));
  const Outcome accepted = eval(profile, {"--accept-mismatch"}, "0 5\n");
  EXPECT_EQ(accepted.exit, 0) << accepted;
  EXPECT_THAT(accepted.out, HasSubstr("ALLOW"));
  EXPECT_THAT(accepted.err, HasSubstr("makes ALLOW of read(0x5)"));
}

TEST_F(ProfileOptions, BundlesAreRead) {
  const Outcome outcome = eval(R"({"ociVersion":"1.0.2","process":{"capabilities":{"bounding":[]}},"linux":{"seccomp":
      {"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["mseal"],"action":"SCMP_ACT_ALLOW"}]}}})",
                               {}, "462\n");
  EXPECT_THAT(outcome.out, HasSubstr("ALLOW"));
  const Outcome none = eval(R"({"ociVersion":"1.0.2","linux":{}})", {}, "0\n");
  EXPECT_EQ(none.exit, 2);
  EXPECT_THAT(none.err, HasSubstr("this OCI bundle has no \"linux.seccomp\""));
}

}  // namespace
}  // namespace callgate::test
