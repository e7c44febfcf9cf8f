// Chains with real actions: what the kernel does to the caller is what most_restrictive says, and first_non_allow
// differs from it exactly where an older filter is stricter than the newest that objects.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "callgate/action.hpp"
#include "fuzz/generator/random.h"
#include "tests/kernel/engines.h"
#include "tests/kernel/probe_client.h"
#include "tests/kernel/settings.h"

namespace callgate::kernel {
namespace {

// getpid: with no arguments, and a value that no error is.
struct Caller {
  std::uint32_t nr;
  std::uint32_t arch;
};
constexpr Caller caller(int bits) { return bits == 64 ? Caller{39, arch::x86_64} : Caller{20, arch::x86_32}; }

// Returns `result` for getpid and ALLOW (with data, which changes nothing) for the calls that the probe needs.
Filter filter_giving(std::uint32_t result, std::uint32_t nr, fuzz::Random& random) {
  constexpr Insn rest = {0x06, 0, 0, action::allow | 0x123};
  if (random.chance(50)) return {{0x20, 0, 0, 0}, {0x15, 0, 1, nr}, {0x06, 0, 0, result}, rest};
  return {{0x20, 0, 0, 0}, {0x15, 0, 2, nr}, {0x00, 0, 0, result}, {0x16, 0, 0, 0}, rest};
}

// LOG and ALLOW look the same from inside, and so do TRACE without a tracer and USER_NOTIF without a listener.
enum class Seen { runs, fails, traps, thread_dies, process_dies };

struct Expectation {
  Seen seen;
  std::uint32_t data;
};

Expectation expected_of(std::uint32_t result) {
  const std::uint32_t data = data_of(result);
  switch (action_of(result)) {
    case action::allow:
    case action::log: return {Seen::runs, 0};
    case action::errno_: return {Seen::fails, std::min(data, 4095u)};
    case action::trace:
    case action::user_notif: return {Seen::fails, ENOSYS};
    case action::trap: return {Seen::traps, data};
    case action::kill_thread: return {Seen::thread_dies, 0};
    default: return {Seen::process_dies, 0};  // KILL_PROCESS, and what the kernel does not know
  }
}

Expectation expectation_from(const Observation& observation) {
  EXPECT_NE(observation.fate, Fate::failed) << "errno " << observation.value;
  if (observation.fate == Fate::thread_killed) return {Seen::thread_dies, 0};
  if (observation.fate == Fate::process_killed) return {Seen::process_dies, 0};
  if (observation.trapped > 0) return {Seen::traps, observation.trap_data};
  if (observation.value > 0) return {Seen::runs, 0};
  return {Seen::fails, static_cast<std::uint32_t>(-observation.value)};
}

std::uint32_t random_result(fuzz::Random& random) {
  constexpr std::uint32_t usual[] = {action::allow, action::allow, action::log,   action::trace,
                                     action::user_notif, action::errno_, action::errno_, action::trap};
  // Deadly ones, which would win most chains if they were as likely. Those that the kernel does not know rank by
  // number, and kill the process when they win.
  constexpr std::uint32_t deadly[] = {action::kill_process, action::kill_thread, 0x80010000, 0xffff0000,
                                      0x00010000,           0x00040000,          0x7ff10000, 0x7ffd0000};
  constexpr std::uint32_t data[] = {0, 1, 13, 4094, 4095, 4096, 0x7fff, 0xffff};
  const std::uint32_t action = random.chance(85) ? random.pick(usual) : random.pick(deadly);
  return action | random.pick(data);
}

bool newest_objection_is_beaten(std::span<const std::uint32_t> oldest_first) {
  const auto objects = [](std::uint32_t result) { return action_of(result) != action::allow; };
  const auto newest = std::find_if(oldest_first.rbegin(), oldest_first.rend(), objects);
  if (newest == oldest_first.rend()) return false;
  return std::any_of(newest, oldest_first.rend(), [&](std::uint32_t older) { return is_stricter(older, *newest); });
}

std::string text_of(std::span<const std::uint32_t> results) {
  std::string text = "results, oldest first:";
  char word[16];
  for (const std::uint32_t result : results) {
    std::snprintf(word, sizeof word, " %08x", result);
    text += word;
  }
  return text;
}

class Merge : public testing::TestWithParam<int> {
 protected:
  // Puts one filter per result into the kernel and into every engine.
  void compare(Probe& probe, std::span<const std::uint32_t> results) {
    SCOPED_TRACE(text_of(results));
    const Caller call = caller(GetParam());
    std::vector<Filter> filters;
    std::vector<Program> programs;
    for (const std::uint32_t result : results) {
      filters.push_back(filter_giving(result, call.nr, random_));
      programs.push_back(*verify(filters.back()));
    }
    const Expectation seen = expectation_from(probe.act(call.nr, filters));
    const SeccompData data{call.nr, call.arch, 0, {}};
    for (const EngineChoice& choice : choices_) {
      SCOPED_TRACE(choice.name());
      const std::uint32_t strictest = choice.chain(programs, MergeRule::most_restrictive).evaluate(data);
      const std::uint32_t first = choice.chain(programs, MergeRule::first_non_allow).evaluate(data);
      const Expectation expected = expected_of(strictest);
      EXPECT_EQ(expected.seen, seen.seen) << std::hex << strictest;
      EXPECT_EQ(expected.data, seen.data) << std::hex << strictest;
      EXPECT_EQ(strictest, merged(results, MergeRule::most_restrictive));
      EXPECT_EQ(first, merged(results, MergeRule::first_non_allow));
      EXPECT_EQ(first != strictest, newest_objection_is_beaten(results));
    }
    ++observed_[static_cast<std::size_t>(seen.seen)];
  }

