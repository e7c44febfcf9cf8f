// Lines that people type, and recordings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/calls/read.h"

namespace callgate::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(CallLine, WhatIsLeftOutIsMarked) {
  const calls::Call call = read_one("openat 0xffffff9c 0x1000");
  EXPECT_EQ(call.data, (SeccompData{257, arch::x86_64, 0, {0xffffff9c, 0x1000}}));
  EXPECT_EQ(call.omitted.args[1], 0U);
  EXPECT_EQ(call.omitted.args[2], all_bits);
  EXPECT_EQ(call.omitted.instruction_pointer, all_bits);
  EXPECT_EQ(call.unknown, SeccompData{});
  EXPECT_EQ(call.shown, 2);
  EXPECT_EQ(read_one("read ip=0x1234").omitted.instruction_pointer, 0U);
}

TEST(CallLine, QuestionMarkIsNotKnown) {
  const calls::Call call = read_one("read 3 ? 10");
  EXPECT_EQ(call.data.args[2], 10U);
  EXPECT_EQ(call.unknown.args[1], all_bits);
  EXPECT_EQ(call.unknown.args[2], 0U);
}

// glibc passes the 32 bits of an int; what is no int fills 64 bits.
TEST(CallLine, NegativeInts) {
  const std::pair<const char*, std::uint64_t> ints[] = {
      {"openat -100", 0xffffff9c},        {"openat AT_FDCWD", 0xffffff9c},
      {"unlinkat -100", 0xffffff9c},      {"kill -1", 0xffffffff},
      {"setuid -1", 0xffffffff},          {"257 -100", 0xffffff9c},
      {"openat -2147483648", 0x80000000},
  };
  for (const auto& [line, value] : ints) {
    const calls::Call call = read_one(line);
    EXPECT_EQ(call.data.args[0], value) << line;
    EXPECT_EQ(call.negative_ints, 1) << line;
    EXPECT_EQ(sign_extended(call).args[0], value | high_half) << line;
  }
  EXPECT_EQ(read_one("mmap 0 4096 3 0x22 -1").data.args[4], 0xffffffff);
  EXPECT_EQ(read_one("setresuid 1 -1 1").negative_ints, 2);
  const std::pair<const char*, int> others[] = {
      {"exit -1", 0b1},
      {"exit_group -1", 0b1},
      {"clock_gettime -6", 0b1},
      {"timer_delete -1", 0b1},
      {"keyctl 0 -3", 0b10},
      {"add_key 0 0 0 0 -3", 0b10000},
      {"request_key 0 0 0 -4", 0b1000},
      {"pkey_free -1", 0b1},
      {"pkey_mprotect 0 0 0 -1", 0b1000},
      {"semctl -1 -1 -1", 0b111},
      {"shmat -1", 0b1},
      {"msgrcv -1 0 0 -5", 0b1},
      {"mq_notify -1", 0b1},
      {"prctl -1 -1", 0b1},
      {"unshare -1", 0b1},
      {"flock -1 -1", 0b11},
      {"cachestat -1", 0b1},
      {"kexec_file_load -1 -1", 0b11},
      {"openat -1 -1 -1 -1", 0b1101},
      {"readlinkat -1 0 0 -1", 0b1},
      {"poll 0 -1 -1", 0b100},
      {"getxattrat -100 0 -1", 0b101},
  };
  for (const auto& [line, ints_of_it] : others) EXPECT_EQ(read_one(line).negative_ints, ints_of_it) << line;
  EXPECT_EQ(read_one("msgrcv -1 0 0 -5").negative_longs, 0b1000) << "long";
  EXPECT_EQ(read_one("9999 -1").negative_longs, 1) << "nobody knows its types";
  EXPECT_EQ(cut_to_ints(read_one("9999 -1")).args[0], 0xffffffffU);
  EXPECT_EQ(read_one("9999 -1 arch=i386").negative_longs, 0);
  const std::pair<const char*, std::uint64_t> longs[] = {
      {"brk -1", all_bits}, {"personality -1", all_bits}, {"openat -2147483649", 0xffffffff7fffffff},
      {"lseek 3 -1", 3},    {"9999 -1", all_bits},
  };
  for (const auto& [line, value] : longs) {
    EXPECT_EQ(read_one(line).data.args[0], value) << line;
    EXPECT_EQ(read_one(line).negative_ints, 0) << line;
  }
  EXPECT_EQ(read_one("lseek 3 -1").data.args[1], all_bits);
}

