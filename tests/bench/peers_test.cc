// What callgate is compared with decides as the interpreter does: a peer that were wrong would be fast for nothing.
#include "bench/peers/peers.h"

#include <gmock/gmock.h>

#include "bench/measure/agreement.h"
#include "bench/measure/engines.h"
#include "bench/peers/c_source.h"
#include "fuzz/generator/program_generator.h"

namespace callgate::bench {
namespace {

using testing::HasSubstr;

struct Tally {
  std::size_t agreed = 0;
  std::string absent;  // why the last one that took no part did not
};

// Lets the peer decide random programs, each alone and with another below it.
Tally try_peer(const Peer& peer, std::size_t programs, std::uint32_t length) {
  Tally tally;
  fuzz::ProgramGenerator generator(17);
  for (std::size_t i = 0; i < programs; ++i) {
    const std::vector<Insn> insns = generator.valid(length);
    const std::vector<Insn> older = generator.valid(length);
    std::vector<Program> chain{*verify(older), *verify(insns)};
    if (peer.fewest_filters == 1 && i % 2 == 0) chain.erase(chain.begin());
    try {
      std::vector<std::unique_ptr<Evaluator>> evaluators;
      evaluators.push_back(peer.make(chain));
      const std::vector<SeccompData> calls = fuzz::inputs_for(insns, i, 200);
      const auto found = find_disagreement(chain, evaluators, calls);
      EXPECT_FALSE(found) << (found ? to_string(*found, calls) : "") << "\n" << c_source(chain);
      ++tally.agreed;
    } catch (const Absent& absent) {
      tally.absent = absent.what();
    }
  }
  return tally;
}

TEST(Peers, CompiledCAgrees) {
  for (const Peer& peer : compiled_c_peers()) {
    const Tally tally = try_peer(peer, 3, 60);
    if (tally.agreed == 0) GTEST_SKIP() << peer.name << ": " << tally.absent;
    EXPECT_EQ(tally.agreed, 3U) << tally.absent;
  }
}

TEST(Peers, LibpcapAgrees) {
  const Tally tally = try_peer(libpcap_peer(), 200, 100);
  if (tally.agreed == 0) GTEST_SKIP() << tally.absent;
  EXPECT_EQ(tally.agreed, 200U);
}

TEST(Peers, DpdkAgrees) {
  const Tally tally = try_peer(dpdk_peer(), 200, 100);
  if (tally.agreed == 0) GTEST_SKIP() << tally.absent;
  EXPECT_GT(tally.agreed, 50U) << "its loader refuses more than ours: " << tally.absent;
}

TEST(CSource, HasAFunctionPerFilterAndOneForTheChain) {
  const Insn allow[] = {{0x06, 0, 0, action::allow}};
  const std::string source = c_source(std::vector{*verify(allow), *verify(allow)});
  for (const char* name : {"uint32_t filter_0(", "uint32_t filter_1(", "uint32_t chain("}) {
    EXPECT_THAT(source, HasSubstr(name));
  }
}

}  // namespace
}  // namespace callgate::bench
