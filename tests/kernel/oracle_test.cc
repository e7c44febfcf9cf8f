// The oracle finds what is wrong, and shows it with a small filter: known mistakes take the place of what it compares.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "bpf/opcode.h"
#include "callgate/action.hpp"
#include "oracles/kernel/path_length.h"
#include "oracles/kernel/results.h"
#include "oracles/kernel/socket_verdicts.h"
#include "tests/kernel/probe.h"
#include "tests/kernel/settings.h"
#include "verifier/verify.h"

namespace callgate::kernel {
namespace {

using testing::HasSubstr;

std::size_t lines_of(const std::string& report) {
  std::size_t count = 0;
  for (std::size_t at = report.find("  {"); at != std::string::npos; at = report.find("  {", at + 1)) ++count;
  return count;
}

// A verifier that lets shifts by 32 pass, and one that takes the last instruction for a jump's reach.
bool accepts_shift_by_32(std::span<const Insn> filter) {
  std::vector<Insn> changed(filter.begin(), filter.end());
  for (Insn& in : changed) {
    if ((in.code == 0x64 || in.code == 0x74) && in.k == 32) in.k = 0;
  }
  return verifier_accepts(changed);
}

bool rejects_the_longest_jumps(std::span<const Insn> filter) {
  const auto reaches_the_last = [&](const Insn& in) {
    const auto pc = static_cast<std::size_t>(&in - filter.data());
    return in.code == 0x05 && pc + 1 + in.k + 1 == filter.size();
  };
  return verifier_accepts(filter) && std::none_of(filter.begin(), filter.end(), reaches_the_last);
}

class Oracle : public testing::TestWithParam<int> {};

TEST_P(Oracle, FindsAVerifierThatIsTooKind) {
  CALLGATE_PROBE_OR_SKIP(probe, GetParam());
  VerdictTally tally;
  const auto report = compare_random_verdicts(probe, seed(), 100000, tally, accepts_shift_by_32);
  ASSERT_TRUE(report);
  EXPECT_THAT(*report, HasSubstr("Invalid argument"));
  EXPECT_THAT(*report, HasSubstr("0x20},"));
  EXPECT_EQ(lines_of(*report), 2u) << *report;
}

TEST_P(Oracle, FindsAVerifierThatIsTooStrict) {
  CALLGATE_PROBE_OR_SKIP(probe, GetParam());
  VerdictTally tally;
  const auto report = compare_random_verdicts(probe, seed(), 100000, tally, rejects_the_longest_jumps);
  ASSERT_TRUE(report);
  EXPECT_THAT(*report, HasSubstr("the kernel accepts"));
  EXPECT_LE(lines_of(*report), 3u) << *report;
}

// An interpreter whose shifts are not masked.
std::uint32_t unmasked_shifts(const Program& program, const SeccompData& data) {
  const std::vector<Insn> original(program.instructions().begin(), program.instructions().end());
  const bool shifts = std::any_of(original.begin(), original.end(), [](const Insn& in) { return in.code == 0x6c; });
  return interpret(program, data) ^ (shifts ? 1u : 0u);
}

TEST_P(Oracle, FindsAWrongResult) {
  CALLGATE_PROBE_OR_SKIP(probe, GetParam());
  SeccompRunner runner(probe, GetParam() == 64 ? routes[0] : routes[2]);
  ResultTally tally;
  const auto report = compare_results(runner, {seed(), 1000, 100, 100}, {}, tally, unmasked_shifts);
  ASSERT_TRUE(report);
  EXPECT_THAT(*report, HasSubstr("interpreter"));
  EXPECT_LE(lines_of(*report), 3u) << *report;
}

TEST_P(Oracle, FindsAWrongLength) {
  CALLGATE_PROBE_OR_SKIP(probe, GetParam());
  if (jit_is_hardened()) GTEST_SKIP() << "net.core.bpf_jit_harden is on";
  const auto without_division = [](const Program& program) {
    const auto insns = program.instructions();
    const bool divides = std::any_of(insns.begin(), insns.end(), [](const Insn& in) { return in.code == 0x3c; });
    return program.kernel_length() - (divides ? 1 : 0);
  };
  const auto report = compare_random_path_lengths(probe, seed(), 300, without_division);
  ASSERT_TRUE(report);
  EXPECT_THAT(*report, HasSubstr("room for it"));
  EXPECT_LE(lines_of(*report), 3u) << *report;
}

INSTANTIATE_TEST_SUITE_P(Bits, Oracle, testing::Values(64, 32), testing::PrintToStringParamName());

TEST(SocketOracle, FindsAVerifierThatIsTooKind) {
  CALLGATE_SKIP_WITHOUT(socket_filters);
  SocketRunner sockets;
  SocketTally tally;
  const auto report = compare_socket_verdicts(sockets, seed(), 100000, tally, accepts_shift_by_32);
  ASSERT_TRUE(report);
  EXPECT_EQ(lines_of(*report), 2u) << *report;
}

TEST(SocketOracle, FindsAWrongResult) {
  CALLGATE_SKIP_WITHOUT(socket_filters);
  SocketRunner runner;
  ResultTally tally;
  const auto report = compare_results(runner, {seed(), 1000, 100, 100}, {}, tally, unmasked_shifts);
  ASSERT_TRUE(report);
  EXPECT_LE(lines_of(*report), 3u) << *report;
}

}  // namespace
}  // namespace callgate::kernel
