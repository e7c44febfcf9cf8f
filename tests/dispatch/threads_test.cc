// One chain, many threads: evaluating, matching, copying, attaching and releasing at once.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "oracles/generator/inputs.h"
#include "oracles/generator/program_generator.h"
#include "tests/support/chains.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

constexpr int thread_count = 4;

template <class Body>
void in_threads(Body body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < thread_count; ++i) threads.emplace_back(body, static_cast<std::uint32_t>(i));
  for (std::thread& thread : threads) thread.join();
}

class Threads : public testing::TestWithParam<Options> {
 protected:
  Threads() {
    oracles::ProgramGenerator generator(51);
    for (int i = 0; i < 4; ++i) filters.push_back(program(std::span<const Insn>(generator.valid(60))));
    for (const Program& filter : filters) {
      for (const SeccompData& call : oracles::inputs_for(filter.instructions(), 52, 16)) calls.push_back(call);
    }
    chain = chain_of(filters, GetParam());
  }

  std::vector<Program> filters;
  std::vector<SeccompData> calls;
  Chain chain = sound(Chain::create());
};

TEST_P(Threads, EvaluateOneChain) {
  std::atomic<int> wrong = 0;
  in_threads([&](std::uint32_t) {
    for (int round = 0; round < 20; ++round) {
      for (const SeccompData& call : calls) {
        const Match expected = reference(filters, GetParam().rule, call);
        const Match match = chain.match(call);
        wrong += chain.evaluate(call) != expected.result || match.result != expected.result ||
                 match.filter != expected.filter;
      }
    }
  });
  EXPECT_EQ(wrong, 0);
}

// Every thread puts filters of its own on the shared chain, copies it and drops what it made.
TEST_P(Threads, AttachToOneChain) {
  std::atomic<int> wrong = 0;
  in_threads([&](std::uint32_t self) {
    const Program own =
        program("ld [nr]\njneq #600, ok\nret #" + std::to_string(0x50000 + self) + "\nok: ret #0x7fff0000");
    const SeccompData own_call{.nr = 600, .arch = arch::x86_64, .instruction_pointer = 0, .args = {}};
    for (int round = 0; round < 25; ++round) {
      const Chain copy = chain;
      const Chain child = sound(copy.attach(own));
      wrong += child.evaluate(own_call) != 0x50000 + self || child.length() != filters.size() + 1;
      wrong += child.match(own_call).filter != filters.size();
      const SeccompData& call = calls[static_cast<std::size_t>(round)];
      wrong += chain.evaluate(call) != reference(filters, GetParam().rule, call).result;
    }
  });
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(chain.length(), filters.size());
}

INSTANTIATE_TEST_SUITE_P(All, Threads, testing::ValuesIn(all_options()), shown);

}  // namespace
}  // namespace callgate::test
