// Architectures, numbers and errors as profiles write them.
#include <gmock/gmock.h>

#include "tests/profiles/decider.h"

namespace callgate::profiles {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint32_t nr_read = 0;

TEST(Words, OtherArchitecturesAreSkippedWithANote) {
  for (const char* name : {"AARCH64",   "ARM",    "LOONGARCH64", "RISCV64",     "PPC64LE", "PPC64",   "PPC",
                           "S390",      "S390X",  "M68K",        "SH",          "SHEB",    "MIPS",    "MIPS64",
                           "MIPS64N32", "MIPSEL", "MIPSEL64",    "MIPSEL64N32", "PARISC",  "PARISC64"}) {
    const Decider decide(R"({"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86","SCMP_ARCH_)" +
                         std::string(name) + R"("],"syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"}]})");
    EXPECT_EQ(decide(nr_read), allow);
    EXPECT_EQ(decide(3, {}, arch::x86_32), allow);
    EXPECT_THAT(decide.notes(), ElementsAre("architectures[1]: \"SCMP_ARCH_" + std::string(name) +
                                            "\" is the architecture of no call on x86; skipped"));
  }
}

TEST(Words, NativeArchitecture) {
  const Decider decide(R"({"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_NATIVE"],
      "syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"}]})");
  EXPECT_EQ(decide(nr_read), allow);
  EXPECT_EQ(decide(3, {}, arch::x86_32), action::kill_thread);
  EXPECT_THAT(decide.notes(), IsEmpty());
}

TEST(Words, ArchMapsOfOtherArchitecturesAreNoNews) {
  const Decider decide(R"({"defaultAction":"SCMP_ACT_ERRNO","archMap":[
      {"architecture":"SCMP_ARCH_LOONGARCH64","subArchitectures":null},
      {"architecture":"SCMP_ARCH_RISCV64","subArchitectures":[]},
      {"architecture":"SCMP_ARCH_S390X","subArchitectures":["SCMP_ARCH_S390"]},
      {"architecture":"SCMP_ARCH_X86_64","subArchitectures":["SCMP_ARCH_X86","SCMP_ARCH_X32"]}],
      "syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"}]})");
  EXPECT_EQ(decide(3, {}, arch::x86_32), allow);
  EXPECT_EQ(decide(arch::x32_bit), allow);
  EXPECT_THAT(decide.notes(), IsEmpty());
}

TEST(Words, TyposOfWordsAreErrorsWithTheNearest) {
  EXPECT_EQ(error_of(R"({"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86_46"]})"),
            "architectures[0]: unknown architecture \"SCMP_ARCH_X86_46\"; did you mean \"SCMP_ARCH_X86_64\"?");
  EXPECT_THAT(error_of(R"({"defaultAction":"SCMP_ACT_ERRNO","archMap":[{"architecture":"SCMP_ARCH_X86_46"}]})"),
              HasSubstr("archMap[0].architecture: unknown architecture"));
  EXPECT_EQ(error_of(R"({"defaultAction":"SCMP_ACT_ALLOWED"})"),
            "defaultAction: unknown action \"SCMP_ACT_ALLOWED\"; did you mean \"SCMP_ACT_ALLOW\"?");
  EXPECT_THAT(error_of(R"({"defaultAction":"SCMP_ACT_ERRNO","architectures":["X86_64"]})"),
              HasSubstr("did you mean \"SCMP_ARCH_X86_64\"?"));
  EXPECT_THAT(error_of(R"({"defaultAction":"allow"})"), HasSubstr("did you mean \"SCMP_ACT_ALLOW\"?"));
  const Decider decide(with_rule(R"("names":["opnat"],"action":"SCMP_ACT_ALLOW")"));
  EXPECT_THAT(decide.notes(), ElementsAre(HasSubstr("did you mean \"openat\"? Skipped")));
}

TEST(Words, ErrnoInDigits) {
  const auto decide = [](const std::string& members) {
    return Decider(with_rule(R"("names":["read"],"action":"SCMP_ACT_ERRNO",)" + members, "SCMP_ACT_ALLOW"))(nr_read);
  };
  EXPECT_EQ(decide(R"("errno":"38")"), enosys);
  EXPECT_EQ(decide(R"("errno":"0")"), action::errno_);
  EXPECT_EQ(decide(R"("errno":"0038")"), enosys);
  EXPECT_EQ(decide(R"("errno":"38","errnoRet":1)"), enosys);
  EXPECT_EQ(decide(R"("errno":"4094")"), action::errno_ | 4094) << "the largest that libseccomp takes";
  EXPECT_EQ(Decider(R"({"defaultAction":"SCMP_ACT_ERRNO","defaultErrno":"38"})")(nr_read), enosys);
  EXPECT_EQ(Decider(R"({"defaultAction":"SCMP_ACT_ERRNO","defaultErrno":"ENOSYS","defaultErrnoRet":1})")(nr_read),
            enosys);
  EXPECT_EQ(Decider(with_rule(R"("names":["read"],"action":"SCMP_ACT_TRACE","errno":"65535")"))(nr_read),
            action::trace | 65535);
}

TEST(Words, ErrnoThatIsNone) {
  const auto error = [](const std::string& value) {
    return error_of(with_rule(R"("names":["read"],"action":"SCMP_ACT_ERRNO","errno":)" + value, "SCMP_ACT_ALLOW"));
  };
  EXPECT_EQ(error(R"("4096")"), "syscalls[0].errno: \"4096\" is too large, at most 4095");
  EXPECT_THAT(error(R"("99999999999999999999")"), HasSubstr("is too large"));
  for (const char* text : {R"("-1")", R"("+38")", R"("0x26")", R"(" 38")", R"("38 ")", R"("EFOO")", R"("enosys")"}) {
    EXPECT_THAT(error(text), HasSubstr("syscalls[0].errno: unknown error ")) << text;
  }
  EXPECT_THAT(error("38"), HasSubstr("syscalls[0].errno: expected a string, found number"));
}

TEST(Words, ByteOrderMarkIsNoError) {
  EXPECT_EQ(Decider("\xef\xbb\xbf{\"defaultAction\":\"SCMP_ACT_ALLOW\"}")(nr_read), allow);
}

TEST(Words, NumbersThatAreNoWholeNumbers) {
  const auto error = [](const std::string& members) {
    return error_of(
        with_rule(R"("names":["read"],"action":"SCMP_ACT_ALLOW","args":[{"op":"SCMP_CMP_EQ",)" + members + "}]"));
  };
  EXPECT_THAT(error(R"("index":-1,"value":0)"), HasSubstr("syscalls[0].args[0].index: expected an unsigned number"));
  EXPECT_THAT(error(R"("index":0,"value":1.5)"), HasSubstr("value: expected an unsigned number"));
  EXPECT_THAT(error(R"("index":0,"value":"1")"), HasSubstr("value: expected an unsigned number, found string"));
  EXPECT_THAT(error(R"("index":0,"value":0,"valueTwo":18446744073709551616)"), HasSubstr("valueTwo: expected"));
  EXPECT_THAT(error(R"("value":0)"), HasSubstr("syscalls[0].args[0].index: missing"));
}

}  // namespace
}  // namespace callgate::profiles
