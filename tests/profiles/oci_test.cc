// OCI profiles by what the filters decide, not by their instructions.
#include "profiles/oci.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "tests/profiles/decider.h"

namespace callgate::profiles {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Numbers on x86_64 and i386.
constexpr std::uint32_t nr_read = 0, nr_socket = 41, nr_personality = 135, nr_bpf = 321;
constexpr std::uint32_t nr_read_i386 = 3;

TEST(Oci, EmptyProfileIsTheDefaultAction) {
  const Decider decide(R"({"defaultAction":"SCMP_ACT_ERRNO"})");
  EXPECT_EQ(decide(nr_read), eperm);
  EXPECT_EQ(decide(nr_read_i386, {}, arch::x86_32), action::kill_thread) << "not in the profile's architectures";
}

TEST(Oci, EveryAction) {
  const std::pair<const char*, std::uint32_t> actions[] = {
      {"SCMP_ACT_KILL", action::kill_thread},
      {"SCMP_ACT_KILL_THREAD", action::kill_thread},
      {"SCMP_ACT_TRAP", action::trap},
      {"SCMP_ACT_KILL_PROCESS", action::kill_process},
      {"SCMP_ACT_ERRNO", eperm},
      {"SCMP_ACT_TRACE", action::trace | 1},
      {"SCMP_ACT_LOG", action::log},
      {"SCMP_ACT_NOTIFY", action::user_notif},
  };
  for (const auto& [text, result] : actions) {
    const Decider decide(with_rule(R"("names":["read"],"action":")" + std::string(text) + '"', "SCMP_ACT_ALLOW"));
    EXPECT_EQ(decide(nr_read), result) << text;
    EXPECT_EQ(decide(nr_bpf), allow) << text;
  }
}

TEST(Oci, ErrnoByNumberByNameAndByDefault) {
  const auto decide = [](const std::string& rule) {
    return Decider(with_rule(R"("name":"read",)" + rule, "SCMP_ACT_ALLOW"))(nr_read);
  };
  EXPECT_EQ(decide(R"("action":"SCMP_ACT_ERRNO","errnoRet":38)"), enosys);
  EXPECT_EQ(decide(R"("action":"SCMP_ACT_ERRNO","errno":"ENOSYS")"), enosys);
  EXPECT_EQ(decide(R"("action":"SCMP_ACT_ERRNO","errno":"ENOSYS","errnoRet":1)"), enosys);
  EXPECT_EQ(decide(R"("action":"SCMP_ACT_ERRNO","errno":"","errnoRet":38)"), enosys);
  EXPECT_EQ(decide(R"("action":"SCMP_ACT_ERRNO","errno":"EWOULDBLOCK")"), action::errno_ | 11);
  EXPECT_EQ(decide(R"("action":"SCMP_ACT_ERRNO","errnoRet":0)"), action::errno_);
  EXPECT_EQ(decide(R"("action":"SCMP_ACT_ERRNO","errnoRet":null)"), eperm);
  EXPECT_EQ(decide(R"("action":"SCMP_ACT_TRACE","errnoRet":65535)"), action::trace | 65535);
  EXPECT_EQ(Decider(R"({"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":38})")(nr_read), enosys);
  EXPECT_EQ(Decider(R"({"defaultAction":"SCMP_ACT_ERRNO","defaultErrno":"ENOSYS"})")(nr_read), enosys);
}

TEST(Oci, RuleWithTheDefaultActionIsLeftOut) {
  const Decider decide(R"({"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":38,"syscalls":[
      {"names":["read"],"action":"SCMP_ACT_ERRNO","errnoRet":38},
      {"names":["bpf"],"action":"SCMP_ACT_ERRNO","errnoRet":1}]})");
  EXPECT_EQ(decide(nr_read), enosys);
  EXPECT_EQ(decide(nr_bpf), eperm);
}

