// What strace writes. tests/bench/stream_test.cc has more of -e raw=all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/calls/read.h"

namespace callgate::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr SeccompData openat_raw{257, arch::x86_64, 0, {0xffffff9c, 0x7ffe1000, 0x80000}};

// One call in all the dresses that options give it.
TEST(StraceLine, LeadersAndResults) {
  const std::string call = "openat(0xffffff9c, 0x7ffe1000, 0x80000)";
  const char* const leaders[] = {"",
                                 "1234 ",
                                 "1234  ",
                                 "[pid 1234] ",
                                 "[pid   12] ",
                                 "1234<bash> ",
                                 "[pid 12<a b>] ",
                                 "12:00:01 ",
                                 "12:00:01.123456 ",
                                 "1700000000.123456 ",
                                 "     0.000012 ",
                                 "12 1700000000 ",
                                 "[pid 12] 1700000000 ",
                                 "1700000000 ",
                                 "12      1 ",
                                 "1700000000 (+     1) ",
                                 "1234 12:00:01.123456 ",
                                 "[pid 12] 12:00:01 ",
                                 "12:00:01 (+     0.000012) ",
                                 "[ 257] ",
                                 "1234 [ 257] ",
                                 "[pid 12] 12:00:01.1 [ 257] ",
                                 "[????] "};
  const char* const results[] = {"",
                                 " = 3",
                                 "  = -1 ENOENT (No such file or directory)",
                                 " = 3 <0.000012>",
                                 " = ?",
                                 " = ? ERESTARTSYS (To be restarted if SA_RESTART is set)",
                                 " = 3</etc/passwd>",
                                 " = 3 (INJECTED)"};
  for (const std::string leader : leaders) {
    for (const std::string result : results) {
      const calls::Call read = read_one(leader + call + result + "\n");
      EXPECT_EQ(read.data, openat_raw) << leader << "|" << result;
      EXPECT_EQ(read.shown, 3) << leader << "|" << result;
      EXPECT_EQ(read.unknown.args[2], 0U);
      EXPECT_EQ(read.unknown.args[3], all_bits) << "not shown, not known";
      EXPECT_EQ(read.unknown.instruction_pointer, all_bits);
    }
  }
}

TEST(StraceLine, InstructionPointer) {
  for (const char* line : {"[00007fdc03ee1a10] getpid() = 1", "7 [  39] [00007fdc03ee1a10] getpid() = 1",
                           "7 12:00:00 [  39] [00007fdc03ee1a10] getpid() = 1"}) {
    const calls::Call call = read_one(line);
    EXPECT_EQ(call.data, (SeccompData{39, arch::x86_64, 0x7fdc03ee1a10, {}})) << line;
    EXPECT_EQ(call.unknown.instruction_pointer, 0U) << line;
  }
  EXPECT_EQ(read_one("[  39] [????????????????] getpid()").unknown.instruction_pointer, all_bits);
}

struct Argument {
  const char* text;
  std::uint64_t value;
  std::uint64_t unknown;
};

