// callgate eval: input lines, records, output formats, engines, errors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "callgate/chain.hpp"
#include "tests/cli/filters.h"
#include "tests/cli/run.h"
#include "tests/support/machine.h"

namespace callgate::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class Eval : public testing::Test {
 protected:
  Outcome eval(const std::string& input, std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"eval", "-f", guard});
    return run(more, input);
  }

  // A filter that shows one word of seccomp_data, 16 bits at a time, as the number of an ERRNO-like result.
  std::string show(std::uint32_t offset) const {
    const std::string low = raw("ld [" + std::to_string(offset) + "]\nand #0xffff\nor #0x00030000\nret a\n");
    const std::string high = raw("ld [" + std::to_string(offset) + "]\nrsh #16\nor #0x00030000\nret a\n");
    const std::string call = line + "\n";
    const auto word = [&](const std::string& filter) {
      const Outcome outcome = run({"eval", "-f", dir.write("show", filter), "--format", "hex"}, call);
      return outcome.exit == 0 ? outcome.out.substr(6, 4) : outcome.err;
    };
    return word(high) + word(low);
  }

  Directory dir;
  std::string guard = dir.write("guard.bpf", raw(guard_text));
  std::string line;
};

TEST_F(Eval, DecidesEachLine) {
  const Outcome outcome = eval("execve\n59\nread 7\nread 0x7\nread\n\n  # a comment\nwrite 1 2 3 # another\n");
  EXPECT_EQ(outcome.out, "ERRNO(13)\nERRNO(13)\nKILL_PROCESS\nKILL_PROCESS\nALLOW\nALLOW\n");
  EXPECT_EQ(outcome.exit, 0) << outcome;
  EXPECT_THAT(outcome.err, IsEmpty());
}

TEST_F(Eval, InputFromAFile) {
  const Outcome outcome = eval("", {dir.write("calls", "read\nexecve")});
  EXPECT_EQ(outcome.out, "ALLOW\nERRNO(13)\n") << outcome;
}

TEST_F(Eval, EveryFieldReachesTheFilter) {
  line = "openat 1 0x200000003 -2 18446744073709551615 5 6 ip=0x123456789abcdef0";
  EXPECT_EQ(show(0), "00000101");
  EXPECT_EQ(show(4), "c000003e");
  EXPECT_EQ(show(8), "9abcdef0");
  EXPECT_EQ(show(12), "12345678");
  EXPECT_EQ(show(16), "00000001");
  EXPECT_EQ(show(24), "00000003");
  EXPECT_EQ(show(28), "00000002");
  EXPECT_EQ(show(32), "fffffffe");
  EXPECT_EQ(show(36), "ffffffff");
  EXPECT_EQ(show(44), "ffffffff");
  EXPECT_EQ(show(56), "00000006");
}

TEST_F(Eval, NumbersOfSystemCalls) {
  for (const auto& [text, nr] : {std::pair{"-1", "ffffffff"}, std::pair{"4294967295", "ffffffff"},
                                 std::pair{"-2147483648", "80000000"}, std::pair{"0x40000001", "40000001"}}) {
    line = text;
    EXPECT_EQ(show(0), nr) << text;
  }
}

TEST_F(Eval, ArchitecturesAndNames) {
  struct Case {
    const char* text;
    const char* nr;
    const char* arch;
  };
  const Case cases[] = {
      {"read", "00000000", "c000003e"},
      {"read arch=x86_64", "00000000", "c000003e"},
      {"read arch=i386", "00000003", "40000003"},
      {"read 1 arch=x86 2", "00000003", "40000003"},
      {"read arch=x32", "40000000", "c000003e"},
      {"1 arch=x32", "40000001", "c000003e"},
      {"-1 arch=x32", "ffffffff", "c000003e"},
      {"read arch=0x40000003", "00000003", "40000003"},
      {"read arch=x86_32", "00000003", "40000003"},
      {"read arch=AUDIT_ARCH_I386", "00000003", "40000003"},
      {"read arch=AUDIT_ARCH_X86_64", "00000000", "c000003e"},
      {"read arch=amd64", "00000000", "c000003e"},
      {"read arch=1073741827", "00000003", "40000003"},
      {"recvmsg arch=x32", "40000207", "c000003e"},
      {"1 arch=0x1234", "00000001", "00001234"},
  };
  for (const Case& c : cases) {
    line = c.text;
    EXPECT_EQ(show(0), c.nr) << c.text;
    EXPECT_EQ(show(4), c.arch) << c.text;
  }
}

