// What the audit subsystem writes, by every way that it comes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/calls/read.h"

namespace callgate::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* fields =
    "auid=1000 uid=1000 gid=1000 ses=1 subj==docker-default (enforce) pid=77 comm=\"a.out\" exe=\"/tmp/a.out\" sig=31 "
    "arch=c000003e syscall=257 compat=0 ip=0x7f12c1d0 code=0x80000000";

TEST(AuditRecord, EveryWayThatItComes) {
  const char* const leaders[] = {
      "type=SECCOMP msg=audit(1700000000.123:45): ",
      "type=1326 msg=audit(1700000000.123:45): ",
      "node=host type=SECCOMP msg=audit(1700000000.123:45): ",
      "audit: type=1326 audit(1700000000.123:45): ",
      "[   12.345678] audit: type=1326 audit(1700000000.123:45): ",
      "type=1326 audit(1700000000.123:45): ",
      "Nov 28 12:00:00 host kernel: audit: type=1326 audit(1700000000.123:45): ",
      "2026-11-28T12:00:00+0100 host kernel: [   12.345678] audit: type=1326 audit(1700000000.123:45): ",
      "Nov 28 12:00:00 host audit[77]: SECCOMP ",
      "type=UNKNOWN[1326] msg=audit(1700000000.123:45): ",
      "<5>[   12.345678] audit: type=1326 audit(1700000000.123:45): ",
  };
  for (const std::string leader : leaders) {
    const calls::Call call = read_one(leader + fields + "\n");
    EXPECT_EQ(call.data, (SeccompData{257, arch::x86_64, 0x7f12c1d0, {}})) << leader;
    EXPECT_EQ(call.unknown.instruction_pointer, 0U) << leader;
    for (const std::uint64_t unknown : call.unknown.args) EXPECT_EQ(unknown, all_bits) << leader;
    EXPECT_EQ(call.shown, 0);
    EXPECT_EQ(call.line, 1U);
  }
}

TEST(AuditRecord, SystemCallsHaveFourArguments) {
  const calls::Call call = read_one(
      "type=SYSCALL msg=audit(1700000000.123:45): arch=40000003 syscall=5 success=no exit=-13 a0=10 a1=ffffff9c a2=0 "
      "a3=a items=1 comm=\"cat\" key=\"x\"\x1d"
      "ARCH=i386 SYSCALL=open AUID=\"root\"\n");
  EXPECT_EQ(call.data, (SeccompData{5, arch::x86_32, 0, {0x10, 0xffffff9c, 0, 0xa}}));
  EXPECT_EQ(call.unknown.args[3], 0U);
  EXPECT_EQ(call.unknown.args[4], 0xffffffffU) << "registers have 32 bits";
  EXPECT_EQ(call.unknown.instruction_pointer, all_bits);
  EXPECT_EQ(call.shown, 4);
}

// ausearch -i: names for numbers, and only what says of itself that it is hexadecimal is a number.
TEST(AuditRecord, Interpreted) {
  const calls::Call call = read_one(
      "type=SYSCALL msg=audit(11/28/2026 12:00:00.123:45) : arch=x86_64 syscall=openat success=no "
      "exit=EACCES(Permission "
      "denied) a0=AT_FDCWD a1=0x7f10 a2=O_RDONLY|O_CLOEXEC a3=10 items=1 comm=cat exe=/usr/bin/cat key=(null)\n");
  EXPECT_EQ(call.data, (SeccompData{257, arch::x86_64, 0, {0xffffff9c, 0x7f10, 0x80000, 0}}));
  EXPECT_EQ(call.unknown.args[0], high_half);
  EXPECT_EQ(call.unknown.args[2], 0U);
  EXPECT_EQ(call.unknown.args[3], all_bits) << "10 or 0x10";
  const calls::Call seccomp = read_one(
      "type=SECCOMP msg=audit(11/28/2026 12:00:00.123:45) : auid=unset pid=7 comm=x sig=SIGSYS arch=i386 "
      "syscall=socket "
      "compat=1 ip=0xf7f10 code=kill\n");
  EXPECT_EQ(seccomp.data, (SeccompData{359, arch::x86_32, 0xf7f10, {}}));
}

TEST(AuditRecord, CallsWithoutNames) {
  EXPECT_EQ(read_one("type=SECCOMP msg=audit(1.2:3) : arch=x86_64 syscall=unknown-syscall(462)\n").data.nr, 462U);
  EXPECT_EQ(read_one("type=SECCOMP msg=audit(1.2:3) : arch=i386 syscall=socketcall(socket)\n").data.nr, 102U);
  EXPECT_EQ(read("type=SECCOMP msg=audit(1.2:3) : arch=x86_64 syscall=open(462)\n").skipped.odd, 1U);
}

TEST(AuditRecord, EndOfAStringOfJson) {
  const calls::Call call =
      read_one("{\"MESSAGE\" : \"audit: type=1326 audit(1.2:3): arch=c000003e syscall=59 ip=0x7f\"}\n");
  EXPECT_EQ(call.data, (SeccompData{59, arch::x86_64, 0x7f, {}}));
}

// A log is one from its first line on.
TEST(AuditRecord, LinesBeforeTheFirstRecord) {
  for (const std::string first :
       {"Sat 2026-11-28 12:00:00 UTC host kernel: usb 1-1: new device", "1700000000.123456 host kernel: usb 1-1: new",
        "[Sat Nov 28 12:00:00 2026] usb 1-1: new device", "kern  :info  : [   12.345678] usb 1-1: new device",
        "kern  :info  : [Sat Nov 28 12:00:00 2026] usb 1-1: new device", "<6>[   12.345678] usb 1-1: new device",
        "<no matches>"}) {
    const Read result = read(first + "\ntype=1326 audit(1.2:3): arch=c000003e syscall=59\n");
    EXPECT_FALSE(result.error) << first;
    EXPECT_THAT(result.calls, SizeIs(1)) << first;
  }
}

