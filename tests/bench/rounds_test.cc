// Figures that do not depend on how busy the machine is.
#include "bench/measure/rounds.h"

#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>
#include <functional>

#include "bench/measure/engines.h"
#include "bench/measure/instructions.h"
#include "bench/measure/processor.h"
#include "bench/stream.h"
#include "tests/support/machine.h"

namespace callgate::bench {
namespace {

std::vector<std::unique_ptr<Decider>> two_deciders() {
  std::vector<std::unique_ptr<Decider>> deciders;
  deciders.push_back(empty_call_decider());
  deciders.push_back(decider_over({"number"}, [](const SeccompData& data) { return data.nr; }));
  return deciders;
}

RoundsPlan plan(double seconds) {
  RoundsPlan made;
  made.make = two_deciders;
  made.seconds = seconds;
  return made;
}

TEST(Rounds, AreMadeAnewAndEnd) {
  int made = 0;
  RoundsPlan wanted = plan(0.02);
  wanted.make = [&] {
    ++made;
    return two_deciders();
  };
  const RoundsResult result = measure_in_rounds(uniform_stream(64, 1), wanted);
  EXPECT_GE(result.rounds, 8U);
  EXPECT_LE(result.rounds, 40U);
  EXPECT_EQ(static_cast<std::size_t>(made), result.rounds);
  EXPECT_GT(result.deciders[1].steps, 0);
}

// Who is not satisfied gets five times the rounds, and the figures of all of them.
TEST(Rounds, GoOnWhileTheFiguresWillNotDo) {
  RoundsPlan wanted = plan(0.02);
  std::vector<double> seen;
  wanted.enough = [&](const RoundsResult& so_far) {
    seen.push_back(so_far.deciders[1].steps);
    return false;
  };
  const RoundsResult result = measure_in_rounds(uniform_stream(64, 1), wanted);
  EXPECT_EQ(result.rounds, 40U);
  EXPECT_TRUE(std::ranges::is_sorted(seen, std::greater<>())) << "what disturbs only adds";
  ASSERT_EQ(seen.size(), 33U);
  EXPECT_LE(result.deciders[1].steps, seen.back());
}

TEST(Instructions, AreCountedExactly) {
  CALLGATE_SKIP_IF_EMULATED("it may not know the trap flag");
  const auto none = count_instructions([] { asm volatile("" : : : "memory"); });
  const auto one = count_instructions([] { asm volatile("nop" : : : "memory"); });
  const auto fifty = count_instructions([] { asm volatile(".rept 50\n\tnop\n\t.endr" : : : "memory"); });
  ASSERT_TRUE(none && one && fifty) << "nothing counts here";
  EXPECT_EQ(*one, *none + 1);
  EXPECT_EQ(*fifty, *none + 50);
}

TEST(Instructions, LeaveTheHandlerAndTheMaskAsTheyWere) {
  static_cast<void>(count_instructions([] {}));
  struct sigaction action {};
  ASSERT_EQ(sigaction(SIGTRAP, nullptr, &action), 0);
  EXPECT_EQ(action.sa_handler, SIG_DFL);
}

TEST(Processor, HasAName) {
  EXPECT_FALSE(processor_model().empty());
  EXPECT_EQ(processor_model(), processor_model());
}

}  // namespace
}  // namespace callgate::bench
