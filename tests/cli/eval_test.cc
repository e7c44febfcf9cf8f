// callgate eval: input lines, records, output formats, engines, errors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <sstream>

#include <nlohmann/json.hpp>

#include "callgate/chain.hpp"
#include "tests/cli/filters.h"
#include "tests/cli/run.h"
#include "tests/support/machine.h"

namespace callgate::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

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

// By name, by number with and without 0x, and as audit records have it; lines that say theirs keep it.
TEST_F(Eval, ArchitectureOfLinesThatDoNotSayTheirs) {
  const std::string filter = dir.write("arch", raw("ld [4]\nrsh #16\nor #0x00030000\nret a\n"));
  const auto upper_half = [&](const std::string& arch, const std::string& call) {
    const Outcome outcome = run({"eval", "-f", filter, "--format", "hex", "--arch", arch}, call + "\n");
    return outcome.exit == 0 ? outcome.out.substr(6, 4) : outcome.err;
  };
  EXPECT_EQ(upper_half("i386", "read"), "4000");
  EXPECT_EQ(upper_half("x86_64", "read"), "c000");
  EXPECT_EQ(upper_half("aarch64", "1"), "c000");
  EXPECT_EQ(upper_half("s390x", "1"), "8000");
  for (const char* arch : {"80000016", "0x80000016", "AUDIT_ARCH_S390X"})
    EXPECT_EQ(upper_half(arch, "1"), "8000") << arch;
  for (const char* arch : {"c000003e", "0xc000003e", "C000003E"}) EXPECT_EQ(upper_half(arch, "read"), "c000") << arch;
  EXPECT_EQ(upper_half("s390x", "read arch=i386"), "4000");
  EXPECT_THAT(upper_half("vax", "1"), HasSubstr("--arch: unknown architecture \"vax\""));
  EXPECT_THAT(upper_half("aarch64", "read"), HasSubstr("names of system calls are known of x86 only"));
}

TEST_F(Eval, DecidesEachLine) {
  const Outcome outcome = eval("execve\n59\nread 7\nread 0x7\nread\n\n  # a comment\nwrite 1 2 3 # another\n");
  EXPECT_EQ(decisions(outcome.out), "ERRNO(13)\nERRNO(13)\nKILL_PROCESS\nKILL_PROCESS\nALLOW\nALLOW\n");
  EXPECT_EQ(outcome.exit, 0) << outcome;
  EXPECT_THAT(outcome.err, IsEmpty());
}

TEST_F(Eval, InputFromAFile) {
  const Outcome outcome = eval("", {dir.write("calls", "read\nexecve")});
  EXPECT_EQ(decisions(outcome.out), "ALLOW\nERRNO(13)\n") << outcome;
}

TEST_F(Eval, EveryFieldReachesTheFilter) {
  line = "openat 1 0x200000003 0xfffffffffffffffe 18446744073709551615 5 6 ip=0x123456789abcdef0";
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
    EXPECT_EQ(decisions(outcome.out), "ALLOW\nERRNO(13)\n") << text;
    EXPECT_THAT(outcome.err, HasSubstr("standard input:3: ")) << text;
    EXPECT_THAT(outcome.err, HasSubstr(message)) << text;
  }
}