TEST(StraceLine, Arguments) {
  const Argument cases[] = {
      {"0", 0, 0},
      {"10", 10, 0},
      {"0x10", 16, 0},
      {"0644", 0644, 0},
      {"18446744073709551615", all_bits, 0},
      {"NULL", 0, 0},
      {"O_RDONLY|O_CLOEXEC", 0x80000, 0},
      {"S_IFREG|0644", 0100644, 0},
      {"PROT_READ|0x100 /* PROT_??? */", 0x101, 0},
      {"0xff /* AF_??? */", 0xff, 0},
      {"0x7ffd1000 /* 24 vars */", 0x7ffd1000, 0},
      {"3</etc/ld.so.cache>", 3, 0},
      {"3</tmp/a, b) = 1>", 3, 0},
      {"4<TCP:[127.0.0.1:1->127.0.0.1:2]>", 4, 0},
      {"1</dev/pts/0<char 136:0>>", 1, 0},
      {"3</tmp/x>(deleted)", 3, 0},
      {"AT_FDCWD", 0xffffff9c, high_half},
      {"AT_FDCWD</root>", 0xffffff9c, high_half},
      {"-1", 0xffffffff, high_half},
      {"-4294967297", 0xfffffffeffffffff, 0},
      {"\"text\"", 0, all_bits},
      {"\"a, b) = 0 \\\" <unfinished ...>\"...", 0, all_bits},
      {"[1, 2]", 0, all_bits},
      {"{st_mode=S_IFREG|0644, st_size=1, ...}", 0, all_bits},
      {"[{WIFEXITED(s) && WEXITSTATUS(s) == 0}]", 0, all_bits},
      {"[28 => 16]", 0, all_bits},
      {"makedev(0x1, 0x3)", 0, all_bits},
      {"~[RTMIN RT_1]", 0, all_bits},
      {"O_NOSUCH", 0, all_bits},
      {"O_RDWR|O_NOSUCH", 0, all_bits},
      {"1<<CAP_SYS_ADMIN", 0, all_bits},
      {"0x5401 /* A or B */ or C", 0, all_bits},
      {"-", 0, all_bits},
      {"08", 0, all_bits},
      {"name=1", 0, all_bits},
  };
  for (const Argument& c : cases) {
    const Read result = read("7 close(" + std::string(c.text) + ") = 0\n", calls::Form::strace);
    ASSERT_THAT(result.calls, SizeIs(1)) << c.text;
    EXPECT_EQ(result.calls[0].data.args[0], c.value) << c.text;
    EXPECT_EQ(result.calls[0].unknown.args[0], c.unknown) << c.text;
  }
}

// strace shows some calls otherwise than the kernel takes them.
TEST(StraceLine, ArgumentsInOtherPlaces) {
  const calls::Call clone = read_one(
      "clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f10) = 9\n");
  EXPECT_EQ(clone.data.args[0], 0x1200011U);
  EXPECT_EQ(clone.data.args[1], 0U);
  EXPECT_EQ(clone.unknown.args[1], 0U);
  EXPECT_EQ(clone.unknown.args[2], all_bits);
  EXPECT_EQ(clone.data.args[3], 0x7f10U);
  const calls::Call raw_clone = read_one("clone(0x1200011, 0, 0, 0x7f10, 0x7f20) = 9\n");
  EXPECT_EQ(raw_clone.data.args[4], 0x7f20U);
  EXPECT_EQ(raw_clone.unknown.args[4], 0U);

  const calls::Call futex = read_one("futex(0x7f10, FUTEX_WAIT_BITSET_PRIVATE, 2, NULL, FUTEX_BITSET_MATCH_ANY) = 0\n");
  EXPECT_EQ(futex.data.args[1], 137U);
  EXPECT_EQ(futex.unknown.args[2], 0U);
  EXPECT_EQ(futex.unknown.args[4], all_bits) << "shown, but the kernel's sixth";
  EXPECT_EQ(read_one("futex(0x7f10, 0x89, 0x2, 0, 0x5, 0x6) = 0\n").unknown.args[4], 0U) << "raw";

  const calls::Call preadv2 = read_one("preadv2(3, [{iov_base=\"x\", iov_len=1}], 1, 0, RWF_HIPRI) = 1\n");
  EXPECT_EQ(preadv2.unknown.args[4], all_bits);
  EXPECT_EQ(preadv2.unknown.args[5], all_bits) << "no constant that the table knows";
  EXPECT_EQ(read_one("preadv2(3, 0x7f10, 1, 0 /* x */, 2) = 1\n").data.args[5], 2U);
  EXPECT_EQ(read_one("rt_sigreturn({mask=[]}) = 0\n").unknown.args[0], all_bits);
}

