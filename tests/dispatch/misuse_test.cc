// What a program does wrong with chains, filters and options: an error, or a decision that fails closed; never a crash.
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "tests/support/chains.h"
#include "tests/support/child.h"
#include "tests/support/filters.h"
#include "tests/support/node.h"

namespace callgate::test {
namespace {

const SeccompData call{.nr = 1, .arch = arch::x86_64, .instruction_pointer = 0, .args = {7}};

std::optional<AttachErrc> error_of(const Expected<Chain, AttachError>& chain) {
  return chain ? std::nullopt : std::optional(chain.error().code);
}

class MovedFrom : public testing::TestWithParam<Options> {};

TEST_P(MovedFrom, ProgramIsRefused) {
  Program filter = program("ret #0x7fff0000");
  const Program taken = std::move(filter);
  const Chain chain = sound(Chain::create(GetParam()));
  EXPECT_EQ(error_of(chain.attach(filter)), AttachErrc::moved_from);
  EXPECT_EQ(error_of(chain.attach(std::vector<Program>{taken, filter})), AttachErrc::moved_from);
  EXPECT_EQ(error_of(chain.attach(std::vector<Program>{filter, taken})), AttachErrc::moved_from);
  EXPECT_EQ(chain.length(), 0u);
  EXPECT_EQ(interpret(filter, call), action::kill_process);
  EXPECT_EQ(filter.size(), 0u);
  EXPECT_EQ(filter.kernel_length(), 0u);
  const Program copy = filter;
  EXPECT_EQ(interpret(copy, call), action::kill_process);
  EXPECT_EQ(to_string(chain.attach(copy).error()), "the chain or a filter was moved from");
}

TEST_P(MovedFrom, ChainKills) {
  Chain chain = chain_of({program("ld [args[0].lo]\nret #0x7fff0000")}, GetParam());
  const Chain taken = std::move(chain);
  Chain copy = chain;
  const Chain moved_again = std::move(copy);
  for (const Chain& one : {std::cref(chain), std::cref(copy), std::cref(moved_again)}) {
    EXPECT_EQ(one.evaluate(call), action::kill_process);
    EXPECT_EQ(one.evaluate({.nr = ~0u, .arch = 1, .instruction_pointer = 2, .args = {3}}), action::kill_process);
    EXPECT_EQ(one.evaluate_frame(&call), action::kill_process);
    EXPECT_EQ(one.evaluate_frame(static_cast<const void*>(&call)), action::kill_process);
    EXPECT_EQ(one.match_frame(&call).result, action::kill_process);
    EXPECT_EQ(one.match_frame(static_cast<const void*>(&call)).result, action::kill_process);
    EXPECT_EQ(one.precision(), Precision::baseline);
    EXPECT_FALSE(one.degraded());
    EXPECT_EQ(one.match(call).result, action::kill_process);
    EXPECT_FALSE(one.match(call).filter);
    EXPECT_EQ(error_of(one.attach(program("ret #0x7fff0000"))), AttachErrc::moved_from);
    EXPECT_EQ(error_of(one.attach(std::span<const Program>{})), AttachErrc::moved_from);
    EXPECT_EQ(one.length(), 0u);
    EXPECT_EQ(one.path_length(), 0u);
    EXPECT_EQ(one.engine(), Engine::interpreter);
    EXPECT_EQ(one.fallback_reason(), FallbackReason::none);
    EXPECT_EQ(one.fallback_errno(), 0);
    EXPECT_FALSE(one.permanent());
    EXPECT_EQ(one.options().path_limit, max_path_length);
    EXPECT_EQ(one.sizes().code + one.sizes().table + one.sizes().bytecode, 0u);
  }
  EXPECT_EQ(taken.evaluate(call), action::allow);
  chain = taken;
  EXPECT_EQ(chain.evaluate(call), action::allow);
}

INSTANTIATE_TEST_SUITE_P(All, MovedFrom, testing::ValuesIn(all_options()), shown);

// Builds with assertions and builds without end alike.
TEST(WrongSide, OfAResultEndsTheProcess) {
  EXPECT_NE(in_child([] {
              const auto chain = Chain::create({.target = sizeof(void*) == 8 ? Target::x86_32 : Target::x86_64});
              return std::to_string(chain->length());
            }).find("killed by SIG"),
            std::string::npos);
  EXPECT_NE(in_child([] {
              const auto filter = verify({});
              return std::to_string(filter.value().size());
            }).find("killed by SIG"),
            std::string::npos);
  EXPECT_NE(in_child([] { return to_string(Chain::create().error()); }).find("killed by SIG"), std::string::npos);
}

// ---- reference counts
// ------------------------------------------------------------------------------------------------

// A count of 32 bits, at its place.
class Count {
 public:
  explicit Count(const void* at) : at_(const_cast<void*>(at)) {}
  std::uint32_t get() const {
    std::uint32_t value = 0;
    std::memcpy(&value, at_, sizeof value);
    return value;
  }
  void set(std::uint32_t value) const { std::memcpy(at_, &value, sizeof value); }

