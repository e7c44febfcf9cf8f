// Chain as a value: attaching, sharing, copying, moving, and what it says about itself.
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "tests/support/chains.h"
#include "tests/support/child.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

// Answers `result` to calls with this number, else ALLOW.
Program on_number(std::uint32_t nr, std::uint32_t result) {
  return program("ld [nr]\njneq #" + std::to_string(nr) + ", ok\nret #" + std::to_string(result) +
                 "\nok: ret #0x7fff0000");
}

// The same, decided by an argument, which no action table knows.
Program on_argument(std::uint32_t value, std::uint32_t result) {
  return program("ld [args[0].lo]\njneq #" + std::to_string(value) + ", ok\nret #" + std::to_string(result) +
                 "\nok: ret #0x7fff0000");
}

SeccompData call(std::uint32_t nr, std::uint64_t argument = 0) {
  return {.nr = nr, .arch = arch::x86_64, .instruction_pointer = 0, .args = {argument}};
}

class ChainOf : public testing::TestWithParam<Options> {};

TEST_P(ChainOf, NoFilterAllowsEverything) {
  const Chain chain = sound(Chain::create(GetParam()));
  EXPECT_EQ(chain.evaluate(call(1)), action::allow);
  EXPECT_EQ(chain.evaluate({.nr = ~0u, .arch = 1, .instruction_pointer = 2, .args = {3}}), action::allow);
  EXPECT_FALSE(chain.match(call(1)).filter);
  EXPECT_EQ(chain.length(), 0u);
  EXPECT_EQ(chain.path_length(), 0u);
  EXPECT_EQ(chain.sizes().bytecode, 0u);
}

TEST_P(ChainOf, RunsOnWhatItSays) {
  const Chain chain = chain_of({on_argument(1, 0x50001)}, GetParam());
  const bool native = !GetParam().no_exec_memory && GetParam().engine != Engine::interpreter;
  EXPECT_EQ(chain.engine(), native ? GetParam().engine : Engine::interpreter);
  EXPECT_EQ(chain.sizes().code != 0, native);
  EXPECT_EQ(chain.sizes().table != 0,
            GetParam().engine != Engine::interpreter && GetParam().optimize == Optimize::full);
  EXPECT_EQ(chain.sizes().bytecode, 4 * sizeof(Insn));
  EXPECT_EQ(chain.fallback_errno(), 0);
  EXPECT_FALSE(chain.permanent());
  if (native || GetParam().engine == Engine::interpreter) {
    EXPECT_EQ(chain.fallback_reason(), FallbackReason::none);
  }
}

TEST_P(ChainOf, GrowsOneByOneOrAtOnce) {
  const std::vector<Program> filters = {on_number(1, 0x50001), on_argument(7, 0x50002), on_number(3, 0x50003)};
  Chain one_by_one = sound(Chain::create(GetParam()));
  for (const Program& filter : filters) one_by_one = sound(one_by_one.attach(filter));
  const Chain at_once = chain_of(filters, GetParam());
  for (const Chain& chain : {one_by_one, at_once}) {
    EXPECT_EQ(chain.length(), 3u);
    EXPECT_EQ(chain.path_length(), at_once.path_length());
    EXPECT_EQ(chain.evaluate(call(1)), 0x50001u);
    EXPECT_EQ(chain.evaluate(call(2, 7)), 0x50002u);
    EXPECT_EQ(chain.evaluate(call(3, 7)), 0x50003u);
    EXPECT_EQ(chain.evaluate(call(4)), action::allow);
  }
}

TEST_P(ChainOf, TwoChildrenShareAParentThatStaysAsItWas) {
  const Chain parent = chain_of({on_argument(1, 0x50001)}, GetParam());
  const Chain left = sound(parent.attach(on_number(10, 0x5000a)));
  const Chain right = sound(parent.attach(on_number(11, 0x5000b)));
  EXPECT_EQ(parent.length(), 1u);
  EXPECT_EQ(parent.evaluate(call(10)), action::allow);
  EXPECT_EQ(parent.evaluate(call(11)), action::allow);
  EXPECT_EQ(left.evaluate(call(10)), 0x5000au);
  EXPECT_EQ(left.evaluate(call(11)), action::allow);
  EXPECT_EQ(right.evaluate(call(10)), action::allow);
  EXPECT_EQ(right.evaluate(call(11)), 0x5000bu);
  for (const Chain& chain : {parent, left, right}) EXPECT_EQ(chain.evaluate(call(12, 1)), 0x50001u);
}

TEST_P(ChainOf, ChildOutlivesItsParent) {
  Chain chain = chain_of({on_argument(1, 0x50001), on_number(2, 0x50002)}, GetParam());
  chain = sound(chain.attach(on_number(3, 0x50003)));
  EXPECT_EQ(chain.evaluate(call(0, 1)), 0x50001u);
  EXPECT_EQ(chain.evaluate(call(2)), 0x50002u);
  EXPECT_EQ(chain.evaluate(call(3)), 0x50003u);
  EXPECT_EQ(chain.match(call(0, 1)).filter, 0u);
}

TEST_P(ChainOf, NoFilterAtAllChangesNothing) {
  const Chain parent = chain_of({on_number(1, 0x50001)}, GetParam());
  const Chain same = sound(parent.attach(std::span<const Program>{}));
  EXPECT_EQ(same.length(), 1u);
  EXPECT_EQ(same.path_length(), parent.path_length());
  EXPECT_EQ(same.evaluate(call(1)), 0x50001u);
}

