// What evaluate() and match() promise: no allocation, no system call, errno and vector registers untouched, and that
// they may run in a signal handler and in a child of vfork().
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

#include "oracles/generator/inputs.h"
#include "oracles/generator/program_generator.h"
#include "tests/support/allocations.h"
#include "tests/support/chains.h"
#include "tests/support/child.h"
#include "tests/support/filters.h"
#include "tests/support/machine.h"
#include "tests/support/node.h"
#include "tests/support/own_filter.h"
#include "tests/support/sanitizers.h"

namespace callgate::test {
namespace {

// Calls and their decisions. Filled before a test begins, so that comparing allocates nothing.
struct Questions {
  std::vector<Program> filters;
  std::vector<SeccompData> calls;
  std::vector<Match> answers;

  explicit Questions(MergeRule rule) {
    oracles::ProgramGenerator generator(41);
    for (int i = 0; i < 6; ++i) filters.push_back(program(std::span<const Insn>(generator.valid(60))));
    filters.push_back(program("ld [nr]\njgt #400, ok\nret #0x50001\nok: ret #0x7fff0000"));
    filters.push_back(
        program("ld [nr]\nand #3\njeq #0, no\nret #0x7fff0000\nno: ld [args[1].lo]\njeq #1, no2\n"
                "ret #0x7fff0000\nno2: ret #0x30007"));
    for (const Program& filter : filters) {
      for (const SeccompData& call : oracles::inputs_for(filter.instructions(), 42, 12)) calls.push_back(call);
    }
    for (const SeccompData& call : calls) answers.push_back(reference(filters, rule, call));
  }

  bool evaluates_right(const Chain& chain) const noexcept {
    for (std::size_t i = 0; i < calls.size(); ++i) {
      if (chain.evaluate(calls[i]) != answers[i].result) return false;
    }
    return true;
  }

  bool matches_right(const Chain& chain) const noexcept {
    for (std::size_t i = 0; i < calls.size(); ++i) {
      const Match match = chain.match(calls[i]);
      if (match.result != answers[i].result || match.filter != answers[i].filter) return false;
    }
    return true;
  }

  bool right(const Chain& chain) const noexcept { return evaluates_right(chain) && matches_right(chain); }
};

class Promise : public testing::TestWithParam<Options> {
 protected:
  Questions questions{GetParam().rule};
  Chain chain = chain_of(questions.filters, GetParam());
};

TEST_P(Promise, Allocations) {
  if (has_tsan) GTEST_SKIP() << "ThreadSanitizer owns operator new: nothing can be counted";
  const std::size_t before = allocations();
  const bool right = questions.right(chain);
  EXPECT_EQ(allocations(), before);
  EXPECT_TRUE(right);
  ::operator delete(::operator new(1));  // the counter does count
  EXPECT_GT(allocations(), before);
}

TEST_P(Promise, Errno) {
  errno = 4321;
  const bool right = questions.right(chain);
  EXPECT_EQ(errno, 4321);
  EXPECT_TRUE(right);
}

// After this, any call but these two kills.
std::vector<Insn> only_exit() {
  return filter_text({{SYS_write}, {SYS_exit_group}}, action::allow, action::kill_process);
}

TEST_P(Promise, SystemCalls) {
  if (has_asan || has_tsan) GTEST_SKIP() << "sanitizers make system calls of their own in checked code";
  CALLGATE_SKIP_WITHOUT(filters);
  EXPECT_EQ(in_child([&, filter = only_exit()] {
              confine(filter);
              return std::string(questions.right(chain) ? "" : "wrong");
            }),
            "");
}

TEST(PromiseTests, NoticeASystemCall) {
  CALLGATE_SKIP_WITHOUT(filters);
  EXPECT_NE(in_child([filter = only_exit()] {
              confine(filter);
              return std::string(getppid() > 0 ? "" : "?");
            }),
            "");
}

// What the handler looks at.
struct {
  const Questions* questions;
  const Chain* chain;
  std::atomic<int> runs;
  std::atomic<int> wrong;
} handled;

void on_signal(int) {
  handled.wrong += !handled.questions->right(*handled.chain);
  handled.runs += 1;
}

// The timer interrupts an allocator at work: what takes its lock in the handler hangs.
TEST_P(Promise, SignalHandler) {
  handled.questions = &questions;
  handled.chain = &chain;
  handled.runs = handled.wrong = 0;
  struct sigaction action {
  }, old{};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  ASSERT_EQ(sigaction(SIGALRM, &action, &old), 0);
  const itimerval often{{0, 500}, {0, 500}};
  ASSERT_EQ(setitimer(ITIMER_REAL, &often, nullptr), 0);
  for (std::size_t n = 0; handled.runs < 50; ++n) {
    std::vector<std::string> strings(n % 50, std::string(n % 3000, 'x'));
    ASSERT_TRUE(n < 50 || strings.size() == n % 50);
  }
  const itimerval never{};
  setitimer(ITIMER_REAL, &never, nullptr);
  sigaction(SIGALRM, &old, nullptr);
  EXPECT_EQ(handled.wrong, 0);
}

TEST_P(Promise, ChildOfVfork) {
  if (has_tsan) GTEST_SKIP() << "ThreadSanitizer does not work in a child of vfork";
  CALLGATE_SKIP_IF_EMULATED("its vfork is a fork");
  volatile bool right = false;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  const pid_t child = vfork();
#pragma GCC diagnostic pop
  if (child == 0) {
    right = questions.right(chain);
    _exit(0);
  }
  ASSERT_GT(child, 0);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(process::describe_end(status), "");
  EXPECT_TRUE(right);
}

#if defined(__x86_64__) || defined(__i386__)

// The x87 and SSE registers as FXSAVE stores them; 512 bytes.
struct alignas(16) VectorState {
  unsigned char bytes[512];

  void save() { asm volatile("fxsave %0" : "=m"(*this)); }
  void load() const { asm volatile("fxrstor %0" : : "m"(*this)); }

  // Control words are left alone: not every value may be loaded.
  void fill_registers() {
    const std::size_t end = 160 + 16 * 2 * sizeof(void*);  // 16 xmm registers, or 8 in 32-bit code
    for (std::size_t i = 32; i < end; ++i)
      bytes[i] = static_cast<unsigned char>(i % 16 < 10 || i >= 160 ? i * 7 + 1 : 0);
    bytes[4] = 0xff;  // all x87 registers hold something
  }
};

// Saves, runs and compares with nothing between that the compiler might put into these registers.
[[gnu::noinline]] std::uint32_t entry_with(const VectorState& before, VectorState& after, const SeccompData& data,
                                           const callgate_image* image) {
  VectorState own;
  own.save();
  before.load();
  const std::uint32_t result = callgate_decide(image, &data);
  after.save();
  own.load();
  return result;
}

TEST_P(Promise, VectorAndX87Registers) {
  if (has_asan || has_tsan) GTEST_SKIP() << "sanitizers call functions of their own, which use vector registers";
  VectorState before;
  before.save();
  before.fill_registers();
  for (std::size_t i = 0; i < questions.calls.size(); ++i) {
    VectorState after = before;
    const std::uint32_t result = entry_with(before, after, questions.calls[i], &image_of(chain));
    ASSERT_EQ(std::memcmp(&before.bytes[32], &after.bytes[32], 416 - 32), 0) << "call " << i;
    ASSERT_EQ(result, questions.answers[i].result);
  }
}

#endif

INSTANTIATE_TEST_SUITE_P(All, Promise, testing::ValuesIn(all_options()), shown);

}  // namespace
}  // namespace callgate::test