// Registers of i386 have 32 bits: nothing is left to guess.
TEST(CallLine, NegativeNumbersOf32BitArchitectures) {
  for (const char* line : {"brk -1 arch=i386", "brk -1 arch=40000003", "arch_prctl -1 arch=i386"}) {
    EXPECT_EQ(read_one(line).data.args[0], 0xffffffffU) << line;
    EXPECT_EQ(read_one(line).negative_ints, 0) << line;
  }
  EXPECT_THAT(*read("brk -2147483649 arch=i386").error, HasSubstr("does not fit into the 32 bits"));
}

TEST(CallLine, ArchitecturesOfAuditRecords) {
  EXPECT_EQ(read_one("1 arch=40000003").data.arch, arch::x86_32);
  EXPECT_EQ(read_one("1 arch=c000003e").data.arch, arch::x86_64);
  EXPECT_EQ(read_one("1 arch=C000003E").data.arch, arch::x86_64);
  EXPECT_EQ(read_one("1 arch=c00000b7").data.arch, 0xc00000b7);
  EXPECT_EQ(read_one("1 arch=1073741827").data.arch, arch::x86_32) << "decimal";
  EXPECT_EQ(read_one("1 arch=3221225534").data.arch, arch::x86_64) << "decimal";
  EXPECT_EQ(read_one("1 arch=b32").data.arch, arch::x86_32);
  for (const char* bad : {"1 arch=c000003", "1 arch=c000003e0", "1 arch=g000003e", "1 arch=c000003e 1 arch=40000003"}) {
    EXPECT_TRUE(read(bad).error) << bad;
  }
}

TEST(CallLine, OtherNamesOfArchitectures) {
  for (const char* name : {"i486", "i586", "i686", "x86"})
    EXPECT_EQ(read_one("1 arch=" + std::string(name)).data.arch, arch::x86_32) << name;
  for (const char* name : {"x86-64", "X86_64", "amd64"})
    EXPECT_EQ(read_one("1 arch=" + std::string(name)).data.arch, arch::x86_64) << name;
  EXPECT_THAT(*read("1 arch=pdp11").error, HasSubstr("unknown architecture \"pdp11\" (x86_64, i386, x32, or"));
}

TEST(CallLine, NamesOfX86Only) {
  EXPECT_EQ(read_one("63 1 arch=aarch64").data, (SeccompData{63, 0xc00000b7, 0, {1}}));
  EXPECT_THAT(*read("read arch=aarch64").error, HasSubstr("of this architecture give the number"));
}

TEST(CallLine, Constants) {
  const calls::Call call = read_one("openat AT_FDCWD 0x1000 O_RDWR|O_CREAT|O_CLOEXEC 0644");
  EXPECT_EQ(call.data.args[2], 0x80042U);
  EXPECT_EQ(call.data.args[3], 0644U);
  EXPECT_EQ(read_one("openat 1 0 O_CREAT|0x200000").data.args[2], 0x200040U);
  EXPECT_EQ(read_one("socket PF_INET6 SOCK_STREAM NULL").data, (SeccompData{41, arch::x86_64, 0, {10, 1, 0}}));
  EXPECT_EQ(read_one("socket PF_INET6 1 NULL").shown, 3);
  for (const char* bad :
       {"read PF_NOSUCH", "read PF_", "read O_NOSUCH", "read O_CREAT|", "read |", "read O_CREAT|x", "read O_CREAT O"}) {
    EXPECT_TRUE(read(bad).error) << bad;
  }
}