TEST(StraceLine, OffsetsOfMmap2ArePages) {
  const calls::Call call = read_one("mmap2(NULL, 8192, PROT_READ, MAP_PRIVATE, 3, 0x100003000) = 0xf7f00000\n");
  EXPECT_EQ(call.data, (SeccompData{192, arch::x86_32, 0, {0, 8192, 1, 2, 3, 0x100003}}));
  EXPECT_EQ(call.unknown.args[5], 0U);
  EXPECT_EQ(read_one("mmap2(NULL, 8192, PROT_READ, MAP_PRIVATE, 3, 0x1001) = 0\n").unknown.args[5], 0xffffffffU);
  EXPECT_EQ(read_one("mmap2(0, 0x2000, 0x1, 0x2, 0x3, 0x1001) = 0\n").data.args[5], 0x1001U) << "raw: the register";
}

TEST(StraceLine, HalvesAreJoined) {
  const Read result = read(
      "7 read(3,  <unfinished ...>\n"
      "8 openat(0xffffff9c, 0x1000 <unfinished ...>\n"
      "7 <... read resumed>\"<unfinished ...>\", 832) = 832\n"
      "8 <... openat resumed>, 0x40) = 3\n"
      "9 <... read resumed>\"x\", 1) = 1\n");
  ASSERT_THAT(result.calls, SizeIs(2));
  EXPECT_EQ(result.calls[0].data, (SeccompData{0, arch::x86_64, 0, {3, 0, 832}}));
  EXPECT_EQ(result.calls[0].unknown.args[1], all_bits);
  EXPECT_EQ(result.calls[0].line, 1U);
  EXPECT_EQ(result.calls[1].data.args[2], 0x40U);
  EXPECT_EQ(result.skipped.resumed, 3U);
  EXPECT_EQ(result.skipped.odd, 0U);
}

TEST(StraceLine, HalvesThatNeverCome) {
  const Read result = read(
      "7 read(3,  <unfinished ...>\n"
      "8 futex(0x7f10, FUTEX_WAIT_PRIVATE, 2, NULL <unfinished ...>) = ?\n"
      "8 +++ killed by SIGKILL +++\n"
      "9 write(1, \"x\", 1 <unfinished ...>\n"
      "9 <... read resumed>\"x\", 1) = 1\n"
      "10 pause( <detached ...>\n");
  ASSERT_THAT(result.calls, SizeIs(4));
  for (const calls::Call& call : result.calls) EXPECT_NE(call.unknown.args[3], 0U);
  EXPECT_EQ(result.calls[3].data, (SeccompData{1, arch::x86_64, 0, {1, 0, 1}})) << "another call's second half";
  EXPECT_EQ(result.skipped.odd, 0U);
}

// On a terminal a thread has no number while it is the only one, and remarks come in the middle of calls.
TEST(StraceLine, HalvesOnATerminal) {
  const Read result = read(
      "vfork(strace: Process 101 attached\n"
      " <unfinished ...>\n"
      "[pid   101] getpid() = 101\n"
      "[pid   100] <... vfork resumed>) = 101\n"
      "[pid   100] wait4(-1,  <unfinished ...>\n"
      "[pid   101] +++ exited with 0 +++\n"
      "<... wait4 resumed>NULL, 0, NULL) = 101\n");
  ASSERT_THAT(result.calls, SizeIs(3));
  EXPECT_EQ(result.calls[1].data.nr, 58U);
  EXPECT_EQ(result.calls[2].data.nr, 61U);
  EXPECT_EQ(result.calls[2].unknown.args[1], 0U);
  EXPECT_EQ(result.skipped.odd + result.skipped.other, 0U);
}

TEST(StraceLine, RemarksInTheMiddle) {
  const Read result = read(
      "clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLDstrace: Process 101 attached\n"
      ", child_tidptr=0x7f10) = 101\n"
      ", child_tidptr=0x7f20) = 102\n");
  ASSERT_THAT(result.calls, SizeIs(1));
  EXPECT_EQ(result.calls[0].data, (SeccompData{56, arch::x86_64, 0, {0x200011, 0, 0, 0x7f10}}));
  EXPECT_EQ(result.skipped.resumed, 1U);
  EXPECT_EQ(result.skipped.other, 1U);
}

