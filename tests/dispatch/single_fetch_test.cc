// A layout with single_fetch: every word of the frame is loaded once, whoever decides. Counted by making the frame's
// page inaccessible and letting one instruction at a time through.
#include <gtest/gtest.h>

#include <sys/mman.h>
#include <sys/ucontext.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <vector>

#include "oracles/generator/inputs.h"
#include "oracles/generator/program_generator.h"
#include "tests/dispatch/frame.h"
#include "tests/support/chains.h"
#include "tests/support/filters.h"
#include "tests/support/sanitizers.h"

namespace callgate::test {
namespace {

// What the handlers work on; one test at a time.
struct {
  unsigned char* page;
  std::size_t bytes;
  std::uintptr_t addresses[256];
  std::size_t count;
  std::uint32_t* changed;  // if not null: the word that changes after every access
} watched;

greg_t& flags_of(void* context) { return static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL]; }
constexpr greg_t trap_flag = 0x100;

void on_access(int, siginfo_t* info, void* context) {
  if (watched.count == std::size(watched.addresses)) _exit(98);
  watched.addresses[watched.count++] = reinterpret_cast<std::uintptr_t>(info->si_addr);
  mprotect(watched.page, watched.bytes, PROT_READ | PROT_WRITE);
  flags_of(context) |= trap_flag;
}

void after_access(int, siginfo_t*, void* context) {
  if (watched.changed != nullptr) ++*watched.changed;
  mprotect(watched.page, watched.bytes, PROT_NONE);
  flags_of(context) &= ~trap_flag;
}

class Watch {
 public:
  explicit Watch(void* frame_end) {
    watched.bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    watched.page = static_cast<unsigned char*>(frame_end) - watched.bytes;
    watched.count = 0;
    struct sigaction action {};
    action.sa_flags = SA_SIGINFO;
    action.sa_sigaction = on_access;
    sigaction(SIGSEGV, &action, &old_[0]);
    action.sa_sigaction = after_access;
    sigaction(SIGTRAP, &action, &old_[1]);
    mprotect(watched.page, watched.bytes, PROT_NONE);
  }
  ~Watch() {
    mprotect(watched.page, watched.bytes, PROT_READ | PROT_WRITE);
    sigaction(SIGSEGV, &old_[0], nullptr);
    sigaction(SIGTRAP, &old_[1], nullptr);
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  struct sigaction old_[2];
};

class SingleFetchOf : public testing::TestWithParam<Options> {
 protected:
  void SetUp() override {
    if (has_asan || has_tsan) GTEST_SKIP() << "sanitizers read the frame as well, and handle its signals";
  }
};

std::map<std::uintptr_t, std::uint32_t> fetches_of(const Chain& chain, const GuardedFrame& frame, std::size_t bytes,
                                                   std::uint32_t& result) {
  {
    const Watch watch(static_cast<unsigned char*>(frame.address()) + bytes);
    result = chain.evaluate_frame(frame.address());
  }
  std::map<std::uintptr_t, std::uint32_t> count;
  for (std::size_t i = 0; i < watched.count; ++i) ++count[watched.addresses[i]];
  return count;
}

std::vector<NamedLayout> small_layouts() {
  std::vector<NamedLayout> small;
  for (const NamedLayout& named : all_layouts()) {
    const bool fits = size_of_frame(named.layout) <= 2048 && named.name != std::string("overlapping");
    if (fits && named.layout.single_fetch) small.push_back(named);
  }
  return small;
}

TEST_P(SingleFetchOf, LoadsEveryWordOnce) {
  watched.changed = nullptr;
  oracles::ProgramGenerator generator(91);
  for (int i = 0; i < 3; ++i) {
    const std::vector<Program> filters = {program(generator.valid(40)), program(generator.valid(40))};
    for (const NamedLayout& named : small_layouts()) {
      SCOPED_TRACE(named.name);
      Options options = GetParam();
      options.layout = named.layout;
      const Chain chain = chain_of(filters, options);
      const std::size_t bytes = size_of_frame(named.layout);
      for (const SeccompData& call : oracles::inputs_for(filters[0].instructions(), generator.next(), 3)) {
        GuardedFrame frame(named.layout);
        frame.write(call);
        std::uint32_t result = 0;
        const auto fetches = fetches_of(chain, frame, bytes, result);
        ASSERT_FALSE(fetches.empty());
        for (const auto& [address, count] : fetches) {
          const auto offset = address - reinterpret_cast<std::uintptr_t>(frame.address());
          EXPECT_EQ(count, 1u) << "byte " << offset;
          EXPECT_EQ(offset % 4, 0u);
        }
        EXPECT_EQ(result, reference(filters, options.rule, frame.read()).result);
      }
    }
  }
}

// What is decided is decided of one value, however the frame changes: a filter whose tests of one word contradict each
// other if the word is another one each time.
TEST_P(SingleFetchOf, DecidesOfOneValue) {
  const Program filter = program(
      "ld [args[3].lo]\njset #1, odd\nld [args[3].lo]\njset #1, torn\nret #0x50000\n"
      "odd: ld [args[3].lo]\njset #1, right, torn\nright: ret #0x50001\ntorn: ret #0x80000000");
  for (const NamedLayout& named : small_layouts()) {
    const InputWord& word = named.layout.words[10];
    if (word.is_constant) continue;
    SCOPED_TRACE(named.name);
    Options options = GetParam();
    options.layout = named.layout;
    const Chain chain = chain_of({filter}, options);
    for (const std::uint64_t value : {6ull, 7ull}) {
      GuardedFrame frame(named.layout);
      frame.write({3, arch::x86_64, 0, {value, value, value, value, value, value}});
      watched.changed = reinterpret_cast<std::uint32_t*>(static_cast<unsigned char*>(frame.address()) + word.value);
      std::uint32_t result = 0;
      fetches_of(chain, frame, size_of_frame(named.layout), result);
      EXPECT_TRUE(result == 0x50000 || result == 0x50001) << std::hex << result;
    }
  }
  watched.changed = nullptr;
}

INSTANTIATE_TEST_SUITE_P(All, SingleFetchOf, testing::ValuesIn(all_options()), shown);

// The watch sees what it must: without single_fetch this filter loads a word twice on the interpreter.
TEST(SingleFetchTests, NoticeASecondLoad) {
  if (has_asan || has_tsan) GTEST_SKIP() << "sanitizers read the frame as well, and handle its signals";
  watched.changed = nullptr;
  GuardedFrame frame(InputLayout::pushed_registers());
  frame.write({3, arch::x86_64, 0, {1, 2, 3, 4, 5, 6}});
  std::uint32_t sum = 0;
  {
    const Watch watch(static_cast<unsigned char*>(frame.address()) + 64);
    const auto* word = static_cast<const volatile std::uint32_t*>(frame.address());
    sum = word[2] + word[2] + word[4];
  }
  EXPECT_EQ(sum, 4u);
  EXPECT_EQ(watched.count, 3u);
  EXPECT_EQ(watched.addresses[0], watched.addresses[1]);
}

}  // namespace
}  // namespace callgate::test
