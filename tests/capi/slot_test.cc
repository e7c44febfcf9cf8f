// ChainSlot and the slots of C: readers see a chain that was there, whole, while writers replace it.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "callgate/chain_slot.hpp"
#include "tests/capi/capi.h"
#include "tests/support/allocations.h"
#include "tests/support/chains.h"
#include "tests/support/child.h"
#include "tests/support/filters.h"
#include "tests/support/machine.h"

namespace callgate::test {
namespace {

// ERRNO(number) for the call `number`.
Program denying(std::uint32_t number) {
  const std::string text = std::to_string(number);
  return program("ld [nr]\njeq #" + text + ", no\nret #ALLOW\nno: ret #ERRNO(" + text + ")");
}

SeccompData call(std::uint32_t number) {
  return {.nr = number, .arch = arch::x86_64, .instruction_pointer = 0, .args = {}};
}

Chain empty(const Options& options = {}) { return sound(Chain::create(options)); }

TEST(Slot, DecidesByTheNewestChain) {
  ChainSlot slot(empty());
  EXPECT_EQ(slot.evaluate(call(1)), action::allow);
  EXPECT_FALSE(slot.attach(denying(1)));
  EXPECT_FALSE(slot.attach(denying(2)));
  EXPECT_EQ(slot.evaluate(call(1)), action::errno_ | 1);
  EXPECT_EQ(slot.evaluate(call(2)), action::errno_ | 2);
  EXPECT_EQ(slot.match(call(2)).filter, 1u);
  EXPECT_EQ(slot.evaluate_frame(&static_cast<const SeccompData&>(call(2))), action::errno_ | 2);
  EXPECT_EQ(slot.match_frame(&static_cast<const SeccompData&>(call(1))).filter, 0u);
  EXPECT_EQ(slot.chain().length(), 2u);
  EXPECT_EQ(callgate_slot_evaluate(slot.handle(), data_of(call(2))), action::errno_ | 2);
}

TEST(Slot, KeepsWhatItReplacedUntilItReclaims) {
  const std::ptrdiff_t before = live_allocations();
  {
    ChainSlot slot(empty());
    const callgate_image* const first = callgate_slot_current(slot.handle());
    EXPECT_EQ(slot.retired(), 0u);
    EXPECT_EQ(slot.reclaim(), 0u);
    for (std::uint32_t i = 1; i <= 3; ++i) ASSERT_FALSE(slot.attach(denying(i)));
    EXPECT_EQ(slot.retired(), 3u);
    const SeccompData one = call(1);
    EXPECT_EQ(callgate_decide(first, &one), action::allow);  // who is inside still decides
    const Chain kept = slot.chain();
    EXPECT_TRUE(slot.set(empty()));
    EXPECT_EQ(slot.reclaim(), 4u);
    EXPECT_EQ(slot.retired(), 0u);
    EXPECT_EQ(slot.evaluate(one), action::allow);
    EXPECT_EQ(kept.evaluate(one), action::errno_ | 1);
    ASSERT_FALSE(slot.attach(denying(1)));  // retires, and goes with the slot
  }
  EXPECT_EQ(live_allocations(), before);
}

TEST(Slot, FailuresChangeNothing) {
  ChainSlot slot(empty({.path_limit = 12}));
  ASSERT_FALSE(slot.attach(denying(1)));
  const callgate_image* const before = callgate_slot_current(slot.handle());
  const auto refused = slot.attach(denying(2));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code, AttachErrc::path_too_long);
  EXPECT_EQ(callgate_slot_current(slot.handle()), before);
  EXPECT_FALSE(slot.attach(std::span<const Program>()));
  EXPECT_EQ(slot.retired(), 1u);
  EXPECT_FALSE(slot.replace(empty(), empty()));
  EXPECT_TRUE(slot.replace(slot.chain(), empty()));
  EXPECT_EQ(slot.evaluate(call(1)), action::allow);
}

// An allocation that is refused, whichever it is, leaves the slot as it was.
TEST(Slot, LostAllocations) {
  if (has_tsan) GTEST_SKIP() << "ThreadSanitizer owns operator new";
  const Program filter = denying(1);
  bool failed = true;
  for (std::size_t count = 0; failed; ++count) {
    ASSERT_LT(count, 10000u);
    ChainSlot slot(empty());
    std::optional<AttachError> error;
    {
      const FailAfter lost(count);
      error = slot.attach(filter);
      failed = lost.has_failed();
    }
    EXPECT_EQ(slot.evaluate(call(1)), error ? action::allow : action::errno_ | 1);
    EXPECT_EQ(slot.retired(), error ? 0u : 1u);
  }
}

TEST(Slot, OfAChainThatWasMovedFromKills) {
  Chain chain = empty();
  const Chain elsewhere = std::move(chain);
  ChainSlot slot(chain);  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(slot.evaluate(call(1)), action::kill_process);
  ASSERT_TRUE(slot.attach(denying(1)));
  EXPECT_EQ(slot.attach(denying(1))->code, AttachErrc::moved_from);
}

// The bound that chain_slot.hpp states: the shortest filters, one by one, until the path is full.
TEST(Slot, RetiresNoMoreThanThePathHasRoomFor) {
  constexpr std::uint32_t limit = 1000;
  ChainSlot slot(empty({.engine = Engine::interpreter, .path_limit = limit}));
  const Program shortest = program("ret #ALLOW");
  while (!slot.attach(shortest)) {
  }
  EXPECT_EQ(slot.retired(), 1 + (limit - 5) / 9);
  EXPECT_EQ(1 + (max_path_length - 5) / 9, 3641u);
}

// ---- while others decide
// ----------------------------------------------------------------------------------------------

constexpr bool is_slow = has_asan || has_tsan;

// Readers ask for numbers whose filters are attached one after another: once a number is denied, so are all before it,
// and it stays so. `writers` attach at once.
void stress(std::uint32_t attaches, std::uint32_t writers, std::uint64_t decisions, const Options& options) {
  ChainSlot slot(empty(options));
  std::atomic<std::uint32_t> attached = 0;
  std::atomic<std::uint64_t> decided = 0;
  std::atomic<int> wrong = 0;
  std::atomic<std::uint32_t> next = 1;
  std::vector<std::thread> threads;
  for (std::uint32_t i = 0; i < writers; ++i) {
    threads.emplace_back([&] {
      for (std::uint32_t number = next++; number <= attaches; number = next++) {
        wrong += slot.attach(denying(number)).has_value();
        wrong += slot.evaluate(call(number)) != (action::errno_ | number);
        ++attached;
      }
    });
  }
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      std::vector<bool> denied(attaches + 1);
      std::uint32_t number = 0;
      while (attached < attaches || decided < decisions) {
        for (int round = 0; round < 1000; ++round) {
          number = number % attaches + 1;
          const std::uint32_t result = slot.evaluate(call(number));
          const bool is_denied = result == (action::errno_ | number);
          wrong += !is_denied && (result != action::allow || denied[number]);
          denied[number] = is_denied;
        }
        decided += 1000;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(slot.chain().length(), attaches);
  EXPECT_EQ(slot.retired(), attaches);
  EXPECT_GE(decided, decisions);
  EXPECT_EQ(slot.reclaim(), attaches);
  for (std::uint32_t number = 1; number <= attaches; ++number) {
    EXPECT_EQ(slot.evaluate(call(number)), action::errno_ | number);
  }
}

TEST(SlotStress, AThousandAttachesAndMillionsOfDecisions) {
  const bool is_scaled = is_slow || machine::is_emulated();
  stress(is_scaled ? 60 : 1000, 1, is_scaled ? 100'000 : 4'000'000, {});
}

TEST(SlotStress, WritersDoNotLoseEachOthersFilters) {
  const bool is_scaled = is_slow || machine::is_emulated();
  stress(is_scaled ? 40 : 200, 3, is_scaled ? 20'000 : 200'000, {.engine = Engine::interpreter});
}

// ---- where no lock could be taken
// -------------------------------------------------------------------------------------

const ChainSlot* asked = nullptr;
std::atomic<int> answered = 0;
std::atomic<int> answered_wrong = 0;

void on_signal(int) {
  const std::uint32_t result = asked->evaluate(call(1));
  answered_wrong += result != (action::errno_ | 1) || asked->match(call(1)).result != result;
  ++answered;
}

// Handlers interrupt a writer wherever it is.
TEST(Slot, InHandlersThatInterruptAWriter) {
  CALLGATE_SKIP_IF_EMULATED("it mixes up its threads where one signals another: join() answers EDEADLK");
  ChainSlot slot(empty());
  ASSERT_FALSE(slot.attach(denying(1)));
  asked = &slot;
  answered = 0;
  answered_wrong = 0;
  struct sigaction handler {};
  handler.sa_handler = on_signal;
  handler.sa_flags = SA_RESTART;
  struct sigaction before;
  ASSERT_EQ(sigaction(SIGUSR1, &handler, &before), 0);
  std::atomic<bool> is_done = false;
  const pthread_t writer = pthread_self();
  std::thread sender([&] {
    while (!is_done) {  // one signal after the other
      const int seen = answered;
      pthread_kill(writer, SIGUSR1);
      while (answered == seen && !is_done) std::this_thread::yield();
    }
  });
  for (std::uint32_t i = 2; i < 40; ++i) EXPECT_FALSE(slot.attach(denying(i)));
  while (answered == 0) std::this_thread::yield();
  is_done = true;
  sender.join();
  sigaction(SIGUSR1, &before, nullptr);
  EXPECT_GT(answered, 0);
  EXPECT_EQ(answered_wrong, 0);
}

TEST(Slot, InAChildOfVfork) {
  if (has_tsan) GTEST_SKIP() << "ThreadSanitizer does not work in a child of vfork";
  CALLGATE_SKIP_IF_EMULATED("its vfork is a fork");
  ChainSlot slot(empty());
  ASSERT_FALSE(slot.attach(denying(1)));
  const SeccompData one = call(1);
  volatile std::uint32_t result = 0;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  const pid_t child = vfork();
#pragma GCC diagnostic pop
  if (child == 0) {
    result = slot.evaluate(one);
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(result, action::errno_ | 1);
}

// The child of fork() has its own, and may write, whatever the parent's other threads were doing.
TEST(Slot, AfterFork) {
  if (has_tsan) GTEST_SKIP() << "ThreadSanitizer starts no thread in a child of fork";
  ChainSlot slot(empty({.engine = Engine::interpreter}));
  ASSERT_FALSE(slot.attach(denying(1)));
  std::atomic<bool> is_done = false;
  std::thread writer([&] {
    for (std::uint32_t i = 2; i < 60 && !is_done; ++i) static_cast<void>(slot.attach(denying(i)));
  });
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(in_child([&] {
                if (slot.attach(denying(400))) return "attach failed";
                return slot.evaluate(call(400)) == (action::errno_ | 400) ? "" : "not attached";
              }),
              "");
  }
  is_done = true;
  writer.join();
  EXPECT_EQ(slot.evaluate(call(400)), action::allow);
}

// ---- in C
// -------------------------------------------------------------------------------------------------------------

TEST(SlotInC, DoesTheSame) {
  const CChain first = c_chain({denying(1)});
  callgate_slot* slot = nullptr;
  ASSERT_EQ(callgate_slot_create(first.get(), &slot), CALLGATE_OK);
  const Program second = denying(2);
  const callgate_filter filter = filter_of(second.instructions());
  callgate_error error = no_error();
  ASSERT_EQ(callgate_slot_attach(slot, &filter, 1, &error), CALLGATE_OK);
  EXPECT_EQ(callgate_slot_attach(slot, nullptr, 0, &error), CALLGATE_OK);
  EXPECT_EQ(callgate_slot_retired(slot), 1u);
  EXPECT_EQ(callgate_slot_evaluate(slot, data_of(call(2))), action::errno_ | 2);
  EXPECT_EQ(callgate_slot_evaluate_frame(slot, data_of(call(1))), action::errno_ | 1);
  callgate_decision decision{sizeof decision, 0, 0};
  EXPECT_EQ(callgate_slot_match(slot, data_of(call(2)), &decision), CALLGATE_OK);
  EXPECT_EQ(decision.filter, 1u);

  callgate_slot* child = nullptr;
  ASSERT_EQ(callgate_slot_inherit(slot, &child), CALLGATE_OK);
  EXPECT_EQ(callgate_slot_reclaim(slot), 1u);
  ASSERT_EQ(callgate_slot_set(slot, first.get()), CALLGATE_OK);
  EXPECT_EQ(callgate_slot_evaluate(slot, data_of(call(2))), action::allow);
  callgate_slot_destroy(slot);
  EXPECT_EQ(callgate_slot_evaluate(child, data_of(call(2))), action::errno_ | 2);
  const CChain chain(callgate_slot_chain(child));
  callgate_slot_destroy(child);
  EXPECT_EQ(callgate_evaluate(chain.get(), data_of(call(2))), action::errno_ | 2);
}

TEST(SlotInC, Misuse) {
  const CChain chain = c_chain({denying(1)});
  const Program second = denying(2);
  const callgate_filter filter = filter_of(second.instructions());
  callgate_slot* slot = nullptr;
  callgate_error error = no_error();
  EXPECT_EQ(callgate_slot_create(nullptr, &slot), CALLGATE_NULL_POINTER);
  EXPECT_EQ(callgate_slot_create(chain.get(), nullptr), CALLGATE_NULL_POINTER);
  EXPECT_EQ(callgate_slot_inherit(nullptr, &slot), CALLGATE_NULL_POINTER);
  EXPECT_EQ(callgate_slot_attach(nullptr, &filter, 1, &error), CALLGATE_NULL_POINTER);
  EXPECT_STREQ(error.where, "slot");
  EXPECT_EQ(callgate_slot_set(nullptr, chain.get()), CALLGATE_NULL_POINTER);
  EXPECT_EQ(callgate_slot_follow(nullptr, nullptr, chain.get()), CALLGATE_NULL_POINTER);
  EXPECT_EQ(callgate_slot_evaluate(nullptr, data_of(call(0))), action::kill_process);
  EXPECT_EQ(callgate_slot_evaluate_frame(nullptr, data_of(call(0))), action::kill_process);
  callgate_decision decision{sizeof decision, 7, 7};
  EXPECT_EQ(callgate_slot_match(nullptr, data_of(call(0)), &decision), CALLGATE_NULL_POINTER);
  EXPECT_EQ(decision.result, action::kill_process);
  EXPECT_EQ(callgate_slot_chain(nullptr), nullptr);
  EXPECT_EQ(callgate_slot_retired(nullptr), 0u);
  EXPECT_EQ(callgate_slot_reclaim(nullptr), 0u);
  callgate_slot_destroy(nullptr);

  ASSERT_EQ(callgate_slot_create(chain.get(), &slot), CALLGATE_OK);
  EXPECT_EQ(callgate_slot_attach(slot, nullptr, 1, &error), CALLGATE_NULL_POINTER);
  EXPECT_EQ(callgate_slot_attach(slot, &filter, SIZE_MAX, &error), CALLGATE_BAD_COUNT);
  EXPECT_EQ(callgate_slot_set(slot, nullptr), CALLGATE_NULL_POINTER);
  EXPECT_EQ(callgate_slot_follow(nullptr, slot, chain.get()), CALLGATE_NULL_POINTER);
  EXPECT_EQ(callgate_slot_follow(slot, slot, nullptr), CALLGATE_NULL_POINTER);
  EXPECT_EQ(callgate_slot_evaluate(slot, nullptr), action::kill_process);
  const Insn falls_off[] = {{0x00, 0, 0, 0}};
  const callgate_filter invalid = filter_of(falls_off);
  EXPECT_EQ(callgate_slot_attach(slot, &invalid, 1, &error), CALLGATE_NO_RETURN_AT_END);
  EXPECT_EQ(callgate_slot_retired(slot), 0u);
  callgate_slot_destroy(slot);
}

}  // namespace
}  // namespace callgate::test
