// All small programs in the running kernel: the verifier's verdicts where its rules are subtle, and the interpreter's
// results. CALLGATE_EXHAUST=full goes one instruction further.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "callgate/action.hpp"
#include "callgate/program.hpp"
#include "oracles/exhaustive/exhaust.h"
#include "oracles/kernel/listing.h"
#include "oracles/kernel/runners.h"
#include "oracles/kernel/verdicts.h"
#include "tests/kernel/probe.h"

namespace callgate::kernel {
namespace {

bool is_full() {
  const char* wanted = std::getenv("CALLGATE_EXHAUST");
  return wanted != nullptr && std::string(wanted) == "full";
}

// Calls compare() on batches of all sequences of `length` instructions of the alphabet, each followed by RET ALLOW.
class Sequences {
 public:
  Sequences(std::vector<Insn> alphabet, std::size_t length) : alphabet_(std::move(alphabet)), digits_(length, 0) {}

  // The next ones, up to `count`; none at the end.
  std::vector<Filter> next(std::size_t count) {
    std::vector<Filter> batch;
    while (!ended_ && batch.size() < count) {
      Filter& filter = batch.emplace_back();
      for (const std::size_t digit : digits_) filter.push_back(alphabet_[digit]);
      filter.push_back({0x06, 0, 0, action::allow});
      advance();
    }
    return batch;
  }

 private:
  void advance() {
    for (std::size_t& digit : digits_) {
      if (++digit < alphabet_.size()) return;
      digit = 0;
    }
    ended_ = true;
  }

  std::vector<Insn> alphabet_;
  std::vector<std::size_t> digits_;
  bool ended_ = false;
};

void compare_all(Probe& probe, const std::vector<Insn>& alphabet, std::size_t longest) {
  VerdictTally tally;
  for (std::size_t length = 1; length <= longest; ++length) {
    Sequences sequences(alphabet, length);
    for (auto batch = sequences.next(2000); !batch.empty(); batch = sequences.next(2000)) {
      ASSERT_NO_DIFFERENCE(compare_verdicts(probe, batch, tally));
    }
  }
  std::printf("%u accepted, %u rejected\n", tally.accepted, tally.rejected);
  EXPECT_GT(tally.accepted, tally.rejected / 50);
  EXPECT_GT(tally.rejected, tally.accepted / 50);
}

// The linear pass over scratch memory: stores, loads, returns, and jumps of every kind over them.
TEST(ExhaustiveOracle, ScratchAndJumps) {
  CALLGATE_PROBE_OR_SKIP(probe, 64);
  std::vector<Insn> alphabet = {
      {0x02, 0, 0, 0}, {0x03, 0, 0, 1}, {0x60, 0, 0, 0}, {0x61, 0, 0, 1}, {0x06, 0, 0, action::allow},
      {0x16, 0, 0, 0}, {0x05, 0, 0, 0}, {0x05, 0, 0, 1}, {0x05, 0, 0, 2}};
  for (std::uint8_t jt = 0; jt < 3; ++jt) {
    for (std::uint8_t jf = 0; jf < 3; ++jf) alphabet.push_back({0x15, jt, jf, 0});
  }
  compare_all(probe, alphabet, is_full() ? 5 : 4);
}

// Each rule at its edge, beside every other.
TEST(ExhaustiveOracle, EdgesOfEveryRule) {
  CALLGATE_PROBE_OR_SKIP(probe, 64);
  const std::vector<Insn> alphabet = {
      {0x20, 0, 0, 0},  {0x20, 0, 0, 60},  {0x20, 0, 0, 61},         {0x20, 0, 0, 64},         {0x20, 0, 0, 0xfffff000},
      {0x34, 0, 0, 0},  {0x34, 0, 0, 1},   {0x3c, 0, 0, 0},          {0x64, 0, 0, 31},         {0x64, 0, 0, 32},
      {0x74, 0, 0, 31}, {0x74, 0, 0, 32},  {0x74, 0, 0, 0xffffffff}, {0x02, 0, 0, 15},         {0x02, 0, 0, 16},
      {0x03, 0, 0, 15}, {0x03, 0, 0, 16},  {0x60, 0, 0, 15},         {0x60, 0, 0, 16},         {0x61, 0, 0, 15},
      {0x61, 0, 0, 16}, {0x05, 0, 0, 0},   {0x05, 0, 0, 1},          {0x05, 0, 0, 0xffffffff}, {0x15, 0, 1, 0},
      {0x15, 1, 0, 0},  {0x1d, 0, 255, 0}, {0x45, 255, 0, 0},        {0x06, 0, 0, 0},          {0x16, 0, 0, 0},
      {0x0e, 0, 0, 0},  {0x94, 0, 0, 1},   {0x8c, 0, 0, 0},          {0x0d, 0, 0, 0},          {0x21, 0, 0, 0},
      {0x28, 0, 0, 0},  {0x80, 1, 1, 9},   {0x84, 0, 0, 0}};
  compare_all(probe, alphabet, is_full() ? 4 : 3);
}

// The interpreter against the kernel's own engine, by way of socket filters: six for each program.
void compare_results_of_all(const oracles::Exhaust& what) {
  CALLGATE_SKIP_WITHOUT(socket_filters);
  SocketRunner sockets;
  const auto inputs = oracles::small_program_inputs();
  std::uint32_t programs = 0;
  oracles::for_each_program(what, [&](const std::vector<Insn>& insns) {
    const auto results = sockets.results(insns, inputs);
    const auto program = verify(insns);
    for (std::size_t i = 0; results && i < inputs.size(); ++i) {
      EXPECT_EQ(interpret(*program, inputs[i]), (*results)[i]) << listing(insns);
    }
    EXPECT_TRUE(results.has_value()) << listing(insns);
    ++programs;
    return !testing::Test::HasFailure();
  });
  std::printf("%u programs on %zu inputs\n", programs, inputs.size());
  EXPECT_GT(programs, 0u);
}

TEST(ExhaustiveOracle, ResultsFromZeroes) {
  compare_results_of_all({oracles::AlphabetSize::full, 2});
  if (is_full()) compare_results_of_all({oracles::AlphabetSize::small, 3});
}

TEST(ExhaustiveOracle, ResultsFromLoadedRegisters) {
  compare_results_of_all({oracles::AlphabetSize::full, 2, oracles::loading_prologue()});
  if (is_full()) compare_results_of_all({oracles::AlphabetSize::small, 3, oracles::loading_prologue()});
}

}  // namespace
}  // namespace callgate::kernel
