// What callgate is compared with decides as the interpreter does: a peer that were wrong would be fast for nothing.
#include "bench/peers/peers.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>

#include "bench/measure/agreement.h"
#include "bench/measure/engines.h"
#include "bench/peers/c_source.h"
#include "bench/peers/contest.h"
#include "oracles/generator/inputs.h"
#include "oracles/generator/program_generator.h"

namespace callgate::bench {
namespace {

using testing::HasSubstr;

struct Tally {
  std::size_t agreed = 0;
  std::string absent;  // why the last one that took no part did not
};

bool shifts_by_x(std::span<const Insn> program) {
  return std::ranges::any_of(program, [](const Insn& insn) { return insn.code == 0x6c || insn.code == 0x7c; });
}

// Lets the peer decide random programs, each on top of another. `masks_shifts`: it shifts by the lowest five bits of X,
// as the kernel does.
Tally try_peer(const Peer& peer, std::size_t programs, std::uint32_t length, bool masks_shifts = true) {
  Tally tally;
  oracles::ProgramGenerator generator(17);
  oracles::InputGenerator inputs;
  for (std::size_t i = 0; i < programs; ++i) {
    std::vector<Program> chain;
    while (chain.size() < 2) {
      const std::vector<Insn> insns = generator.valid(length);
      if (masks_shifts || !shifts_by_x(insns)) chain.push_back(*verify(insns));
    }
    try {
      std::vector<std::unique_ptr<Decider>> deciders;
      deciders.push_back(peer.make(chain));
      std::vector<SeccompData> calls(200);
      inputs.start(i);
      for (const Program& program : chain) inputs.add(program.instructions());
      inputs.write(calls);
      const auto found = find_disagreement(chain, deciders, calls);
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
  const Tally tally = try_peer(libpcap_peer(), 200, 100, false);
  if (tally.agreed == 0) GTEST_SKIP() << tally.absent;
  EXPECT_EQ(tally.agreed, 200U);
}

// Short ones: in about one of 250 programs of 100 instructions DPDK 22.11 jumps to somewhere between instructions.
TEST(Peers, DpdkAgrees) {
  const Tally tally = try_peer(dpdk_peer(), 200, 16);
  if (tally.agreed == 0) GTEST_SKIP() << tally.absent;
  EXPECT_GT(tally.agreed, 50U) << "its loader refuses more than ours: " << tally.absent;
}

// On filters that nobody has seen a peer may be wrong, crash or hang: it is out of it then, and nobody else.
TEST(Peers, WhoIsWrongOrCrashesIsOut) {
  const Insn allow[] = {{0x06, 0, 0, action::allow}};
  const std::vector<Program> chain{*verify(allow)};
  const std::vector<SeccompData> calls(2);
  const auto why = [&](const auto& answer) { return why_out(chain, decider_over({"a peer"}, answer), calls); };
  EXPECT_EQ(why([](const SeccompData&) { return action::allow; }), "");
  EXPECT_THAT(why([](const SeccompData&) { return action::errno_; }), HasSubstr("a peer says ERRNO(0)"));
  EXPECT_THAT(why([](const SeccompData&) -> std::uint32_t { std::abort(); }), HasSubstr("killed by SIGABRT"));
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