// Since Linux 4.3 i386 has numbers for most calls that were parts of socketcall and ipc, which libseccomp hides.
TEST_F(Eval, CallsOfI386ThatWerePartsOfOthers) {
  const std::pair<const char*, const char*> cases[] = {
      {"socket", "00000167"},     {"shmget", "0000018b"}, {"sendmmsg", "00000159"}, {"accept4", "0000016c"},
      {"socketcall", "00000066"}, {"ipc", "00000075"},    {"mmap", "0000005a"},     {"clock_gettime64", "00000193"},
  };
  for (const auto& [name, nr] : cases) {
    line = std::string(name) + " 2 1 0 arch=i386";
    EXPECT_EQ(show(0), nr) << name;
  }
  for (const char* name : {"accept", "send", "semop"}) {
    EXPECT_THAT(eval(std::string(name) + " arch=i386\n").err, HasSubstr("no number of its own")) << name;
  }
}

TEST_F(Eval, NumbersAreWrittenAsInC) {
  line = "010 0666 00 0X1F";
  EXPECT_EQ(show(0), "00000008");
  EXPECT_EQ(show(16), "000001b6");
  EXPECT_EQ(show(24), "00000000");
  EXPECT_EQ(show(32), "0000001f");
}

// What a terminal would obey, and what would fill it, does not come back out of a message.
TEST_F(Eval, MessagesAreHarmless) {
  for (const std::string bad : {"\x1b[31mred", "read \x1b[31mred", "read arch=\x9bred", "read \x07"}) {
    const Outcome outcome = eval(bad + "\n");
    EXPECT_EQ(outcome.exit, 2);
    EXPECT_EQ(outcome.err.find_first_of("\x1b\x9b\x07"), std::string::npos) << bad;
  }
  EXPECT_LT(eval("read " + std::string(100'000, 'x')).err.size(), 200u);
  EXPECT_THAT(eval(std::string("read\0x\n", 7)).err, HasSubstr("unknown system call \"read?x\"")) << "not read";
}

TEST_F(Eval, BadLinesNameThePlaceAndLoseNothing) {
  const std::pair<const char*, const char*> cases[] = {
      {"no_such_call", "unknown system call \"no_such_call\""},
      {"socketcall", "no number of its own"},
      {"read arch=pdp11", "unknown architecture \"pdp11\""},
      {"read arch=", "unknown architecture"},
      {"read arch=i386 arch=i386", "arch is given twice"},
      {"read ip=1 ip=2", "ip is given twice"},
      {"read ip=", "ip is not a number"},
      {"read 1 2 3 4 5 6 7", "more than 6 arguments"},
      {"read x", "argument 0 is not a number: \"x\""},
      {"read 1 0x", "argument 1 is not a number"},
      {"read --1", "argument 0 is not a number"},
      {"read 08", "argument 0 is not a number"},
      {"read 1.5", "argument 0 is not a number"},
      {"read 18446744073709551616", "argument 0 does not fit into 64 bits"},
      {"read -9223372036854775809", "argument 0 does not fit into 64 bits"},
      {"read 99999999999999999999999999999999999999", "does not fit"},
      {"4294967296", "the system call does not fit into 32 bits"},
      {"-2147483649", "the system call does not fit into 32 bits"},
      {"59x", "the system call is not a number"},
  };
  for (const auto& [text, message] : cases) {
    const Outcome outcome = eval("read\nexecve\n" + std::string(text) + "\nread\n");
    EXPECT_EQ(outcome.exit, 2) << text;
    EXPECT_EQ(outcome.out, "ALLOW\nERRNO(13)\n") << text;
    EXPECT_THAT(outcome.err, HasSubstr("standard input:3: ")) << text;
    EXPECT_THAT(outcome.err, HasSubstr(message)) << text;
  }
}

TEST_F(Eval, LinesOfAnyLengthAndBytes) {
  EXPECT_EQ(eval("read " + std::string(200'000, ' ') + "7\n").out, "KILL_PROCESS\n");
  EXPECT_EQ(eval(std::string("re\0ad\n", 6)).exit, 2);
  EXPECT_EQ(eval("read 7\r\n").out, "KILL_PROCESS\n");
  const Outcome endless = run({"eval", "-f", guard, "/dev/zero"});
  EXPECT_EQ(endless.exit, 2);
  EXPECT_THAT(endless.err, HasSubstr("/dev/zero:1: line too long"));
}

std::string record(std::uint32_t nr, std::uint64_t argument) {
  const SeccompData data{nr, arch::x86_64, 0, {argument}};
  std::string bytes(sizeof data, '\0');
  std::memcpy(bytes.data(), &data, sizeof data);
  return bytes;
}

TEST_F(Eval, Records) {
  const std::string input = record(59, 0) + record(0, 7) + record(0, 0);
  EXPECT_EQ(eval(input, {"--records"}).out, "ERRNO(13)\nKILL_PROCESS\nALLOW\n");
  EXPECT_EQ(eval("", {"--records"}).out, "");
  std::string many;
  std::string expected;
  for (int i = 0; i < 5000; ++i) {
    many += record(i % 3 == 0 ? 59 : 0, 0);
    expected += i % 3 == 0 ? "ERRNO(13)\n" : "ALLOW\n";
  }
  EXPECT_EQ(eval(many, {"--records"}).out, expected);
}

TEST_F(Eval, RecordCutOff) {
  const Outcome outcome = eval(record(59, 0) + record(0, 7).substr(0, 63), {"--records"});
  EXPECT_EQ(outcome.exit, 2);
  EXPECT_EQ(outcome.out, "ERRNO(13)\n");
  EXPECT_THAT(outcome.err, HasSubstr("record 1 is cut off after 63 of 64 bytes"));
}

TEST_F(Eval, HexAndJson) {
  EXPECT_EQ(eval("execve\nread 7\nread\n", {"--format", "hex"}).out, "0x0005000d\n0x80000000\n0x7fff0000\n");
  EXPECT_EQ(eval("execve\nread 7\nread\n", {"--format", "json"}).out,
            R"({"result":327693,"hex":"0x0005000d","action":"ERRNO","data":13,"filter":0})"
            "\n"
            R"({"result":2147483648,"hex":"0x80000000","action":"KILL_PROCESS","data":0,"filter":0})"
            "\n"
            R"({"result":2147418112,"hex":"0x7fff0000","action":"ALLOW","data":0,"filter":null})"
            "\n");
}

TEST_F(Eval, OldestFirstAndBothRules) {
  const std::string oldest = dir.write("kill.bpf", raw_return(action::kill_process));
  const std::string newest = dir.write("log.bpf", raw_return(action::log));
  const auto decide = [&](const std::string& rule) {
    return run({"eval", "-f", oldest, "-f", newest, "--rule", rule, "--format", "json"}, "read\n").out;
  };
  EXPECT_THAT(decide("first_non_allow"), HasSubstr(R"("action":"LOG","data":0,"filter":1)"));
  EXPECT_THAT(decide("most_restrictive"), HasSubstr(R"("action":"KILL_PROCESS","data":0,"filter":0)"));
}

// Every engine of this build decides alike; one that the build lacks is refused, and never replaced.
TEST_F(Eval, EnginesAndTargets) {
  const bool has_asmjit = Chain::create({.engine = Engine::asmjit}).has_value();
  std::string decisions;
  for (const Engine engine : {Engine::automatic, Engine::interpreter, Engine::asmjit, Engine::xbyak}) {
    for (const Target target : {Target::native, Target::x86_64, Target::x86_32}) {
      for (const Optimize level : {Optimize::full, Optimize::none}) {
        Options options;
        options.engine = engine;
        options.target = target;
        options.optimize = level;
        const bool needs_helper = sizeof(void*) == 8 && target == Target::x86_32;
        const bool can_be_asmjit = engine == Engine::automatic || engine == Engine::asmjit;
        const bool available = needs_helper ? can_be_asmjit && has_asmjit && machine::launcher_32().is_ready
                                            : Chain::create(options).has_value();
        const bool has_note = needs_helper && available && !machine::launcher_32().words.empty();
        const Outcome outcome = eval("execve\nread 7\nread\n", {"--engine", name(engine), "--target", name(target),
                                                                "--optimize", name(level), "--format", "json"});
        EXPECT_EQ(outcome.exit, available ? 0 : 2) << name(engine) << name(target) << outcome;
        EXPECT_EQ(outcome.out.empty(), !available) << outcome;
        EXPECT_EQ(outcome.err.empty(), available && !has_note) << outcome;
        EXPECT_THAT(outcome.err, HasSubstr(has_note ? "note: this kernel runs no 32-bit programs" : "")) << outcome;
        if (!available) continue;
        if (decisions.empty()) decisions = outcome.out;
        EXPECT_EQ(outcome.out, decisions) << name(engine) << name(target);
      }
    }
  }
  if (sizeof(void*) == 4) {
    EXPECT_EQ(eval("read\n", {"--target", "x86_64"}).exit, 2);
  }
}

TEST_F(Eval, CodeFor32BitsThatNothingRuns) {
  CALLGATE_SKIP_UNLESS_64_BIT();
  const bool has_asmjit = Chain::create({.engine = Engine::asmjit}).has_value();
  const Forced machine("no-32-bit-programs,no-emulator");
  const Outcome outcome = eval("read\n", {"--target", "x86_32"});
  EXPECT_EQ(outcome.exit, 2);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, HasSubstr(has_asmjit ? "target x86_32: this kernel runs no 32-bit programs"
                                                : "target x86_32: this build has no AsmJit"));
  EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome;
}

// A 64-bit command has x86_32 code run by a helper, in every way that calls come.
TEST_F(Eval, CodeFor32BitsInTheHelper) {
  CALLGATE_SKIP_UNLESS_64_BIT();
  if (!Chain::create({.engine = Engine::asmjit})) {
    EXPECT_THAT(eval("read\n", {"--target", "x86_32"}).err, HasSubstr("target x86_32: this build has no AsmJit"));
    return;
  }
  if (!machine::launcher_32().is_ready) GTEST_SKIP() << machine::launcher_32().obstacle;
  std::string records;
  std::string wanted;
  for (std::uint32_t i = 0; i < 40'000; ++i) {
    const SeccompData call{i % 400, arch::x86_64, 0, {i % 9, 0, 0, 0, 0, 0}};
    records.append(reinterpret_cast<const char*>(&call), sizeof call);
  }
  const std::string path = dir.write("calls.bin", records);
  for (const char* level : {"full", "none"}) {
    for (const char* target : {"native", "x86_32"}) {
      const Outcome outcome = run({"eval", "-f", guard, "--records", path, "--target", target, "--optimize", level});
      EXPECT_EQ(outcome.exit, 0) << outcome.err;
      EXPECT_EQ(std::ranges::count(outcome.out, '\n'), 40'000);
      if (wanted.empty()) wanted = outcome.out;
      EXPECT_TRUE(outcome.out == wanted) << level << target;
    }
  }
  // What is ready is written before a line that cannot be read.
  const Outcome cut = eval("execve\nno_such_call\n", {"--target", "x86_32"});
  EXPECT_EQ(cut.out, "ERRNO(13)\n");
  EXPECT_EQ(cut.exit, 2);
}

TEST_F(Eval, InvalidFilter) {
  const std::string bad = dir.write("bad.bpf", raw("ld [0]\n"));
  const Outcome outcome = run({"eval", "-f", guard, "-f", bad}, "read\n");
  EXPECT_EQ(outcome.exit, 1);
  EXPECT_THAT(outcome.err, HasSubstr(bad + ": at 0: "));
  EXPECT_THAT(outcome.out, IsEmpty());
}

TEST_F(Eval, PathTooLong) {
  std::string longest;
  for (std::uint32_t i = 0; i < max_program_length; ++i) longest += raw_return(action::allow);
  const std::string path = dir.write("longest.bpf", longest);
  const Outcome outcome = run({"eval", "-f", path, "-f", path, "-f", path, "-f", path}, "read\n");
  EXPECT_EQ(outcome.exit, 1) << outcome;
  EXPECT_THAT(outcome.err, HasSubstr("longer than the limit"));
}

TEST_F(Eval, FilterAndCallsFromStandardInputIsRefused) {
  EXPECT_EQ(run({"eval", "-f", "-"}, raw(guard_text)).exit, 2);
  EXPECT_EQ(run({"eval", "-f", "-", dir.write("calls", "execve\n")}, raw(guard_text)).out, "ERRNO(13)\n");
  EXPECT_EQ(run({"eval", "-f", "-", "-f", "-", dir.write("calls", "execve\n")}, raw(guard_text)).exit, 2);
}

TEST_F(Eval, ContainerProfile) {
  const std::string path = dir.write("profile.json", R"({"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":38,
      "syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"},
                  {"names":["bpf"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_BPF"]}}]})");
  EXPECT_EQ(run({"eval", "-f", path}, "read\nbpf\n").out, "ALLOW\nERRNO(38)\n");
  EXPECT_EQ(run({"eval", "-f", path, "--cap", "CAP_BPF", "--tree"}, "read\nbpf\n").out, "ALLOW\nALLOW\n");
}

}  // namespace
}  // namespace callgate::test