TEST(AuditRecord, UnreadableFirstLinesNameTheOption) {
  EXPECT_THAT(*read("what is this\n").error, HasSubstr("(--calls strace or --calls audit, if one of these wrote it)"));
  EXPECT_THAT(*read("read 1\nwhat is this\n").error, testing::Not(HasSubstr("--calls")));
}

// The records of one event are one call, with what both tell.
TEST(AuditRecord, EventsAreJoined) {
  const std::string seccomp = "type=SECCOMP msg=audit(1.2:45): arch=c000003e syscall=2 compat=0 ip=0x7f code=0x0\n";
  const std::string syscall = "type=SYSCALL msg=audit(1.2:45): arch=c000003e syscall=2 a0=1 a1=2 a2=3 a3=4\n";
  const std::string other = "type=PROCTITLE msg=audit(1.2:45): proctitle=6C73\n";
  for (const std::string& text : {seccomp + syscall + other, syscall + other + seccomp, seccomp + other + syscall}) {
    const Read result = read(text);
    ASSERT_THAT(result.calls, SizeIs(1)) << text;
    EXPECT_EQ(result.calls[0].data, (SeccompData{2, arch::x86_64, 0x7f, {1, 2, 3, 4}})) << text;
    EXPECT_EQ(result.calls[0].unknown.instruction_pointer, 0U);
    EXPECT_EQ(result.calls[0].line, 1U);
    EXPECT_EQ(result.skipped.records, 2U);
  }
  EXPECT_THAT(read(seccomp + seccomp).calls, SizeIs(2)) << "two records of a kind are two calls";
  EXPECT_THAT(read(seccomp + "type=SYSCALL msg=audit(1.2:46): arch=c000003e syscall=2 a0=1\n").calls, SizeIs(2));
  EXPECT_THAT(read(seccomp + "type=SYSCALL msg=audit(1.2:45): arch=c000003e syscall=3 a0=1\n").calls, SizeIs(2));
}

TEST(AuditRecord, OtherLinesOfALog) {
  const Read result = read(
      "Nov 28 12:00:00 host kernel: usb 1-1: new device\n"
      "-- Boot 1234 --\n"
      "Nov 28 12:00:00 host kernel: audit: type=1400 audit(1.2:3): apparmor=\"DENIED\" syscall=1 arch=c000003e\n"
      "Nov 28 12:00:00 host kernel: audit: type=1326 audit(1.2:4): arch=c000003e syscall=59\n"
      "read 7\n"
      "close(3) = 0\n"
      "----\n"
      "time->Sat Nov 28 12:00:00 2026\n"
      "\n");
  EXPECT_FALSE(result.error);
  ASSERT_THAT(result.calls, SizeIs(1));
  EXPECT_EQ(result.calls[0].data.nr, 59U);
  EXPECT_EQ(result.skipped.records, 1U);
  EXPECT_EQ(result.skipped.other, 4U);
  EXPECT_EQ(result.skipped.notices, 3U);
  EXPECT_EQ(result.skipped.odd, 0U);
}

// Whoever makes a call chooses the program's name, which stands in the record.
TEST(AuditRecord, NamesDoNotBecomeFields) {
  EXPECT_EQ(read_one("type=1326 audit(1.2:3): comm=\"x syscall=1\" arch=c000003e syscall=59\n").data.nr, 59U);
  const std::pair<const char*, const char*> lines[] = {
      {"comm=x syscall=1 arch=c000003e syscall=59", "syscall is given twice"},
      {"arch=c000003e arch=40000003 syscall=59", "arch is given twice"},
      {"arch=c000003e syscall=59 a0=1 a0=2", "a0 is given twice"},
      {"comm=\"x syscall=1 arch=c000003e syscall=59", "no arch= or no syscall="},
      {"syscall=59", "no arch= or no syscall="},
      {"arch=c000003e", "no arch= or no syscall="},
      {"arch=pdp11 syscall=59", "unknown architecture"},
      {"arch=c000003e0 syscall=59", "unknown architecture"},
      {"arch=c000003e syscall=no_such_call", "unknown system call"},
      {"arch=c000003e syscall=59x", "not a number"},
      {"arch=c000003e syscall=59 a0=0x1", "a0 is not a number"},
      {"arch=c000003e syscall=59 a0=", "a0 is not a number"},
      {"arch=c000003e syscall=59 a0=11112222333344445", "a0 is not a number"},
      {"arch=c000003e syscall=59 ip=x", "ip is not a number"},
  };
  for (const auto& [text, reason] : lines) {
    const Read result = read("type=1326 audit(1.2:3): " + std::string(text) + "\n");
    EXPECT_THAT(result.calls, IsEmpty()) << text;
    EXPECT_EQ(result.skipped.odd, 1U) << text;
    ASSERT_THAT(result.skipped.first, SizeIs(1)) << text;
    EXPECT_THAT(result.skipped.first[0].reason, HasSubstr(reason)) << text;
  }
}

TEST(AuditRecord, NumbersOfCalls) {
  EXPECT_EQ(read_one("type=1326 audit(1.2:3): arch=c000003e syscall=1073741825\n").data.nr, 1U | arch::x32_bit);
  EXPECT_EQ(read_one("type=1326 audit(1.2:3): arch=c000003e syscall=-1\n").data.nr, 0xffffffff);
  EXPECT_EQ(read_one("type=1326 audit(1.2:3): arch=28 syscall=1\n").data.arch, 0x28U) << "hexadecimal, however short";
}

}  // namespace
}  // namespace callgate::test
