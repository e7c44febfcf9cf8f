// Memory runs out at every allocation in turn: an error or a chain that decides right, no crash and no leak.
#include <gtest/gtest.h>

#include <vector>

#include "tests/support/allocations.h"
#include "tests/support/chains.h"
#include "tests/support/filters.h"
#include "tests/support/program_generator.h"

namespace callgate::test {
namespace {

class OutOfMemory : public testing::TestWithParam<Options> {
 protected:
  OutOfMemory() {
    ProgramGenerator generator(71);
    filters.push_back(program("ld [nr]\njeq #1, no\nret #0x7fff0000\nno: ld [args[0].lo]\njeq #1, bad\nret #0x7fff0000\n"
                              "bad: ret #0x50001"));
    for (int i = 0; i < 2; ++i) filters.push_back(program(std::span<const Insn>(generator.valid(30))));
    for (const Program& filter : filters) {
      for (const SeccompData& call : inputs_for(filter.instructions(), 72, 12)) calls.push_back(call);
    }
  }

  bool right(const Chain& chain, std::size_t count) const {
    const std::vector<Program> expected(filters.begin(), filters.begin() + static_cast<std::ptrdiff_t>(count));
    for (const SeccompData& call : calls) {
      const Match match = reference(expected, GetParam().rule, call);
      if (chain.evaluate(call) != match.result || chain.match(call).filter != match.filter) return false;
    }
    return chain.length() == count;
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

TEST_P(OutOfMemory, AttachAtOnce) {
  const Chain empty = sound(Chain::create(GetParam()));
  at_every_allocation([&] { return empty.attach(filters); },
                      [this](const Chain& chain) { ASSERT_TRUE(right(chain, 3)); });
}

// The chain that results, native or not, can be attached to.
TEST_P(OutOfMemory, AttachOnTop) {
  const Chain parent = chain_of({filters[0]}, GetParam());
  const Engine engine = parent.engine();
  at_every_allocation([&] { return parent.attach(filters[1]); },
                      [&](const Chain& chain) {
                        ASSERT_TRUE(right(chain, 2));
                        if (chain.engine() != engine) {
                          ASSERT_EQ(chain.fallback_reason(), FallbackReason::memory_refused);
                          ASSERT_EQ(chain.fallback_errno(), ENOMEM);
                        }
                        const Chain next = sound(chain.attach(filters[2]));
                        ASSERT_EQ(next.engine(), engine);
                        ASSERT_TRUE(right(next, 3));
                      });
  EXPECT_TRUE(right(parent, 1));
}

INSTANTIATE_TEST_SUITE_P(All, OutOfMemory, testing::ValuesIn(all_options()), shown);

}  // namespace
}  // namespace callgate::test
