// Streams: what strace writes, the compact form, and the uniform generator.
#include "bench/stream.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "bench/tally.h"

namespace callgate::bench {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Recording parse(const std::string& text) {
  std::istringstream input(text);
  return parse_strace(input);
}

TEST(Strace, CallHasNumberArgumentsAndInstructionPointer) {
  const Recording recording =
      parse("5084  [   9] [00007fdc03ee1a10] mmap(0, 0x2000, 0x3, 0x22, 0xffffffff, 0x10) = 0x7fdc040d2000\n");
  const SeccompData expected{9, arch::x86_64, 0x7fdc03ee1a10, {0, 0x2000, 3, 0x22, 0xffffffff, 0x10}};
  EXPECT_THAT(recording.calls, ElementsAre(expected));
  EXPECT_THAT(recording.argument_counts, ElementsAre(6));
}

TEST(Strace, MissingArgumentsAreZeroAndInstructionPointerIsOptional) {
  const Recording recording =
      parse("[   3] close(0x4)                 = 0\n12 [  39] [????????????????] getpid() = 0x13dc\n");
  ASSERT_THAT(recording.calls, SizeIs(2));
  EXPECT_EQ(recording.calls[0], (SeccompData{3, arch::x86_64, 0, {4}}));
  EXPECT_EQ(recording.calls[1], (SeccompData{39, arch::x86_64, 0, {}}));
  EXPECT_THAT(recording.argument_counts, ElementsAre(1, 0));
}

TEST(Strace, InterruptedCallCountsOnce) {
  const Recording recording = parse(
      "5084  [   3] [00007f] close(0x4 <unfinished ...>\n"
      "5085  [ 273] [00007f] set_robust_list(0x7fdc03ee1a20, 0x18 <unfinished ...>\n"
      "5084  [   3] [00007f] <... close resumed>)       = 0\n"
      "5085  [ 273] [00007f] <... set_robust_list resumed>) = 0\n"
      "5085  [ 231] [00007f] exit_group(0 <unfinished ...>\n"
      "5086  [ 230] [00007f] clock_nanosleep(0, 0, <unfinished ...>\n");
  ASSERT_THAT(recording.calls, SizeIs(4));
  EXPECT_EQ(recording.calls[0].args[0], 4U);
  EXPECT_EQ(recording.calls[1].args[1], 0x18U);
  EXPECT_THAT(recording.argument_counts, ElementsAre(1, 2, 1, 2));
  EXPECT_EQ(recording.resumed, 2U);
  EXPECT_EQ(recording.odd, 0U);
}

TEST(Strace, OtherLinesAreCountedByKind) {
  const Recording recording = parse(
      "5084  [ 262] [00007f] --- SIGCHLD {si_signo=17, si_code=0x1} ---\n"
      "5085  [ 231] [00007f] +++ exited with 0 +++\n"
      "5086  +++ killed by SIGKILL +++\n"
      "[ Process PID=5249 runs in 32 bit mode. ]\n"
      "strace: Process 7 attached\n"
      "\n");
  EXPECT_THAT(recording.calls, IsEmpty());
  EXPECT_EQ(recording.signals, 1U);
  EXPECT_EQ(recording.exits, 2U);
  EXPECT_EQ(recording.notices, 3U);
  EXPECT_EQ(recording.odd, 0U);
}

TEST(Strace, OddLinesAreCountedAndTheFirstAreKept) {
  std::string text = "5084  [ 59] [7f] ???\?( <detached ...>\nhello\n[ 1] [7f] write(1, \"text\", 4) = 4\n";
  for (int i = 0; i < 10; ++i) text += "[ 0] read(1, 2, 3, 4, 5, 6, 7) = 0\n";
  text += "[   3] close(0x4";  // cut off
  const Recording recording = parse(text);
  EXPECT_THAT(recording.calls, IsEmpty());
  EXPECT_EQ(recording.odd, 14U);
  ASSERT_THAT(recording.first_odd, SizeIs(5));
  EXPECT_EQ(recording.first_odd[1].line, 2U);
  EXPECT_EQ(recording.first_odd[1].text, "hello");
}

TEST(Strace, EveryLineCountsExactlyOnceWhateverItIs) {
  std::string text;
  for (int byte = 1; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    if (c == '\n') continue;
    for (const char* before :
         {"", "7 ", "7 [", "7 [ 3", "7 [ 3] ", "7 [ 3] [7f", "7 [ 3] [7f] close", "7 [ 3] close(", "7 [ 3] close(1"}) {
      text += std::string(before) + c + '\n';
    }
  }
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  const Recording recording = parse(text);
  EXPECT_EQ(recording.calls.size() + recording.resumed + recording.signals + recording.exits + recording.notices +
                recording.odd,
            lines);
}

TEST(Strace, ArchitectureFollowsFromNameAndNumber) {
  const Recording recording = parse(
      "7 [  39] getpid() = 7\n"
      "7 [  20] getpid() = 7\n"
      "7 [1073741863] getpid() = -1 ENOSYS (Function not implemented)\n"
      "8 [ 192] mmap2(0, 0x2000, 0x3, 0x22, 0xffffffff, 0) = 0xf7f9f000\n"
      "8 [ 434] pidfd_open(0x7, 0) = 3\n"
      "9 [9999] syscall_0x270f(0x1) = -1 ENOSYS (Function not implemented)\n");
  ASSERT_THAT(recording.calls, SizeIs(6));
  EXPECT_EQ(recording.calls[0].arch, arch::x86_64);
  EXPECT_EQ(recording.calls[1].arch, arch::x86_32);
  EXPECT_EQ(recording.calls[2].arch, arch::x86_64);
  EXPECT_EQ(recording.calls[2].nr, 39U | arch::x32_bit);
  EXPECT_EQ(recording.calls[3].arch, arch::x86_32);
  EXPECT_EQ(recording.calls[4].arch, arch::x86_32) << "the same on both: the thread's last";
  EXPECT_EQ(recording.calls[5].arch, arch::x86_64);
  EXPECT_EQ(recording.guessed_arch, 2U);
}

TEST(Compact, RoundTrips) {
  std::vector<SeccompData> calls = uniform_stream(200, 5);
  for (SeccompData& data : calls) data.instruction_pointer = 0;
  calls[3].arch = arch::x86_32;
  calls[4].nr |= arch::x32_bit;
  calls.insert(calls.begin() + 10, 7, calls[9]);
  std::stringstream text;
  write_compact(text, calls);
  EXPECT_EQ(read_compact(text), calls);
}

TEST(Compact, ErrorsNameTheLine) {
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"1 2\nread", "line 2: not a number: read"}, {"1 1 2 3 4 5 6 7", "line 1: more than six arguments"},
      {"* 3", "line 1: bad repetition"},           {"1\n* 99999999999", "line 2: bad repetition"},
      {"4294967296", "no system call number"},     {"1 11112222333344445", "not a number"}};
  for (const auto& [text, message] : bad) {
    std::istringstream input(text);
    try {
      static_cast<void>(read_compact(input));
      ADD_FAILURE() << "accepted: " << text;
    } catch (const std::runtime_error& error) {
      EXPECT_THAT(error.what(), HasSubstr(message));
    }
  }
}