 private:
  void* at_;
};

constexpr std::uint32_t saturated = 0xc0000000;

// What 2^32 copies come to: a count that wraps would free under those that are left.
template <class Object>
void expect_saturates(const Object& object, const Count& count, std::uint32_t own) {
  ASSERT_EQ(count.get(), own);
  for (const std::uint32_t value : {0x7fffffffu, 0x80000000u, 0xfffffffeu, 0xffffffffu, saturated}) {
    SCOPED_TRACE(value);
    count.set(value);
    {
      const Object copy = object;
      EXPECT_EQ(count.get(), saturated);
      const Object another = copy;
      EXPECT_EQ(count.get(), saturated);
    }
    EXPECT_EQ(count.get(), saturated) << "for good";
  }
  count.set(0x7ffffffe);
  { const Object copy = object; }
  EXPECT_NE(count.get(), 0u);
  count.set(own);
}

TEST(ReferenceCounts, Saturate) {
  const Program filter = program("ret #0x7fff0000");
  const Chain chain = sound(Chain::create({.engine = Engine::interpreter}));
  const Chain child = sound(chain.attach(filter));
  const void* shared = nullptr;
  static_assert(sizeof shared == sizeof filter);
  std::memcpy(&shared, &filter, sizeof shared);
  expect_saturates(filter, Count(shared), 2);  // the chain has it too
  expect_saturates(child, Count(&node_of(child).references), 1);
  const detail::FilterLink* link = node_of(child).filters.newest();
  expect_saturates(node_of(child).filters, Count(&link->references), 1);
  EXPECT_EQ(child.evaluate(call), action::allow);
}

// ---- options that are no values of their types ----------------------------------------------------------------------

void expect_refused(const Options& options, const char* option) {
  const auto chain = Chain::create(options);
  ASSERT_FALSE(chain) << option;
  EXPECT_EQ(chain.error().code, AttachErrc::bad_option);
  EXPECT_STREQ(chain.error().option, option);
  EXPECT_EQ(to_string(chain.error()), std::string("an option holds no value of its type (Options::") + option + ")");
}

TEST(OutOfRange, OptionsAreRefused) {
  for (const int value : {9, 99, 255}) {
    SCOPED_TRACE(value);
    expect_refused({.engine = static_cast<Engine>(value)}, "engine");
    expect_refused({.target = static_cast<Target>(value)}, "target");
    expect_refused({.optimize = static_cast<Optimize>(value)}, "optimize");
    expect_refused({.rule = static_cast<MergeRule>(value)}, "rule");
  }
  expect_refused({.engine = static_cast<Engine>(static_cast<int>(Engine::asmjit) + 1)}, "engine");
  expect_refused({.target = static_cast<Target>(static_cast<int>(Target::x86_32) + 1)}, "target");
  expect_refused({.optimize = static_cast<Optimize>(static_cast<int>(Optimize::full) + 1)}, "optimize");
  expect_refused({.rule = static_cast<MergeRule>(static_cast<int>(MergeRule::most_restrictive) + 1)}, "rule");
}

TEST(OutOfRange, ValuesAreNotAvailableAndHaveNoName) {
  for (const Engine engine : {Engine::automatic, Engine::interpreter, Engine::xbyak, Engine::asmjit}) {
    EXPECT_FALSE(available(engine, static_cast<Target>(9)));
  }
  for (const Target target : {Target::native, Target::x86_64, Target::x86_32}) {
    EXPECT_FALSE(available(static_cast<Engine>(99), target));
  }
  EXPECT_EQ(best(static_cast<Target>(9)), Engine::interpreter);
  EXPECT_STREQ(name(static_cast<Engine>(99)), "unknown");
  EXPECT_STREQ(name(static_cast<Target>(9)), "unknown");
  EXPECT_STREQ(name(static_cast<Optimize>(9)), "unknown");
  EXPECT_STREQ(name(static_cast<MergeRule>(7)), "unknown");
  EXPECT_STREQ(message(static_cast<AttachErrc>(99)), "unknown error");
  EXPECT_STREQ(message(static_cast<FallbackReason>(99)), "unknown reason");
  EXPECT_STREQ(rule(static_cast<VerifyErrc>(99)), "unknown error");
}

}  // namespace
}  // namespace callgate::test