TEST_F(Eval, LinesOfAnyLengthAndBytes) {
  EXPECT_EQ(decisions(eval("read " + std::string(200'000, ' ') + "7\n").out), "KILL_PROCESS\n");
  EXPECT_EQ(eval(std::string("re\0ad\n", 6)).exit, 2);
  EXPECT_EQ(decisions(eval("read 7\r\n").out), "KILL_PROCESS\n");
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
  EXPECT_EQ(decisions(eval(input, {"--records"}).out), "ERRNO(13)\nKILL_PROCESS\nALLOW\n");
  EXPECT_EQ(eval("", {"--records"}).out, "");
  std::string many;
  std::string expected;
  for (int i = 0; i < 5000; ++i) {
    many += record(i % 3 == 0 ? 59 : 0, 0);
    expected += i % 3 == 0 ? "ERRNO(13)\n" : "ALLOW\n";
  }
  EXPECT_EQ(decisions(eval(many, {"--records"}).out), expected);
}

TEST_F(Eval, RecordCutOff) {
  const Outcome outcome = eval(record(59, 0) + record(0, 7).substr(0, 63), {"--records"});
  EXPECT_EQ(outcome.exit, 2);
  EXPECT_EQ(decisions(outcome.out), "ERRNO(13)\n");
  EXPECT_THAT(outcome.err, HasSubstr("record 1 is cut off after 63 of 64 bytes"));
}

TEST_F(Eval, HexAndJson) {
  EXPECT_EQ(eval("execve\nread 7\nread\n", {"--format", "hex"}).out, "0x0005000d\n0x80000000\n0x7fff0000\n");
  const Outcome outcome = eval("execve\nread 7\nread\n", {"--format", "json"});
  const std::vector<std::string> lines = lines_of(outcome.out);
  ASSERT_EQ(lines.size(), 3u) << outcome;
  EXPECT_THAT(lines[0], StartsWith(R"({"result":327693,"hex":"0x0005000d","action":"ERRNO","data":13,"filter":0,)"));
  EXPECT_THAT(lines[1],
              StartsWith(R"({"result":2147483648,"hex":"0x80000000","action":"KILL_PROCESS","data":0,"filter":0,)"));
  EXPECT_THAT(lines[2],
              StartsWith(R"({"result":2147418112,"hex":"0x7fff0000","action":"ALLOW","data":0,"filter":null,)"));
  EXPECT_EQ(eval("execve\nread 7\nread\n", {"--json"}).out, outcome.out);
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
  EXPECT_EQ(decisions(cut.out), "ERRNO(13)\n");
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
  EXPECT_EQ(decisions(run({"eval", "-f", "-", dir.write("calls", "execve\n")}, raw(guard_text)).out), "ERRNO(13)\n");
  EXPECT_EQ(run({"eval", "-f", "-", "-f", "-", dir.write("calls", "execve\n")}, raw(guard_text)).exit, 2);
}

TEST_F(Eval, ContainerProfile) {
  const std::string path = dir.write("profile.json", R"({"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":38,
      "syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"},
                  {"names":["bpf"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_BPF"]}}]})");
  EXPECT_EQ(decisions(run({"eval", "-f", path}, "read\nbpf\n").out), "ALLOW\nERRNO(38)\n");
  EXPECT_EQ(decisions(run({"eval", "-f", path, "--cap", "CAP_BPF", "--tree"}, "read\nbpf\n").out), "ALLOW\nALLOW\n");
}

// A filter that lets openat pass for the descriptor 0xffffff9c (64 bits of it), and denies all other calls of it.
constexpr std::string_view openat_text = R"(
        ld [0]
        jeq #257, high, allow
high:   ld [20]
        jeq #0, low, deny
low:    ld [16]
        jeq #0xffffff9c, allow, deny
deny:   ret #0x00050026
allow:  ret #0x7fff0000
)";

class EvalInput : public Eval {
 protected:
  Outcome openat(const std::string& input, std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"eval", "-f", filter});
    return run(more, input);
  }
  std::string filter = dir.write("openat.bpf", raw(openat_text));
};

TEST_F(EvalInput, LinesShowCallDecisionFilterAndInstruction) {
  EXPECT_EQ(eval("execve 0x1000\nread 7\nread 1 2 3\nread 7 arch=i386\n9999 1 0x20\n").out,
            "ERRNO(13) EACCES  execve(0x1000)  filter 0 at 5\n"
            "KILL_PROCESS  read(7)  filter 0 at 6\n"
            "ALLOW  read(1, 2, 3)  no filter objects\n"
            "KILL_PROCESS  read(7) (i386)  filter 0 at 6\n"
            "ALLOW  call 9999(1, 0x20)  no filter objects\n");
  const std::string unknown = dir.write("unknown.bpf", raw_return(0x90000000));
  const Outcome two = run({"eval", "-f", guard, "-f", unknown}, "read 1\n");
  EXPECT_THAT(two.out, StartsWith("UNKNOWN(0x90000000): the kernel kills the process  read(1)  filter 1 ("));
  EXPECT_THAT(two.out, HasSubstr("unknown.bpf) at 0\n"));
  const auto decision = [&](std::uint32_t result) {
    const std::string shown = run({"eval", "-f", dir.write("one.bpf", raw_return(result))}, "read 1\n").out;
    return shown.substr(0, shown.find("  read"));
  };
  EXPECT_EQ(decision(action::errno_ | 38), "ERRNO(38) ENOSYS");
  EXPECT_EQ(decision(action::errno_), "ERRNO(0) (the call returns 0 and does nothing)");
  EXPECT_EQ(decision(action::errno_ | 5000), "ERRNO(5000) (the kernel returns 4095)");
  EXPECT_EQ(decision(action::trace | 5), "TRACE(5)");
}

// The smallest case: the recorded arguments are 0x10 and 0x22, and no others are decided.
TEST_F(EvalInput, RecordedCallsAreDecidedForTheirArguments) {
  const std::string sixteen =
      dir.write("sixteen.bpf", raw("ld [16]\njeq #16, yes, no\nyes: ret #0x7fff0000\nno: ret #0x80000000\n"));
  EXPECT_EQ(run({"eval", "-f", sixteen}, "# callgate record -- x\n1 10 22\n* 1\n").out,
            "ALLOW  write(0x10, 0x22)  no filter objects\nALLOW  write(0x10, 0x22)  no filter objects\n");
  EXPECT_EQ(decisions(run({"eval", "-f", sixteen}, "1 10 22\n").out), "KILL_PROCESS\n");
  EXPECT_EQ(decisions(run({"eval", "-f", sixteen, "--calls", "recording"}, "1 10 22\n").out), "ALLOW\n");
  const Outcome bad = run({"eval", "-f", sixteen}, "# callgate record -- x\n1 10\nread\n");
  EXPECT_EQ(bad.exit, 2);
  EXPECT_THAT(bad.err, HasSubstr("standard input:3: not a number: read"));
  EXPECT_THAT(run({"eval", "-f", sixteen}, "# callgate record --hash-arguments -- x\n1 10\n").err,
              HasSubstr("its arguments are hashed"));
}

TEST_F(Eval, ARecordingThatWasCutIsRefused) {
  const Outcome cut = eval("# callgate record\n0 1\n1 1");
  EXPECT_EQ(cut.exit, 2);
  EXPECT_THAT(cut.err, HasSubstr("standard input:3: the recording is cut off"));
  EXPECT_EQ(eval("# callgate record\n0 1\n# end").exit, 0);
  EXPECT_EQ(eval("1 1").exit, 0);  // typed
}

TEST_F(EvalInput, WhatIsLeftOutIsSaidWhereItMatters) {
  EXPECT_EQ(eval("read\n").out, "ALLOW  read()  no filter objects  (argument 0 is not given: taken as 0)\n");
  EXPECT_EQ(eval("execve\nread 1\n").out,
            "ERRNO(13) EACCES  execve()  filter 0 at 5\nALLOW  read(1)  no filter objects\n");
  const Outcome hex = eval("read\nread 1\n", {"--format", "hex"});
  EXPECT_EQ(hex.out, "0x7fff0000\n0x7fff0000\n");
  EXPECT_THAT(hex.err, HasSubstr("decided for 0 in arguments that are not given: 1 of 2 calls"));
}

TEST_F(EvalInput, NegativeIntIsWhatGlibcPasses) {
  const Outcome outcome = openat("openat -100 1 0\nopenat 0xffffff9c 1 0\nopenat 0xffffffffffffff9c 1 0\n");
  EXPECT_EQ(decisions(outcome.out), "ALLOW\nALLOW\nERRNO(38)\n");
  EXPECT_THAT(lines_of(outcome.out)[0],
              HasSubstr("taken as 0xffffff9c, as glibc passes this int; as 0xffffffffffffff9c "
                        "(musl, Go) it would be ERRNO(38) ENOSYS"));
  EXPECT_EQ(lines_of(outcome.out)[1], "ALLOW  openat(0xffffff9c, 1, 0)  no filter objects");
  EXPECT_EQ(eval("openat -100 1 0\n").out, "ALLOW  openat(0xffffff9c, 1, 0)  no filter objects\n")
      << "it is all the same";
}

TEST_F(EvalInput, WhatIsNotKnownIsNotJudged) {
  const Outcome outcome = openat("openat ? 1\nopenat 3 ?\nread ?\n");
  EXPECT_EQ(outcome.exit, 1) << outcome;
  EXPECT_EQ(decisions(outcome.out), "?\nERRNO(38)\nALLOW\n");
  EXPECT_THAT(outcome.out, StartsWith("?  openat(?, 1)  (argument 0 is not known: ERRNO(38) ENOSYS or ALLOW)\n"));
  EXPECT_THAT(outcome.err, HasSubstr("not decided, as it depends on what the input does not tell: 1 of 3 calls"));
  EXPECT_EQ(openat("openat ?\n", {"--format", "hex"}).out, "?\n");
  const nlohmann::json json = nlohmann::json::parse(openat("openat ?\n", {"--json"}).out);
  EXPECT_TRUE(json["result"].is_null());
  EXPECT_TRUE(json["call"]["args"][0].is_null());
  EXPECT_EQ(json["decision"], "?");
}

TEST_F(EvalInput, Strace) {
  const Outcome outcome = openat(
      "7 [ 257] openat(0xffffff9c, 0x7ffe1000, 0) = 3\n"
      "7 openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY <unfinished ...>\n"
      "8 openat(3, \"x\", O_RDONLY) = 3\n"
      "7 <... openat resumed>) = 3\n"
      "--- SIGCHLD {si_signo=SIGCHLD} ---\n"
      "openat(3\n"
      "7 +++ exited with 0 +++\n");
  EXPECT_EQ(decisions(outcome.out), "ALLOW\nERRNO(38)\n?\n");
  EXPECT_EQ(outcome.exit, 1) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("?  openat(0x????????ffffff9c, ?, 0)  (argument 0 is not known: "));
  EXPECT_THAT(outcome.err, HasSubstr("standard input:6: skipped: a call that is cut off: openat(3"));
  EXPECT_THAT(outcome.err, HasSubstr("lines that are no calls: 1 second half of a call, 1 signal, 1 end of a thread, "
                                     "1 call that cannot be read"));
}

TEST_F(EvalInput, AuditRecords) {
  const Outcome outcome = eval(
      "Nov 28 12:00:00 host kernel: usb 1-1: new device\n"
      "Nov 28 12:00:00 host kernel: audit: type=1326 audit(1.2:3): sig=31 arch=c000003e syscall=59 compat=0 ip=0x1 "
      "code=0x0\n"
      "type=SYSCALL msg=audit(1.2:4): arch=40000003 syscall=3 success=yes a0=7 a1=10 a2=20 a3=30\n"
      "type=1326 audit(1.2:5): arch=c000003e syscall=0\n");
  EXPECT_EQ(outcome.out,
            "ERRNO(13) EACCES  execve()  filter 0 at 5\n"
            "KILL_PROCESS  read(7, 0x10, 0x20, 0x30) (i386)  filter 0 at 6\n"
            "?  read()  (argument 0 is not known: ALLOW or KILL_PROCESS)\n");
  EXPECT_EQ(outcome.exit, 1);
  EXPECT_EQ(decisions(eval("read 7 arch=40000003\nexecve arch=c000003e\n").out), "KILL_PROCESS\nERRNO(13)\n");
}

TEST_F(EvalInput, JsonHasLineAndCall) {
  const std::vector<std::string> lines = lines_of(eval("\nexecve 0x1000 ip=0x20\n", {"--json", "--summary"}).out);
  ASSERT_EQ(lines.size(), 2u);
  const nlohmann::json answer = nlohmann::json::parse(lines[0]);
  EXPECT_EQ(answer["decision"], "ERRNO(13) EACCES");
  EXPECT_EQ(answer["errno"], "EACCES");
  EXPECT_EQ(answer["instruction"], 5);
  EXPECT_EQ(answer["file"], guard);
  EXPECT_EQ(answer["line"], 2);
  EXPECT_EQ(answer["call"]["name"], "execve");
  EXPECT_EQ(answer["call"]["nr"], 59);
  EXPECT_EQ(answer["call"]["arch"], "x86_64");
  EXPECT_EQ(answer["call"]["args"][0], "0x1000");
  EXPECT_EQ(answer["call"]["ip"], "0x20");
  EXPECT_TRUE(answer["notes"].empty());
  const nlohmann::json summary = nlohmann::json::parse(lines[1])["summary"];
  EXPECT_EQ(summary["calls"], 1);
  EXPECT_EQ(summary["rows"][0]["decision"], "ERRNO(13) EACCES");
}

// The architecture has a key of its own, and not every number has a name.
TEST_F(EvalInput, JsonNamesTheCallAlone) {
  const std::vector<std::string> lines = lines_of(eval("read 7 arch=i386\n9999\n", {"--json"}).out);
  ASSERT_EQ(lines.size(), 2u);
  const nlohmann::json of_i386 = nlohmann::json::parse(lines[0])["call"];
  EXPECT_EQ(of_i386["name"], "read");
  EXPECT_EQ(of_i386["arch"], "i386");
  EXPECT_TRUE(nlohmann::json::parse(lines[1])["call"]["name"].is_null());
}

TEST_F(EvalInput, Summary) {
  const std::string calls = "read 1\nread 1\nexecve 1\nread ?\n";
  const std::string table =
      "     calls  decision          call    by\n"
      "         1  ?                 read    -\n"
      "         1  ERRNO(13) EACCES  execve  filter 0\n"
      "         2  ALLOW             read    no filter objects\n"
      "         4  calls in all\n"
      "         2  allowed (50.00 %)\n"
      "         1  not allowed (25.00 %)\n"
      "         1  not known (25.00 %)\n";
  EXPECT_EQ(eval(calls, {"--summary", "--format", "none"}).out, table);
  const std::string all = eval(calls, {"--summary"}).out;
  EXPECT_EQ(all, eval(calls).out + "\n" + table);
}

// Kernels let these pass without a filter: seccomp_uprobe_exception() in kernel/seccomp.c.
TEST_F(EvalInput, CallsThatKernelsDoNotFilter) {
  const std::string nothing = dir.write("nothing.bpf", raw_return(action::errno_ | 1));
  const auto decide = [&](const std::string& call, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"eval", "-f", nothing});
    return run(more, call + "\n").out;
  };
  EXPECT_EQ(decide("335"),
            "ERRNO(1) EPERM  uretprobe()  filter 0 at 0  (Linux 6.14 and newer ask no filter about this "
            "call (--kernel-version))\n");
  EXPECT_THAT(decide("336"), HasSubstr("Linux 6.18 and newer"));
  EXPECT_EQ(decide("335", {"--kernel-version", "6.13"}), "ERRNO(1) EPERM  uretprobe()  filter 0 at 0\n");
  EXPECT_EQ(decide("335", {"--kernel-version", "6.14"}),
            "ALLOW  uretprobe()  the kernel asks no filter  (since Linux 6.14)\n");
  EXPECT_EQ(decisions(decide("336", {"--kernel-version", "6.17"})), "ERRNO(1)\n");
  EXPECT_EQ(decisions(decide("336", {"--kernel-version", "7.0"})), "ALLOW\n");
  for (const char* other : {"335 arch=i386", "335 arch=x32", "334", "337"}) {
    EXPECT_EQ(decisions(decide(other, {"--kernel-version", "7.0"})), "ERRNO(1)\n") << other;
  }
}

}  // namespace
}  // namespace callgate::test
