// Keys that nobody knows, settings that engines refuse, and bundles.
#include <gmock/gmock.h>

#include "tests/profiles/decider.h"

namespace callgate::profiles {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr std::uint32_t nr_read = 0;

std::vector<std::string> notes_of(const std::string& json) { return Decider(json).notes(); }

TEST(Keys, UnknownOnesAreToldWithTheNearest) {
  const std::pair<std::string, const char*> cases[] = {
      {R"({"defaultAction":"SCMP_ACT_ALLOW","syscall":[{"names":["read"],"action":"SCMP_ACT_ERRNO"}]})",
       "syscall: no engine knows this key; ignored; did you mean \"syscalls\"?"},
      {with_rule(R"("names":["read"],"action":"SCMP_ACT_ALLOW","arg":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}])"),
       "syscalls[0].arg: no engine knows this key; ignored; did you mean \"args\"?"},
      {with_rule(R"("names":["read"],"action":"SCMP_ACT_ERRNO","errnoret":0)", "SCMP_ACT_ALLOW"), "errnoRet"},
      {with_rule(R"("names":["read"],"action":"SCMP_ACT_ALLOW","include":{"caps":["CAP_BPF"]})"),
       "syscalls[0].include: no engine knows this key; ignored; did you mean \"includes\"?"},
      {with_rule(R"("names":["read"],"action":"SCMP_ACT_ALLOW","includes":{"cap":["CAP_BPF"]})"),
       "syscalls[0].includes.cap: no engine knows this key; ignored; did you mean \"caps\"?"},
      {with_rule(
           R"("names":["read"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ","x":1}])"),
       "syscalls[0].args[0].x: no engine knows this key; ignored"},
      {R"({"defaultAction":"SCMP_ACT_ERRNO","archmaps":[]})",
       "archmaps: no engine knows this key; ignored; did you mean"},
      {R"({"defaultAction":"SCMP_ACT_ERRNO","archMap":[{"architecture":"SCMP_ARCH_X86_64","subArchs":[]}]})",
       "archMap[0].subArchs: no engine knows this key"},
  };
  for (const auto& [json, text] : cases) {
    const auto filter = compile_oci(json);
    if (filter) {
      EXPECT_THAT(filter->notes, ElementsAre(HasSubstr(text))) << json;
    } else {
      EXPECT_THAT(filter.error(), HasSubstr(text)) << json;
    }
  }
}

TEST(Keys, EachIsToldOnce) {
  EXPECT_THAT(notes_of(with_rules({R"("names":["read"],"action":"SCMP_ACT_ALLOW","foo":1)",
                                   R"("names":["bpf"],"action":"SCMP_ACT_ALLOW","foo":1)"})),
              ElementsAre(HasSubstr("syscalls[0].foo")));
}

// Go's JSON takes "Names" for "names"; crun does not: the profile means two things.
TEST(Keys, OtherCaseIsRefused) {
  EXPECT_EQ(error_of(with_rule(R"("Names":["read"],"action":"SCMP_ACT_ALLOW")")),
            "syscalls[0].Names: some engines read this key as \"names\", others ignore it; write \"names\"");
  EXPECT_THAT(error_of(R"({"DefaultAction":"SCMP_ACT_ALLOW"})"), HasSubstr("DefaultAction: some engines read"));
}

TEST(Keys, CommentsAreNoNews) {
  EXPECT_THAT(
      notes_of(R"({"defaultAction":"SCMP_ACT_ALLOW","comment":"x","_note":1,"$schema":"y","//":"z","description":"d",
      "syscalls":[{"names":["read"],"action":"SCMP_ACT_ERRNO","comment":"why"}]})"),
      IsEmpty());
}

