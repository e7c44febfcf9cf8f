// Memory runs out at every allocation in turn: an error or a chain that decides right, no crash and no leak.
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "tests/support/allocations.h"
#include "tests/support/chains.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

class OutOfMemory : public testing::TestWithParam<Options> {
 protected:
  // Each filter decides some calls alone, so that none can be lost unseen.
  OutOfMemory() {
    for (std::uint32_t i = 0; i < 3; ++i) {
      const std::string argument = "ld [args[" + std::to_string(i) + "].lo]\njneq #1, ok\nret #" + std::to_string(0x50001 + i);
      filters.push_back(program(argument + "\nok: ld [nr]\njneq #" + std::to_string(i) + ", allow\nret #" +
                                std::to_string(0x30001 + i) + "\nallow: ret #0x7fff0000"));
      calls.push_back({.nr = 100, .arch = arch::x86_64, .instruction_pointer = 0, .args = {i == 0, i == 1, i == 2}});
      calls.push_back({.nr = i, .arch = arch::x86_64, .instruction_pointer = 0, .args = {}});
    }
    calls.push_back({.nr = 3, .arch = arch::x86_32, .instruction_pointer = 0, .args = {}});
  }

  bool right(const Chain& chain, std::size_t count) const {
    const std::vector<Program> expected(filters.begin(), filters.begin() + static_cast<std::ptrdiff_t>(count));
    for (const SeccompData& call : calls) {
      const Match match = reference(expected, GetParam().rule, call);
      if (chain.evaluate(call) != match.result || chain.match(call).filter != match.filter) return false;
    }
    return chain.length() == count;
  }

  void check(const Chain& two, const Chain& parent) const {
    ASSERT_TRUE(right(two, 2));
    if (two.fallback_reason() != parent.fallback_reason()) {
      ASSERT_EQ(two.engine(), Engine::interpreter);
      ASSERT_EQ(two.fallback_reason(), FallbackReason::memory_refused);
      ASSERT_EQ(two.fallback_errno(), ENOMEM);
    }
    const Chain three = sound(two.attach(filters[2]));
    ASSERT_EQ(three.engine(), parent.engine());
    ASSERT_EQ(three.fallback_reason(), parent.fallback_reason());
    ASSERT_TRUE(right(three, 3));
  }

  std::vector<Program> filters;
  std::vector<SeccompData> calls;
};

// Calls `attach` with room for 0, 1, 2 … allocations until none is refused, and `check` with what it gives.
template <class Attach, class Check>
void at_every_allocation(Attach attach, Check check) {
  attach().has_value();  // what is allocated once is not a leak
  int errors = 0;
  for (std::size_t n = 0;; ++n) {
    ASSERT_LT(n, 100'000u);
    SCOPED_TRACE(n);
    const std::ptrdiff_t before = live_allocations();
    bool failed = false;
    {
      const auto chain = [&] {
        const FailAfter fail(n);
        auto result = attach();
        failed = fail.has_failed();
        return result;
      }();
      if (!chain) {
        ++errors;
        ASSERT_EQ(chain.error().code, AttachErrc::out_of_memory);
      } else {
        check(*chain);
      }
      ASSERT_TRUE(failed || chain);
    }
    ASSERT_EQ(live_allocations(), before);
    if (!failed) break;
  }
  EXPECT_GT(errors, 0);
}

TEST_P(OutOfMemory, Create) {
  at_every_allocation([] { return Chain::create(GetParam()); },
                      [this](const Chain& chain) { ASSERT_TRUE(right(chain, 0)); });
}

// A chain that runs as its kind does, or says that memory ran out; and can be attached to when there is memory again.
TEST_P(OutOfMemory, AttachAtOnce) {
  const Chain empty = sound(Chain::create(GetParam()));
  at_every_allocation([&] { return empty.attach(std::span(filters).first(2)); },
                      [&](const Chain& chain) { check(chain, empty); });
}

TEST_P(OutOfMemory, AttachOnTop) {
  const Chain parent = chain_of({filters[0]}, GetParam());
  at_every_allocation([&] { return parent.attach(filters[1]); }, [&](const Chain& chain) { check(chain, parent); });
  EXPECT_TRUE(right(parent, 1));
}

INSTANTIATE_TEST_SUITE_P(All, OutOfMemory, testing::ValuesIn(all_options()), shown);

}  // namespace
}  // namespace callgate::test