TEST(Oci, EveryOperator) {
  struct Case {
    const char* op;
    bool below, equal, above;
  };
  const Case cases[] = {
      {"SCMP_CMP_NE", true, false, true},  {"SCMP_CMP_LT", true, false, false}, {"SCMP_CMP_LE", true, true, false},
      {"SCMP_CMP_EQ", false, true, false}, {"SCMP_CMP_GE", false, true, true},  {"SCMP_CMP_GT", false, false, true},
  };
  constexpr std::uint64_t value = 0x100000005;
  for (const Case& c : cases) {
    const Decider decide(with_rule(R"("names":["read"],"action":"SCMP_ACT_ALLOW",
        "args":[{"index":3,"value":4294967301,"op":")" +
                                   std::string(c.op) + "\"}]"));
    EXPECT_EQ(decide(nr_read, {0, 0, 0, value - 1}) == allow, c.below) << c.op;
    EXPECT_EQ(decide(nr_read, {0, 0, 0, value}) == allow, c.equal) << c.op;
    EXPECT_EQ(decide(nr_read, {0, 0, 0, value + 1}) == allow, c.above) << c.op;
    EXPECT_EQ(decide(nr_read, {0, 0, 0, 6}) == allow, c.below) << c.op << ": the high half counts";
  }
}

TEST(Oci, MaskedEqualTakesTheMaskFirst) {
  const Decider decide(with_rule(R"("names":["read"],"action":"SCMP_ACT_ALLOW",
      "args":[{"index":0,"value":18446744069414584335,"valueTwo":3,"op":"SCMP_CMP_MASKED_EQ"}])"));
  EXPECT_EQ(decide(nr_read, {0x03}), allow);
  EXPECT_EQ(decide(nr_read, {0xf3}), allow) << "bits outside the mask do not count";
  EXPECT_EQ(decide(nr_read, {0x07}), eperm);
  EXPECT_EQ(decide(nr_read, {0x100000003}), eperm);
}

TEST(Oci, TestsOfDifferentArgumentsMustAllHold) {
  const Decider decide(with_rule(R"("names":["socket"],"action":"SCMP_ACT_ALLOW","args":[
      {"index":0,"value":16,"op":"SCMP_CMP_EQ"},{"index":2,"value":9,"op":"SCMP_CMP_EQ"}])"));
  EXPECT_EQ(decide(nr_socket, {16, 0, 9}), allow);
  EXPECT_EQ(decide(nr_socket, {16, 0, 8}), eperm);
  EXPECT_EQ(decide(nr_socket, {15, 0, 9}), eperm);
}

TEST(Oci, TestsOfOneArgumentAreAlternatives) {
  const Decider decide(with_rule(R"("names":["personality"],"action":"SCMP_ACT_ALLOW","args":[
      {"index":0,"value":0,"op":"SCMP_CMP_EQ"},{"index":0,"value":8,"op":"SCMP_CMP_EQ"}])"));
  EXPECT_EQ(decide(nr_personality, {0}), allow);
  EXPECT_EQ(decide(nr_personality, {8}), allow);
  EXPECT_EQ(decide(nr_personality, {4}), eperm);
}

TEST(Oci, ArchitecturesOfTheRuntimeForm) {
  const Decider decide(R"({"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86","SCMP_ARCH_X32"],
      "syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"}]})");
  EXPECT_EQ(decide(nr_read), allow) << "the native architecture is always there";
  EXPECT_EQ(decide(nr_read_i386, {}, arch::x86_32), allow);
  EXPECT_EQ(decide(nr_read | arch::x32_bit), allow);
  EXPECT_EQ(decide(nr_read, {}, 0xc00000b7), action::kill_thread);
}

TEST(Oci, ArchMapOfTheProfileForm) {
  const std::string json = R"({"defaultAction":"SCMP_ACT_ERRNO","archMap":[
      {"architecture":"SCMP_ARCH_X86_64","subArchitectures":["SCMP_ARCH_X86"]},
      {"architecture":"SCMP_ARCH_S390X","subArchitectures":["SCMP_ARCH_S390"]}],
      "syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"}]})";
  const Decider decide(json);
  EXPECT_EQ(decide(nr_read), allow);
  EXPECT_EQ(decide(nr_read_i386, {}, arch::x86_32), allow);
  EXPECT_EQ(decide(nr_read | arch::x32_bit), action::kill_thread);
}

TEST(Oci, NativeArchitectureIsAnOption) {
  OciOptions options;
  options.native_arch = arch::x86_32;
  const Decider decide(with_rule(R"("names":["read"],"action":"SCMP_ACT_ALLOW","includes":{"arches":["x86"]})"),
                       options);
  EXPECT_EQ(decide(nr_read_i386, {}, arch::x86_32), allow);
  EXPECT_EQ(decide(nr_read), action::kill_thread);
}

std::string with_condition(const std::string& condition) {
  return with_rule(R"("names":["read"],"action":"SCMP_ACT_ALLOW",)" + condition);
}

bool is_kept(const std::string& condition, const OciOptions& options) {
  return Decider(with_condition(condition), options)(nr_read) == allow;
}

