// The limit on a path, and that a failed attach changes nothing.
#include <gtest/gtest.h>

#include <vector>

#include "tests/support/chains.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

// A filter that the kernel converts to exactly `length` instructions: 3 of prologue, 1 for each load, 2 for the return.
Program of_kernel_length(std::uint32_t length, std::uint32_t result = 0x7fff0000) {
  std::vector<Insn> insns(length - 5, Insn{0x20, 0, 0, 0});
  insns.push_back({0x06, 0, 0, result});
  return program(std::span<const Insn>(insns));
}

const SeccompData call{.nr = 1, .arch = arch::x86_64, .instruction_pointer = 0, .args = {}};

class Limit : public testing::TestWithParam<Options> {};

TEST_P(Limit, IsTheKernelsByDefault) {
  std::vector<Program> longest(7, of_kernel_length(4100));  // 7 × (4100 + 4) leaves 4040
  const Chain parent = chain_of(longest, GetParam());
  EXPECT_EQ(sound(parent.attach(of_kernel_length(4040))).path_length(), 32768u);
  const auto refused = parent.attach(of_kernel_length(4041));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, AttachErrc::path_too_long);
  EXPECT_EQ(refused.error().path_length, 32769u);
  EXPECT_EQ(refused.error().path_limit, 32768u);
  EXPECT_EQ(to_string(refused.error()),
            "the chain is longer than the limit on a path (32769 converted instructions, at most 32768)");
}

TEST_P(Limit, IsExactWhateverItIs) {
  const std::vector<Program> filters(3, of_kernel_length(10));  // 10 + 14 + 14
  for (std::uint32_t limit = 8; limit <= 40; ++limit) {
    SCOPED_TRACE(limit);
    Options options = GetParam();
    options.path_limit = limit;
    const Chain empty = sound(Chain::create(options));
    const auto chain = empty.attach(filters);
    ASSERT_EQ(chain.has_value(), limit >= 38);
    if (!chain) {
      EXPECT_EQ(chain.error().path_length, limit < 10 ? 10u : limit < 24 ? 24u : 38u);
    }
  }
}

TEST_P(Limit, ZeroLiftsIt) {
  Options options = GetParam();
  options.path_limit = 0;
  const std::vector<Program> filters(9, of_kernel_length(4100, 0x7ffc0001));
  const Chain chain = chain_of(filters, options);
  EXPECT_EQ(chain.path_length(), 9u * 4104 - 4);
  EXPECT_EQ(chain.evaluate(call), 0x7ffc0001u);
}

TEST_P(Limit, LeavesTheOldChainInForce) {
  Options options = GetParam();
  options.path_limit = 30;
  const Chain chain = chain_of({of_kernel_length(10, 0x50001)}, options);
  const std::vector<Program> half_fits = {of_kernel_length(6, 0x50002), of_kernel_length(20, 0x50003)};
  const auto refused = chain.attach(half_fits);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().path_length, 44u);
  EXPECT_EQ(chain.length(), 1u);
  EXPECT_EQ(chain.path_length(), 10u);
  EXPECT_EQ(chain.evaluate(call), 0x50001u);
  EXPECT_EQ(chain.match(call).filter, 0u);
  EXPECT_EQ(sound(chain.attach(of_kernel_length(16, 0x50004))).evaluate(call), 0x50004u);
}

INSTANTIATE_TEST_SUITE_P(All, Limit, testing::ValuesIn(all_options()), shown);

}  // namespace
}  // namespace callgate::test