TEST_P(ChainOf, CopiesAndMovesAreValues) {
  Chain first = chain_of({on_number(1, 0x50001)}, GetParam());
  Chain copy = first;
  EXPECT_EQ(copy.evaluate(call(1)), 0x50001u);
  first = sound(first.attach(on_number(1, 0x50002)));
  EXPECT_EQ(first.evaluate(call(1)), 0x50002u);
  EXPECT_EQ(copy.evaluate(call(1)), 0x50001u);
  const Chain moved = std::move(copy);
  EXPECT_EQ(moved.evaluate(call(1)), 0x50001u);
  copy = first;  // a moved-from chain may be assigned to
  EXPECT_EQ(copy.evaluate(call(1)), 0x50002u);
  Chain& alias = copy;
  copy = alias;
  EXPECT_EQ(copy.evaluate(call(1)), 0x50002u);
}

TEST_P(ChainOf, MovedFromIsCopiedMovedAndDestroyed) {
  Chain chain = chain_of({on_number(1, 0x50001)}, GetParam());
  const Chain taken = std::move(chain);
  Chain copy_of_empty = chain;
  Chain moved_from_empty = std::move(copy_of_empty);
  moved_from_empty = taken;
  EXPECT_EQ(moved_from_empty.evaluate(call(1)), 0x50001u);
}

TEST_P(ChainOf, KeepsItsOptionsWhenAttachedTo) {
  Options options = GetParam();
  options.rule = MergeRule::most_restrictive;
  options.path_limit = 77;
  const Chain chain = chain_of({on_number(1, 0x50001), on_number(2, 0x50001)}, options);
  EXPECT_EQ(chain.options().engine, options.engine);
  EXPECT_EQ(chain.options().optimize, options.optimize);
  EXPECT_EQ(chain.options().rule, MergeRule::most_restrictive);
  EXPECT_EQ(chain.options().no_exec_memory, options.no_exec_memory);
  EXPECT_EQ(chain.options().path_limit, 77u);
}

// 3 of prologue, 1 for the load, 2 for the test, 2 for each return; 4 more for being older.
TEST_P(ChainOf, CountsThePathAsTheKernelDoes) {
  const Program filter = on_number(1, 0x50001);
  ASSERT_EQ(filter.kernel_length(), 3u + 1 + 1 + 2 + 2);
  Chain chain = sound(Chain::create(GetParam()));
  for (std::uint64_t n = 1; n <= 5; ++n) {
    chain = sound(chain.attach(filter));
    EXPECT_EQ(chain.length(), n);
    EXPECT_EQ(chain.path_length(), n * 9 + (n - 1) * 4);
    EXPECT_EQ(chain.sizes().bytecode, n * 4 * sizeof(Insn));
  }
}

TEST_P(ChainOf, DecidesAChildOfFork) {
  const Chain chain = chain_of({on_argument(1, 0x50001), on_number(2, 0x50002)}, GetParam());
  EXPECT_EQ(in_child([&] {
              const bool right = chain.evaluate(call(0, 1)) == 0x50001 && chain.match(call(2)).filter == 1u &&
                                 sound(chain.attach(on_number(3, 0x50003))).evaluate(call(3)) == 0x50003;
              return std::string(right ? "" : "wrong decision");
            }),
            "");
}

INSTANTIATE_TEST_SUITE_P(All, ChainOf, testing::ValuesIn(all_options()), shown);

TEST(Create, RefusesWhatThisProcessCannotRun) {
  const Target other = sizeof(void*) == 8 ? Target::x86_32 : Target::x86_64;
  const auto chain = Chain::create({.target = other});
  ASSERT_FALSE(chain);
  EXPECT_EQ(chain.error().code, AttachErrc::target_unavailable);
  EXPECT_EQ(to_string(chain.error()), "this process cannot run code for the target");
}

TEST(Create, RefusesAnEngineThatWasNotBuilt) {
  for (const Engine engine : {Engine::xbyak, Engine::asmjit}) {
    const auto chain = Chain::create({.engine = engine});
    if (chain) continue;
    EXPECT_EQ(chain.error().code, AttachErrc::engine_unavailable);
    EXPECT_EQ(to_string(chain.error()), "this build does not have the engine");
  }
}

TEST(Create, TakesWhatIsAvailable) {
  for (const Engine engine : {Engine::automatic, Engine::interpreter, Engine::xbyak, Engine::asmjit}) {
    EXPECT_EQ(available(engine, Target::native), bool(Chain::create({.engine = engine}))) << name(engine);
  }
  for (const Target target : {Target::native, Target::x86_64, Target::x86_32}) {
    EXPECT_TRUE(available(best(target), target)) << name(target);
    EXPECT_TRUE(available(Engine::interpreter, target)) << name(target);
    EXPECT_NE(best(target), Engine::automatic) << name(target);
  }
}

TEST(Create, AutomaticIsTheBestEngineOfTheBuild) {
  EXPECT_EQ(sound(Chain::create()).engine(), best(Target::native));
  const auto native = native_engines();
  const Chain chain = sound(Chain::create());
  EXPECT_EQ(chain.engine(), native.empty() ? Engine::interpreter : native.front());
  EXPECT_EQ(chain.fallback_reason(), native.empty() ? FallbackReason::no_jit : FallbackReason::none);
}

TEST(Create, NoExecMemoryIsTheReasonItGives) {
  if (native_engines().empty()) return;  // then the reason is no_jit, as above
  EXPECT_EQ(sound(Chain::create({.no_exec_memory = true})).fallback_reason(), FallbackReason::no_exec_memory);
}

}  // namespace
}  // namespace callgate::test