TEST(Oci, CapabilitiesIncludeAndExclude) {
  OciOptions none;
  OciOptions one;
  one.capabilities = {"CAP_BPF"};
  OciOptions both;
  both.capabilities = {"CAP_BPF", "CAP_SYS_ADMIN"};
  const std::string all = R"("includes":{"caps":["CAP_BPF","CAP_SYS_ADMIN"]})";
  EXPECT_FALSE(is_kept(all, none));
  EXPECT_FALSE(is_kept(all, one));
  EXPECT_TRUE(is_kept(all, both));
  const std::string any = R"("excludes":{"caps":["CAP_BPF","CAP_SYS_ADMIN"]})";
  EXPECT_TRUE(is_kept(any, none));
  EXPECT_FALSE(is_kept(any, one));
  EXPECT_FALSE(is_kept(any, both));
}

TEST(Oci, ArchesIncludeAndExclude) {
  EXPECT_TRUE(is_kept(R"("includes":{"arches":["s390x","amd64"]})", {}));
  EXPECT_FALSE(is_kept(R"("includes":{"arches":["s390x"]})", {}));
  EXPECT_FALSE(is_kept(R"("excludes":{"arches":["amd64"]})", {}));
  EXPECT_TRUE(is_kept(R"("excludes":{"arches":["arm64"]})", {}));
  EXPECT_TRUE(is_kept(R"("includes":{},"excludes":null)", {}));
}

TEST(Oci, KernelVersionIncludesAndExcludes) {
  OciOptions options;
  options.kernel = {5, 9};
  EXPECT_TRUE(is_kept(R"("includes":{"minKernel":"5.9"})", options));
  EXPECT_TRUE(is_kept(R"("includes":{"minKernel":"4.18"})", options));
  EXPECT_FALSE(is_kept(R"("includes":{"minKernel":"5.10"})", options));
  EXPECT_FALSE(is_kept(R"("excludes":{"minKernel":"5.9"})", options));
  EXPECT_TRUE(is_kept(R"("excludes":{"minKernel":"5.10"})", options));
}

TEST(Oci, KernelVersionText) {
  EXPECT_EQ(*parse_kernel_version("6.1.0-13-amd64"), (KernelVersion{6, 1}));
  EXPECT_EQ(*parse_kernel_version("5.10"), (KernelVersion{5, 10}));
  EXPECT_LT((KernelVersion{5, 9}), (KernelVersion{5, 10}));
  for (const char* bad : {"", "5", "5.", ".5", "five", "5.99999999999", "-5.1"}) {
    EXPECT_FALSE(parse_kernel_version(bad)) << bad;
  }
  EXPECT_GT(running_kernel(), (KernelVersion{2, 0}));
}

TEST(Oci, UnknownSystemCallsAreSkippedWithANote) {
  const Decider decide(R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[
      {"names":["read","no_such_call","re\u0000ad"],"action":"SCMP_ACT_ALLOW"}]})");
  EXPECT_EQ(decide(nr_read), allow);
  EXPECT_THAT(decide.notes(),
              ElementsAre(HasSubstr("syscalls[0]: system call \"no_such_call\" is not known"), HasSubstr("\"re?ad\"")));
}

TEST(Oci, TreeDecidesAsTheList) {
  OciOptions tree;
  tree.binary_tree = true;
  const std::string json = R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[
      {"names":["read","write","close","openat","personality"],"action":"SCMP_ACT_ALLOW"},
      {"names":["socket"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]}]})";
  const Decider list(json);
  const Decider as_tree(json, tree);
  for (std::uint32_t nr = 0; nr < 512; ++nr) {
    for (std::uint64_t argument = 0; argument < 3; ++argument) {
      EXPECT_EQ(list(nr, {argument}), as_tree(nr, {argument})) << nr;
    }
  }
  EXPECT_EQ(Decider(R"({"defaultAction":"SCMP_ACT_ERRNO"})", tree)(nr_read), eperm) << "a tree without rules";
}