TEST(Keys, AreHarmlessInMessages) {
  const auto notes = notes_of("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"\\u001b[31m" + std::string(5000, 'x') + "\":1}");
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_EQ(notes.front().find('\x1b'), std::string::npos);
  EXPECT_LT(notes.front().size(), 200u);
}

TEST(Settings, RulesWithoutNamesDoNothing) {
  EXPECT_THAT(notes_of(with_rule(R"("names":[],"action":"SCMP_ACT_ALLOW")")),
              ElementsAre("syscalls[0]: names no system call; the rule does nothing"));
  EXPECT_THAT(notes_of(with_rule(R"("action":"SCMP_ACT_ALLOW")")), ElementsAre(HasSubstr("names no system call")));
  EXPECT_EQ(error_of(with_rule(R"("names":["read",""],"action":"SCMP_ACT_ALLOW")")),
            "syscalls[0]: an empty string is the name of no system call");
}

TEST(Settings, FlagsAreThoseOfTheSpecification) {
  EXPECT_THAT(
      notes_of(R"({"defaultAction":"SCMP_ACT_ALLOW","flags":["SECCOMP_FILTER_FLAG_TSYNC","SECCOMP_FILTER_FLAG_LOG",
      "SECCOMP_FILTER_FLAG_SPEC_ALLOW","SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]})"),
      IsEmpty());
  EXPECT_EQ(
      error_of(R"({"defaultAction":"SCMP_ACT_ALLOW","flags":["SECCOMP_FILTER_FLAG_LOG","SECCOMP_FILTER_FLAG_LOGS"]})"),
      "flags[1]: unknown flag \"SECCOMP_FILTER_FLAG_LOGS\"; did you mean \"SECCOMP_FILTER_FLAG_LOG\"?");
  EXPECT_THAT(error_of(R"({"defaultAction":"SCMP_ACT_ALLOW","flags":"SECCOMP_FILTER_FLAG_LOG"})"),
              HasSubstr("flags: expected"));
}

TEST(Settings, MetadataNeedsAListener) {
  EXPECT_EQ(error_of(R"({"defaultAction":"SCMP_ACT_ALLOW","listenerMetadata":"x"})"),
            "listenerMetadata: must not be set without \"listenerPath\"");
  const std::string both = R"({"defaultAction":"SCMP_ACT_ALLOW","listenerPath":"/run/l","listenerMetadata":"x"})";
  EXPECT_THAT(notes_of(both), IsEmpty());
  EXPECT_THAT(error_of(R"({"defaultAction":"SCMP_ACT_ALLOW","listenerPath":7})"),
              HasSubstr("listenerPath: expected a string"));
}

TEST(Settings, ErrnoOfAnotherActionIsTold) {
  EXPECT_EQ(error_of(with_rule(R"("names":["read"],"action":"SCMP_ACT_TRAP","errnoRet":0)")),
            "syscalls[0].errnoRet: this action has no error number");
  EXPECT_THAT(notes_of(with_rule(R"("names":["read"],"action":"SCMP_ACT_ALLOW","errno":"EPERM")")),
              ElementsAre("syscalls[0].errno: this action has no error number; ignored"));
}

TEST(Settings, TestsThatSayLessOrMore) {
  const auto args = [](const std::string& members) {
    return with_rule(R"("names":["read"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,)" + members + "}]");
  };
  EXPECT_THAT(notes_of(args(R"("op":"SCMP_CMP_EQ")")), ElementsAre("syscalls[0].args[0]: has no \"value\"; 0 counts"));
  EXPECT_THAT(notes_of(args(R"("op":"SCMP_CMP_EQ","value":1,"valueTwo":2)")),
              ElementsAre("syscalls[0].args[0].valueTwo: counts only for SCMP_CMP_MASKED_EQ; ignored"));
  EXPECT_THAT(notes_of(args(R"("op":"SCMP_CMP_EQ","value":1,"valueTwo":0)")), IsEmpty());
}

TEST(Settings, WordsOfConditionsThatNothingIsCalled) {
  EXPECT_THAT(
      notes_of(with_rule(R"("names":["read"],"action":"SCMP_ACT_ALLOW","excludes":{"caps":["SYS_ADMIN","CAP_BPF"],
      "arches":["x86_64","arm64"]})")),
      UnorderedElementsAre("syscalls[0].excludes.caps[0]: no capability is called \"SYS_ADMIN\"",
                           "syscalls[0].excludes.arches[0]: no architecture is called \"x86_64\""));
}

std::string bundle(const std::string& seccomp) {
  return R"({"ociVersion":"1.0.2",
      "process":{"args":["sh"],"capabilities":{"bounding":["CAP_BPF"],"effective":["CAP_KILL"]}},
      "linux":{"namespaces":[],"seccomp":)" +
         seccomp + "}}";
}

TEST(Bundle, IsReadFromItsSection) {
  const Decider decide(bundle(R"({"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86_64"],
      "syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"}]})"));
  EXPECT_EQ(decide(nr_read), allow);
  EXPECT_EQ(decide(1), eperm);
  EXPECT_THAT(decide.notes(), IsEmpty()) << "other keys of a bundle are not the profile's";
}

TEST(Bundle, HasPathsFromItsRoot) {
  EXPECT_THAT(error_of(bundle(R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["read"],"action":"FOO"}]})")),
              HasSubstr("linux.seccomp.syscalls[0].action: unknown action \"FOO\""));
  EXPECT_THAT(error_of(bundle("{}")), HasSubstr("linux.seccomp.defaultAction: missing"));
}

// Runtimes read the specification's keys alone.
TEST(Bundle, HasNoConditions) {
  const Decider decide(bundle(R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[
      {"names":["read"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_ADMIN"]}}]})"));
  EXPECT_EQ(decide(nr_read), allow);
  EXPECT_THAT(decide.notes(),
              ElementsAre("linux.seccomp.syscalls[0].includes: the engine does not know this key here; ignored"));
}

TEST(Bundle, CapabilitiesThatAreNoneAreTold) {
  const Decider decide(R"({"process":{"capabilities":{"bounding":["CAP_BPF","SYS_ADMIN"],"ambient":["CAP_FOO"]}},
      "linux":{"seccomp":{"defaultAction":"SCMP_ACT_ALLOW"}}})");
  EXPECT_THAT(decide.notes(), ElementsAre("process.capabilities.bounding[1]: no capability is called \"SYS_ADMIN\"",
                                          "process.capabilities.ambient[0]: no capability is called \"CAP_FOO\""));
}

TEST(Bundle, WithoutASectionIsAnError) {
  const char* message = "profile: this OCI bundle has no \"linux.seccomp\": no filter, every call is allowed";
  EXPECT_EQ(error_of(R"({"ociVersion":"1.0.2","linux":{}})"), message);
  EXPECT_EQ(error_of(R"({"ociVersion":"1.0.2"})"), message);
  EXPECT_EQ(error_of(bundle("null")), message);
  EXPECT_THAT(error_of(R"({"ociVersion":"1.0.2","linux":7})"), HasSubstr("linux: expected an object"));
}

}  // namespace
}  // namespace callgate::profiles