TEST(StraceLine, OtherLinesAreCounted) {
  const Read result = read(
      "execve(\"/bin/true\", [\"true\"], 0x7ffd1000 /* 24 vars */) = 0\n"
      "--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED} ---\n"
      "+++ exited with 0 +++\n"
      "strace: Process 7 attached\n"
      " > /lib/x86_64-linux-gnu/libc.so.6(read+0x10) [0x10]\n"
      "what the program wrote\n"
      "???? ( <detached ...>\n");
  EXPECT_THAT(result.calls, SizeIs(1));
  EXPECT_EQ(result.skipped.signals, 1U);
  EXPECT_EQ(result.skipped.exits, 1U);
  EXPECT_EQ(result.skipped.notices, 2U);
  EXPECT_EQ(result.skipped.other, 1U);
  EXPECT_EQ(result.skipped.odd, 1U);
  ASSERT_THAT(result.skipped.first, SizeIs(2));
  EXPECT_EQ(result.skipped.first[0].line, 6U);
}

TEST(StraceLine, WhatCannotBeReadIsOdd) {
  const std::pair<const char*, const char*> lines[] = {
      {"close(3", "cut off"},
      {"write(1, \"x", "cut off"},
      {"close(3) and more", "not a call"},
      {"close(3)) = 0", "not a call"},
      {"read(1, 2, 3, 4, 5, 6, 7) = 0", "more than six arguments"},
      {"no_such_call(1) = 0", "unknown system call"},
      {"syscall_0xfffffffff(1) = 0", "unknown system call"},
      {"7 (?) close(3) = 0", "before the call"},
      {"7 [ 3 close(3) = 0", "before the call"},
      {"7 [ -9999999999] close(3) = 0", "before the call"},
  };
  for (const auto& [line, reason] : lines) {
    const Read result = read(std::string(line) + "\n", calls::Form::strace);
    EXPECT_THAT(result.calls, IsEmpty()) << line;
    ASSERT_THAT(result.skipped.first, SizeIs(1)) << line;
    EXPECT_EQ(result.skipped.odd, 1U);
    EXPECT_THAT(result.skipped.first[0].reason, HasSubstr(reason)) << line;
  }
}

TEST(StraceLine, ProcessesOf32Bits) {
  const Read result = read(
      "strace: [ Process PID=7 runs in 32 bit mode. ]\n"
      "7 openat(AT_FDCWD, \"x\", O_RDONLY) = 3\n"
      "7 socket(AF_UNIX, SOCK_STREAM, 0) = 3\n"
      "7 [ 102] socket(AF_UNIX, SOCK_STREAM, 0) = 3\n"
      "7 pread64(3, \"x\", 1, 4294967296) = 1\n"
      "strace: [ Process PID=7 runs in 64 bit mode. ]\n"
      "7 getpid() = 7\n");
  ASSERT_THAT(result.calls, SizeIs(4));
  EXPECT_EQ(result.calls[0].data.nr, 295U);
  EXPECT_EQ(result.calls[0].data.arch, arch::x86_32);
  EXPECT_EQ(result.calls[0].data.args[0], 0xffffff9cU);
  EXPECT_EQ(result.calls[0].unknown.args[0], 0U) << "registers have 32 bits";
  EXPECT_EQ(result.calls[0].unknown.args[1], 0xffffffffU);
  EXPECT_EQ(result.skipped.odd, 1U) << "socket without its number";
  EXPECT_EQ(result.calls[1].data.nr, 102U);
  EXPECT_EQ(result.calls[1].unknown.args[0], 0xffffffffU) << "socketcall has other arguments";
  EXPECT_EQ(result.calls[2].unknown.args[3], 0xffffffffU) << "one argument in two registers";
  EXPECT_EQ(result.calls[3].data, (SeccompData{39, arch::x86_64, 0, {}}));
}

