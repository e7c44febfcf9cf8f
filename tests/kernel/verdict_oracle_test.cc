// The verifier against the running kernel: the same filters are accepted.
#include <gtest/gtest.h>

#include <cstdio>
#include <set>

#include "bpf/opcode.h"
#include "oracles/kernel/socket_verdicts.h"
#include "oracles/kernel/verdicts.h"
#include "tests/kernel/probe.h"
#include "tests/kernel/settings.h"

namespace callgate::kernel {
namespace {

class VerdictOracle : public testing::TestWithParam<int> {};

// Every code, in a place where slots are written and jumps have room, with three values of k: 0 (no division), 1
// (no aligned load) and 4 suit every opcode once.
TEST_P(VerdictOracle, AllOpcodes) {
  CALLGATE_PROBE_OR_SKIP(probe, GetParam());
  constexpr std::uint32_t ks[] = {0, 1, 4};
  std::set<std::uint32_t> accepted_codes;
  VerdictTally tally;
  for (std::uint32_t first = 0; first < 0x10000; first += 0x1000) {
    std::vector<Filter> batch;
    for (std::uint32_t code = first; code < first + 0x1000; ++code) {
      for (const std::uint32_t k : ks) {
        batch.push_back({{0x02, 0, 0, 0}, {0x02, 0, 0, 1}, {0x02, 0, 0, 4}});
        batch.back().push_back({static_cast<std::uint16_t>(code), 0, 0, k});
        batch.back().insert(batch.back().end(), 6, {0x06, 0, 0, 0});
        if (verifier_accepts(batch.back())) accepted_codes.insert(code);
      }
    }
    ASSERT_NO_DIFFERENCE(compare_verdicts(probe, batch, tally));
  }
  EXPECT_EQ(accepted_codes.size(), bpf::opcode_table.size());
  EXPECT_GE(tally.accepted, accepted_codes.size());
  EXPECT_GT(tally.rejected, 190000u);
}

// From 32 bits only a sample: it enters the kernel elsewhere, and meets the same checks.
TEST_P(VerdictOracle, RandomAndMutatedPrograms) {
  CALLGATE_PROBE_OR_SKIP(probe, GetParam());
  const std::uint32_t count = GetParam() == 64 ? program_count() : program_count() / 5;
  std::printf("CALLGATE_SEED=%llu, %u programs\n", static_cast<unsigned long long>(seed()), count);
  VerdictTally tally;
  ASSERT_NO_DIFFERENCE(compare_random_verdicts(probe, seed(), count, tally));
  std::printf("%u accepted, %u rejected\n", tally.accepted, tally.rejected);
  EXPECT_GT(tally.accepted, count / 4);
  EXPECT_GT(tally.rejected, count / 4);
}

TEST_P(VerdictOracle, Lengths) {
  CALLGATE_PROBE_OR_SKIP(probe, GetParam());
  std::vector<Filter> batch;
  for (const std::size_t length : {0u, 1u, 4095u, 4096u, 4097u, 65535u}) {
    batch.emplace_back(length, Insn{0x06, 0, 0, 0});
  }
  VerdictTally tally;
  ASSERT_NO_DIFFERENCE(compare_verdicts(probe, batch, tally));
  EXPECT_EQ(tally.accepted, 3u);
}

INSTANTIATE_TEST_SUITE_P(Bits, VerdictOracle, testing::Values(64, 32), testing::PrintToStringParamName());

TEST(SocketVerdictOracle, RandomAndMutatedPrograms) {
  CALLGATE_SKIP_WITHOUT(socket_filters);
  SocketRunner sockets;
  SocketTally tally;
  const std::uint32_t count = program_count() / 10;
  ASSERT_NO_DIFFERENCE(compare_socket_verdicts(sockets, seed(), count, tally));
  std::printf("%u accepted, %u rejected, %u left out\n", tally.accepted, tally.rejected, tally.left_out);
  EXPECT_GT(tally.accepted, count / 5);
  EXPECT_GT(tally.rejected, count / 5);
  EXPECT_LT(tally.left_out, count / 5);
}

}  // namespace
}  // namespace callgate::kernel