TEST(Oci, ErrorsNameThePlace) {
  const std::pair<std::string, const char*> cases[] = {
      {"", "parse error"},
      {"{", "parse error"},
      {"[]", "profile: expected an object, found array"},
      {"{}", "defaultAction: missing"},
      {R"({"defaultAction":7})", "defaultAction: expected a string, found number"},
      {R"({"defaultAction":"SCMP_ACT_FOO"})", "defaultAction: unknown action \"SCMP_ACT_FOO\""},
      {R"({"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":4096})", "defaultErrnoRet: 4096 is too large"},
      {R"({"defaultAction":"SCMP_ACT_ERRNO","defaultErrno":"EFOO"})", "defaultErrno: unknown error \"EFOO\""},
      {R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":{}})", "syscalls: expected an array, found object"},
      {R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[7]})", "syscalls[0]: expected an object"},
      {R"({"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_FOO"]})",
       "architectures[0]: unknown architecture \"SCMP_ARCH_FOO\""},
      {R"({"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86"],
          "archMap":[{"architecture":"SCMP_ARCH_X86_64"}]})",
       "archMap: stands beside"},
      {with_rule(R"("names":["read"])"), "syscalls[0].action: missing"},
      {with_rule(R"("names":"read","action":"SCMP_ACT_ALLOW")"), "syscalls[0].names: expected an array, found string"},
      {with_rule(R"("names":["a",1],"action":"SCMP_ACT_ALLOW")"), "syscalls[0].names[1]: expected a string"},
      {with_rule(R"("names":["read"],"name":"bpf","action":"SCMP_ACT_ALLOW")"), "syscalls[0].name: stands beside"},
      {with_condition(R"("includes":{"minKernel":"new"})"),
       "syscalls[0].includes.minKernel: expected a kernel version"},
      {with_condition(R"("args":[{"index":6,"op":"SCMP_CMP_EQ"}])"), "syscalls[0].args[0].index: 6 is too large"},
      {with_condition(R"("args":[{"index":0,"value":1,"op":"SCMP_CMP_FOO"}])"),
       "syscalls[0].args[0].op: unknown operator \"SCMP_CMP_FOO\""},
      {with_condition(R"("args":[{"index":0,"value":-1,"op":"SCMP_CMP_EQ"}])"),
       "syscalls[0].args[0].value: expected an unsigned number, found a negative number"},
      {with_condition(R"("args":[{"index":0,"value":18446744073709551616,"op":"SCMP_CMP_EQ"}])"),
       "syscalls[0].args[0].value: expected an unsigned number, found a number that is not a whole 64-bit one"},
      {with_condition(R"("args":[{"index":0,"value":1e400,"op":"SCMP_CMP_EQ"}])"), "number overflow"},
      {with_condition(R"("args":[null])"), "syscalls[0].args[0]: expected an object, found null"},
      {R"({"defaultAction":"SCMP_ACT_ALLOW","defaultAction":"SCMP_ACT_KILL"})", "key \"defaultAction\" is given twice"},
      {R"({"syscalls":[{"names":["read"]},{"names":[],"args":[[],{"index":0,"index":1}]}]})",
       "syscalls[1].args[1]: key \"index\" is given twice"},
  };
  for (const auto& [json, message] : cases) EXPECT_THAT(error_of(json), HasSubstr(message)) << json;
}

TEST(Oci, AbsurdNestingIsRefused) {
  constexpr std::size_t depth = 1'000'000;
  const std::string arrays = std::string(depth, '[') + std::string(depth, ']');
  std::string objects;
  for (std::size_t i = 0; i < depth; ++i) objects += "{\"a\":";
  EXPECT_THAT(error_of(arrays), HasSubstr("nested more than"));
  EXPECT_THAT(error_of(objects), HasSubstr("nested more than"));
  EXPECT_THAT(error_of(R"({"defaultAction":)" + arrays + "}"), HasSubstr("nested more than"));
}

// libseccomp takes time that is quadratic in the rules for one call: 400,000 of them went on for minutes.
TEST(Oci, RulesGivenManyTimesCountOnce) {
  std::string names = R"("read")";
  for (int i = 0; i < 2000; ++i) names += R"(,"read")";
  std::string args;
  for (int i = 0; i < 200; ++i) {
    args += (i == 0 ? "" : ",") + (R"({"index":1,"op":"SCMP_CMP_EQ","value":)" + std::to_string(i)) + "}";
  }
  const Decider decide(with_rule("\"names\":[" + names + R"(],"action":"SCMP_ACT_ALLOW","args":[)" + args + "]"));
  EXPECT_EQ(decide(nr_read, {0, 199}), allow);
  EXPECT_EQ(decide(nr_read, {0, 200}), eperm);
}

TEST(Oci, MoreRulesThanAFilterHoldsAreRefused) {
  std::string rules;
  for (int i = 0; i < 20'000; ++i) {
    rules += (i == 0 ? "" : ",") +
             (R"({"names":["read"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"op":"SCMP_CMP_EQ","value":)" +
              std::to_string(i)) +
             "}]}";
  }
  EXPECT_EQ(error_of(R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[)" + rules + "]}"),
            "syscalls[8192]: more than 8192 different rules");
}