TEST(Compact, RecordedMixIsThere) {
  std::ifstream file(CALLGATE_BENCH_STREAMS "/mix.calls");
  EXPECT_THAT(read_compact(file), SizeIs(2048));
}

TEST(Uniform, SameSeedSameCalls) {
  EXPECT_EQ(uniform_stream(100, 1), uniform_stream(100, 1));
  EXPECT_NE(uniform_stream(100, 1), uniform_stream(100, 2));
  for (const SeccompData& data : uniform_stream(1000, 3)) EXPECT_LT(data.nr, 460U);
}

TEST(Tally, GroupsByCallDecisionAndFilter) {
  const Insn refuse_close[] = {
      {0x20, 0, 0, 0}, {0x15, 0, 1, 3}, {0x06, 0, 0, action::errno_ | 9}, {0x06, 0, 0, action::allow}};
  Options options;
  options.engine = Engine::interpreter;
  const Chain chain = *Chain::create(options)->attach(*verify(refuse_close));
  const Recording recording =
      parse("[ 3] close(0x4)\n[ 39] getpid()\n[ 3] close(0x40)\n[ 39] getpid()\n[ 3] close(0xffffffff)\n");
  const std::vector<Group> allowed = tally(chain, recording, By::name, true);
  ASSERT_THAT(allowed, SizeIs(1));
  EXPECT_EQ(allowed[0].text, "getpid");
  EXPECT_EQ(allowed[0].count, 2U);
  EXPECT_FALSE(allowed[0].filter);
  const std::vector<Group> by_name = tally(chain, recording, By::name, false);
  ASSERT_THAT(by_name, SizeIs(1));
  EXPECT_EQ(by_name[0].filter, 0U);
  EXPECT_EQ(decision_text(by_name[0].result), "ERRNO(9) EBADF");
  std::vector<std::string> texts;
  for (const Group& group : tally(chain, recording, By::arguments, false)) texts.push_back(group.text);
  EXPECT_THAT(texts, ElementsAre("close(0x40)", "close(0xffffffff)", "close(4)"));
}

}  // namespace
}  // namespace callgate::bench