  fuzz::Random random_{seed()};
  std::vector<EngineChoice> choices_ = engine_choices();
  std::uint32_t observed_[5] = {};
};

// Every action alone, with data at the cap of ERRNO.
TEST_P(Merge, SingleActions) {
  CALLGATE_PROBE_OR_SKIP(probe, GetParam());
  for (const std::uint32_t action :
       {action::kill_process, action::kill_thread, action::trap, action::errno_, action::user_notif, action::trace,
        action::log, action::allow, 0x00010000u, 0x80000001u & action_mask, 0x7ffe0000u}) {
    for (const std::uint32_t data : {0u, 1u, 4095u, 4096u, 0xffffu}) {
      const std::uint32_t results[] = {action | data};
      compare(probe, results);
    }
  }
}

// On a tie the newest filter's data stays.
TEST_P(Merge, TiesGoToTheNewest) {
  CALLGATE_PROBE_OR_SKIP(probe, GetParam());
  for (const std::uint32_t action : {action::errno_, action::trap}) {
    const std::uint32_t results[] = {action | 1, action | 2, action::allow | 7, action | 3};
    compare(probe, results);
    const std::uint32_t below_allow[] = {action | 1, action | 2, action::log};
    compare(probe, below_allow);
  }
}

TEST_P(Merge, RandomChains) {
  CALLGATE_PROBE_OR_SKIP(probe, GetParam());
  std::printf("CALLGATE_SEED=%llu\n", static_cast<unsigned long long>(seed()));
  for (int i = 0; i < 800; ++i) {
    std::vector<std::uint32_t> results(random_.between(2, 4));
    for (std::uint32_t& result : results) result = random_result(random_);
    compare(probe, results);
    if (HasFailure()) return;
  }
  std::printf("observed: %u run, %u fail, %u trap, %u kill the thread, %u kill the process\n", observed_[0],
              observed_[1], observed_[2], observed_[3], observed_[4]);
  for (const std::uint32_t count : observed_) EXPECT_GT(count, 20u);
}

INSTANTIATE_TEST_SUITE_P(Bits, Merge, testing::Values(64, 32), testing::PrintToStringParamName());

}  // namespace
}  // namespace callgate::kernel