// Without -n and notices: what only i386 has tells, and threads are of the architecture of those that made them.
TEST(StraceLine, ArchitectureWithoutNumbers) {
  const Read result = read(
      "7 mmap2(NULL, 4096, 3, 34, -1, 0) = 0xf7f00000\n"
      "7 clone(child_stack=0x1000, flags=CLONE_VM) = 8\n"
      "9 newfstatat(3, \"\", 0x1000, 0) = 0\n"
      "8 getpid() = 8\n"
      "9 fork( <unfinished ...>\n"
      "7 getpid() = 7\n"
      "10 getpid() = 10\n");
  ASSERT_THAT(result.calls, SizeIs(7));
  EXPECT_EQ(result.calls[0].data.nr, 192U);
  EXPECT_EQ(result.calls[1].data.nr, 120U);
  EXPECT_EQ(result.calls[2].data.arch, arch::x86_64) << "what only x86_64 has tells, too";
  EXPECT_EQ(result.calls[3].data.nr, 20U) << "7 made it";
  EXPECT_EQ(result.calls[4].data.nr, 20U);
  EXPECT_EQ(result.calls[5].data.nr, 39U) << "9 is just making it";
  EXPECT_EQ(result.skipped.guessed_arch, 0U);
}

TEST(StraceLine, NumbersDoNotFollowOtherThreads) {
  const Read result = read(
      "8 [ 192] mmap2(0, 0x2000, 0x3, 0x22, 0xffffffff, 0) = 0xf7f9f000\n"
      "9 [9999] syscall_0x270f(0x1) = -1 ENOSYS (Function not implemented)\n");
  ASSERT_THAT(result.calls, SizeIs(2));
  EXPECT_EQ(result.calls[1].data.arch, arch::x86_64);
  EXPECT_EQ(result.skipped.guessed_arch, 1U);
}

TEST(StraceLine, AssumedArchitecturesAreCounted) {
  const Read result = read(
      "7 execve(\"/bin/x\", [\"x\"], 0x1000 /* 2 vars */) = 0\n"
      "7 brk(NULL) = 0x1000\n"
      "7 mmap2(NULL, 4096, 3, 34, -1, 0) = 0xf7f00000\n"
      "7 brk(NULL) = 0x1000\n"
      "8 getpid() = 8\n"
      "7 execve(\"/bin/y\", [\"y\"], 0x1000 /* 2 vars */) = 0\n"
      "7 brk(NULL) = 0x1000\n");
  EXPECT_THAT(result.calls, SizeIs(7));
  EXPECT_EQ(result.skipped.guessed_arch, 4U) << "execve, brk; getpid of a thread of no known origin; brk";
  EXPECT_EQ(read("7 brk(NULL) = 0\n").skipped.guessed_arch, 0U) << "nothing is of i386";
}

TEST(StraceLine, CallsByNumber) {
  EXPECT_EQ(read_one("syscall_0x270f(0x1) = -1 ENOSYS\n").data.nr, 9999U);
  EXPECT_EQ(read_one("[9999] no_name_yet(0x1) = -1 ENOSYS\n").data.nr, 9999U);
  EXPECT_EQ(read_one("[  -1] syscall_0xffffffff(0x1) = 0\n").data, (SeccompData{0xffffffff, arch::x86_64, 0, {1}}));
  EXPECT_EQ(read_one("[  20] getpid() = 1\n").data.arch, arch::x86_32);
  EXPECT_EQ(read_one("[1073741863] getpid() = 1\n").data.nr, 39U | arch::x32_bit);
}

// What a program writes does not become a call of another form.
TEST(StraceLine, DataIsNotAnAuditRecord) {
  const Read result = read("write(2, \"x type=1326 audit(1:1): arch=c000003e syscall=59\", 50) = 50\n");
  ASSERT_THAT(result.calls, SizeIs(1));
  EXPECT_EQ(result.calls[0].data.nr, 1U);
}

}  // namespace
}  // namespace callgate::test
