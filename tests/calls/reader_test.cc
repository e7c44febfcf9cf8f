// The one reader: which form a line has, and lines that chance has changed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "oracles/generator/random.h"
#include "tests/calls/read.h"

namespace callgate::test {
namespace {

using oracles::Random;
using testing::HasSubstr;
using testing::SizeIs;

TEST(CallReader, TypedLinesStayStrict) {
  const Read result = read("read\nno_such_call\nread\n");
  EXPECT_THAT(result.calls, SizeIs(1));
  ASSERT_TRUE(result.error);
  EXPECT_THAT(*result.error, HasSubstr("unknown system call"));
  EXPECT_EQ(result.error_line, 2U);
}

TEST(CallReader, LinesOfOtherFormsAmongTypedOnes) {
  const Read result = read("read 1\nclose(2) = 0\ntype=1326 audit(1:1): arch=c000003e syscall=59\nread 3\n");
  ASSERT_FALSE(result.error);
  EXPECT_THAT(result.calls, SizeIs(4));
}

TEST(CallReader, TheFirstLineSetsTheForm) {
  EXPECT_TRUE(read("read 1\nbla\n").error);
  EXPECT_EQ(read("close(2) = 0\nbla\n").skipped.other, 1U);
  EXPECT_EQ(read("type=CWD msg=audit(1:1): cwd=\"/\"\nbla\n").skipped.other, 1U);
  EXPECT_TRUE(read("bla\nclose(2) = 0\n").error);
}

TEST(CallReader, CommentsAndBlanks) {
  const Read result =
      read("\n# read(1) = 0\n  # type=1326 audit(1:1): arch=c000003e syscall=59\nread 1 # read(2) = 0\n");
  ASSERT_FALSE(result.error);
  ASSERT_THAT(result.calls, SizeIs(1));
  EXPECT_EQ(result.calls[0].data.args[0], 1U);
}

constexpr const char* seeds[] = {
    "openat -100 0x7ffe1000 O_RDONLY|O_CLOEXEC 0644 arch=x86_64 ip=0x1234\n",
    "socket 16 3 9 arch=40000003\nread ? 1\n",
    "# callgate record -- true\n1 10 22\n* 3\n59 i386 ffffff9c\n",
    ("1234 12:00:01.123456 [ 257] [00007fdc03ee1a10] openat(AT_FDCWD, \"/etc/a, b) = 1\", O_RDONLY|O_CLOEXEC) = 3</x> "
     "<0.1>\n"),
    "[pid 7] read(3</a>,  <unfinished ...>\n[pid 7] <... read resumed>\"x\"..., 832) = 832\n",
    "7 clone(child_stack=NULL, flags=CLONE_VM|SIGCHLD, child_tidptr=0x7f10) = 9\n--- SIGCHLD {si_signo=SIGCHLD} ---\n",
    "strace: [ Process PID=7 runs in 32 bit mode. ]\n7 [ 102] socket(AF_UNIX, SOCK_STREAM, 0) = 3\n",
    "type=SYSCALL msg=audit(1.2:45): arch=c000003e syscall=2 a0=1 a1=ffffff9c a2=3 a3=4 comm=\"x\"\n",
    "Nov 28 12:00:00 host audit[77]: SECCOMP comm=\"a\" arch=c000003e syscall=257 ip=0x7f12 code=0x0\n",
    "type=SYSCALL msg=audit(11/28/2026 12:00:00.1:4) : arch=x86_64 syscall=openat a0=AT_FDCWD a1=0x7f a2=O_RDWR\n",
};

// Replaces, drops, doubles or moves a few bytes.
std::string changed(Random& random, std::string text) {
  constexpr std::string_view telling = "()[]{}<>\"\\,=|#-0x19aAf* \t\n/.:?";
  for (std::uint32_t n = 1 + random.below(3); n > 0 && !text.empty(); --n) {
    const std::size_t at = random.below(static_cast<std::uint32_t>(text.size()));
    const std::size_t length = std::min<std::size_t>(1 + random.below(8), text.size() - at);
    const std::string piece = text.substr(at, length);
    switch (random.below(5)) {
      case 0: text[at] = telling[random.below(static_cast<std::uint32_t>(telling.size()))]; break;
      case 1: text[at] = static_cast<char>(random.below(256)); break;
      case 2: text.erase(at, length); break;
      case 3: text.insert(at, piece); break;
      default: text.insert(random.below(static_cast<std::uint32_t>(text.size())), text.substr(at)); break;
    }
  }
  return text;
}

// Bits that are not known are 0, a 32-bit register has no upper half, and the line exists.
void check(const calls::Call& call, const std::string& text, std::uint64_t lines) {
  const bool is_32_bit = calls::has_32_bit_registers(call.data.arch);
  const bool is_typed = call.omitted != SeccompData{};
  ASSERT_EQ(call.data.instruction_pointer & call.unknown.instruction_pointer, 0U) << text;
  ASSERT_EQ(call.unknown.nr | call.unknown.arch, 0U) << text;
  ASSERT_LE(call.shown, calls::argument_count) << text;
  ASSERT_TRUE(call.line >= 1 && call.line <= lines) << text;
  for (std::size_t i = 0; i < calls::argument_count; ++i) {
    ASSERT_EQ(call.data.args[i] & call.unknown.args[i], 0U) << text;
    ASSERT_EQ(call.omitted.args[i] & (call.data.args[i] | call.unknown.args[i]), 0U) << text;
    if (is_32_bit && !is_typed) {
      ASSERT_EQ(call.unknown.args[i] >> 32, 0U) << text;
    }
  }
}

TEST(CallReader, ChangedLines) {
  Random random(1);
  std::size_t calls = 0;
  std::size_t errors = 0;
  std::size_t odd = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text = seeds[random.below(std::size(seeds))];
    if (random.chance(20)) text += seeds[random.below(std::size(seeds))];
    text = changed(random, std::move(text));
    const auto lines = static_cast<std::uint64_t>(std::ranges::count(text, '\n')) + 1;
    const calls::Form form = static_cast<calls::Form>(random.chance(70) ? 0 : random.below(5));
    const Read result = read(text, form);
    for (const calls::Call& call : result.calls) check(call, text, lines);
    if (result.error) {
      ASSERT_FALSE(result.error->empty()) << text;
    }
    calls += result.calls.size();
    errors += result.error.has_value();
    odd += result.skipped.odd;
  }
  EXPECT_GT(calls, 1000U);
  EXPECT_GT(errors, 1000U);
  EXPECT_GT(odd, 1000U);
}

// Cut at every byte, a line of strace or audit is the whole call, or no call.
TEST(CallReader, CutLinesAreNoOtherCalls) {
  const std::string line = "7 openat(0xffffff9c, 0x7ffe1000, 0x80042) = 3";
  for (std::size_t size = 0; size < line.size(); ++size) {
    const Read result = read(line.substr(0, size), calls::Form::strace);
    for (const calls::Call& call : result.calls) {
      EXPECT_EQ(call.data, (SeccompData{257, arch::x86_64, 0, {0xffffff9c, 0x7ffe1000, 0x80042}})) << size;
    }
  }
  const std::string half = "7 read(0x1234, 0x7ffe1000,  <unfinished ...>";
  for (std::size_t size = 0; size < half.size(); ++size) {
    EXPECT_THAT(read(half.substr(0, size), calls::Form::strace).calls, SizeIs(0)) << size;
  }
}

}  // namespace
}  // namespace callgate::test