TEST(CallLine, NumbersOfAllForms) {
  EXPECT_EQ(read_one("0x101 010 0x10 10").data, (SeccompData{257, arch::x86_64, 0, {8, 16, 10}}));
}

constexpr const char* recording = "# callgate record -- true\n1 10 22\n* 2\n\n# more\n59 i386 ffffff9c\n1073741824 1\n";

TEST(RecordedCalls, AreHexadecimal) {
  const Read result = read(recording);
  ASSERT_FALSE(result.error) << *result.error;
  ASSERT_THAT(result.calls, SizeIs(5));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(result.calls[i].data, (SeccompData{1, arch::x86_64, 0, {0x10, 0x22}})) << i;
  }
  EXPECT_EQ(result.calls[1].line, 3U);
  EXPECT_EQ(result.calls[3].data, (SeccompData{59, arch::x86_32, 0, {0xffffff9c}}));
  EXPECT_EQ(result.calls[4].data, (SeccompData{arch::x32_bit, arch::x86_64, 0, {1}}));
  EXPECT_EQ(result.calls[0].unknown.instruction_pointer, all_bits) << "it is not kept";
  EXPECT_EQ(result.calls[0].unknown.args[5], 0U) << "trailing zeros are left out";
  EXPECT_FALSE(result.has_hashed_arguments);
}

TEST(RecordedCalls, ByteOrderMarkAndLineEnds) {
  const Read result = read("\xef\xbb\xbf# callgate record\r\n1 10 22\r\n* 1\r\n");
  ASSERT_FALSE(result.error) << *result.error;
  ASSERT_THAT(result.calls, SizeIs(2));
  EXPECT_EQ(result.calls[1].data.args[1], 0x22U);
}

TEST(RecordedCalls, OneBehindAnother) {
  const Read result = read(std::string(recording) + recording);
  EXPECT_THAT(result.calls, SizeIs(10));
}

TEST(RecordedCalls, OptionsInTheHeader) {
  EXPECT_TRUE(read("# callgate record --hash-arguments -- true\n").has_hashed_arguments);
  EXPECT_FALSE(read("# callgate record -- callgate record --hash-arguments\n").has_hashed_arguments);
}

// Without its header a recording cannot be told from typed lines; what cannot be both is refused.
TEST(RecordedCalls, WithoutHeader) {
  EXPECT_EQ(read("1 10 22\n", calls::Form::recording).calls.at(0).data.args[0], 0x10U);
  EXPECT_EQ(read("1 10 22\n").calls.at(0).data.args[0], 10U);
  EXPECT_THAT(*read("59 i386 10\n").error, HasSubstr("--calls recording"));
  EXPECT_TRUE(read("1 7ffff7b1b5c0\n").error);
  EXPECT_TRUE(read("# callgate recording of mine\n1 7f\n").error) << "not the header";
}

TEST(RecordedCalls, ErrorsStop) {
  const std::pair<const char*, const char*> bad[] = {
      {"read 1", "not a number: read"},
      {"1 0x10", "not a number: 0x10"},
      {"1 -1", "not a number: -1"},
      {"1 11112222333344445", "not a number"},
      {"4294967296", "no system call number"},
      {"-1", "not a number"},
      {"1 2 i386", "not a number: i386"},
      {"1 i386 i386", "not a number: i386"},
      {"1 1 2 3 4 5 6 7", "more than six arguments"},
      {"* 1", "there is no call before it"},
      {"1\n* 0", "bad repetition"},
      {"1\n* x", "bad repetition"},
      {"1\n* 1 2", "bad repetition"},
      {"1\n* 1000001", "bad repetition"},
      {"read(3) = 0", "not a number"},
      {"type=1326 audit(1:1): arch=c000003e syscall=1", "not a number"},
      {"1 \x1b[31m", "not a number: ?[31m"},
  };
  for (const auto& [line, message] : bad) {
    const Read result = read("# callgate record\n" + std::string(line));
    ASSERT_TRUE(result.error) << line;
    EXPECT_THAT(*result.error, HasSubstr(message)) << line;
  }
}

}  // namespace
}  // namespace callgate::test