// Tests of two arguments, all different: libseccomp's tree of them, and its time, explode.
TEST(Oci, RulesThatLibseccompDoesNotGetDoneWithAreRefused) {
  std::string rules;
  std::uint64_t value = 1;
  for (int i = 0; i < 400; ++i) {
    rules += i == 0 ? "" : ",";
    rules += R"({"names":["read"],"action":"SCMP_ACT_ALLOW","args":[)";
    for (const int index : {i % 5, i % 5 + 1}) {
      value = value * 6364136223846793005 + 1442695040888963407;
      const char* const op = value >> 63 != 0 ? "SCMP_CMP_GT" : "SCMP_CMP_NE";
      rules += (index == i % 5 ? "" : ",") + (R"({"index":)" + std::to_string(index)) + R"(,"op":")" + op +
               R"(","value":)" + std::to_string(value >> 20) + "}";
    }
    rules += "]}";
  }
  OciOptions options;
  options.seconds = 1;
  EXPECT_THAT(error_of(R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[)" + rules + "]}", options),
              HasSubstr("libseccomp does not get done with the rules in 1 s"));
}

TEST(Oci, UnknownSystemCallsAreNotedOnce) {
  const Decider decide(R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[
      {"names":["b","a","b"],"action":"SCMP_ACT_ALLOW"},{"names":["a"],"action":"SCMP_ACT_LOG"}]})");
  EXPECT_THAT(decide.notes(),
              ElementsAre(HasSubstr("syscalls[0]: system call \"b\""), HasSubstr("syscalls[0]: system call \"a\"")));
}

TEST(Oci, DocumentsThatWouldFillTheMemoryAreRefused) {
  std::string zeros = R"({"defaultAction":"SCMP_ACT_ERRNO","x":[)";
  for (int i = 0; i < 4 << 20; ++i) zeros += "0,";
  EXPECT_EQ(error_of(zeros + "0]}"), "larger than 8 MiB, which no profile is");
}

TEST(Oci, MessagesAreHarmless) {
  const std::string unfinished = error_of("{\"a\":\"" + std::string(1'000'000, 'x'));
  EXPECT_THAT(unfinished, HasSubstr("parse error"));
  EXPECT_LT(unfinished.size(), 300u);
  for (const char* bad : {"{\"a\":\"\x1b[31m\"}", "{\"a\":\"\x9b\"}", "{\"defaultAction\":\"\\u001b[31m\"}"}) {
    EXPECT_EQ(error_of(bad).find_first_of("\x1b\x9b"), std::string::npos);
  }
}

TEST(Oci, EveryPrefixOfAProfileIsAnError) {
  const std::string json = with_condition(R"("args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}],"errno":"EPERM")");
  ASSERT_TRUE(compile_oci(json));
  for (std::size_t length = 0; length < json.size(); ++length) {
    EXPECT_FALSE(compile_oci(json.substr(0, length))) << length;
  }
}

TEST(Oci, UnknownKeysAndEmptyListsAreFine) {
  const Decider decide(R"({"defaultAction":"SCMP_ACT_ALLOW","comment":[{}],"flags":["SECCOMP_FILTER_FLAG_LOG"],
      "architectures":null,"archMap":[],"syscalls":[{"names":null,"action":"SCMP_ACT_ERRNO","args":null}]})");
  EXPECT_EQ(decide(nr_read), allow);
}

// Facts about the containers package's profile that any version of it keeps.
TEST(Oci, DefaultContainerProfile) {
  std::ifstream file("/usr/share/containers/seccomp.json");
  if (!file) GTEST_SKIP() << "needs /usr/share/containers/seccomp.json (golang-github-containers-common)";
  const std::string json{std::istreambuf_iterator<char>(file), {}};
  const Decider plain(json);
  EXPECT_EQ(plain(nr_read), allow);
  EXPECT_EQ(plain(nr_read_i386, {}, arch::x86_32), allow);
  EXPECT_EQ(plain(nr_read | arch::x32_bit), allow);
  EXPECT_EQ(plain(nr_bpf), eperm);
  EXPECT_EQ(plain(nr_personality, {8}), allow);
  EXPECT_NE(plain(nr_personality, {9}), allow);
  EXPECT_EQ(plain(nr_socket, {16, 3, 9}), action::errno_ | 22) << "netlink audit";
  EXPECT_EQ(plain(nr_socket, {2, 1, 0}), allow);
  EXPECT_EQ(plain(511), enosys);
  OciOptions admin;
  admin.capabilities = {"CAP_SYS_ADMIN"};
  EXPECT_EQ(Decider(json, admin)(nr_bpf), allow);
}

}  // namespace
}  // namespace callgate::profiles
