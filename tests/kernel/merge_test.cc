// Chains with real actions, in the kernel and on every engine (oracles/kernel/merging.h).
#include <gtest/gtest.h>

#include <cstdio>

#include "callgate/action.hpp"
#include "oracles/kernel/merging.h"
#include "tests/kernel/probe.h"
#include "tests/kernel/settings.h"

namespace callgate::kernel {
namespace {

class Merge : public testing::TestWithParam<int> {
 protected:
  Deciders engines_ = deciders();
};

// Every action alone, with data at the cap of ERRNO.
TEST_P(Merge, SingleActions) {
  CALLGATE_PROBE_OR_SKIP(probe, GetParam());
  Merging merging(probe, engines_.available, seed());
  for (const std::uint32_t action :
       {action::kill_process, action::kill_thread, action::trap, action::errno_, action::user_notif, action::trace,
        action::log, action::allow, 0x00010000u, 0x80000001u & action_mask, 0x7ffe0000u}) {
    for (const std::uint32_t data : {0u, 1u, 4095u, 4096u, 0xffffu}) {
      const std::uint32_t results[] = {action | data};
      ASSERT_NO_DIFFERENCE(merging.compare(results));
    }
  }
}

// On a tie the newest filter's data stays.
TEST_P(Merge, TiesGoToTheNewest) {
  CALLGATE_PROBE_OR_SKIP(probe, GetParam());
  Merging merging(probe, engines_.available, seed());
  for (const std::uint32_t action : {action::errno_, action::trap}) {
    const std::uint32_t results[] = {action | 1, action | 2, action::allow | 7, action | 3};
    ASSERT_NO_DIFFERENCE(merging.compare(results));
    const std::uint32_t below_allow[] = {action | 1, action | 2, action::log};
    ASSERT_NO_DIFFERENCE(merging.compare(below_allow));
  }
}

TEST_P(Merge, RandomChains) {
  CALLGATE_PROBE_OR_SKIP(probe, GetParam());
  std::printf("CALLGATE_SEED=%llu\n", static_cast<unsigned long long>(seed()));
  Merging merging(probe, engines_.available, seed());
  ASSERT_NO_DIFFERENCE(merging.compare_random(800));
  const auto& seen = merging.tally().seen;
  std::printf("observed: %u run, %u fail, %u trap, %u kill the thread, %u kill the process\n", seen[0], seen[1],
              seen[2], seen[3], seen[4]);
  for (const std::uint32_t count : seen) EXPECT_GT(count, 20u);
}

INSTANTIATE_TEST_SUITE_P(Bits, Merge, testing::Values(64, 32), testing::PrintToStringParamName());

}  // namespace
}  // namespace callgate::kernel
