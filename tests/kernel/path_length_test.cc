// The limit on a path, at its exact boundary, and the order of errors.
#include <gtest/gtest.h>

#include <linux/seccomp.h>

#include <cerrno>
#include <cstdio>

#include "bpf/opcode.h"
#include "callgate/action.hpp"
#include "oracles/kernel/path_length.h"
#include "tests/kernel/probe.h"
#include "tests/kernel/settings.h"

namespace callgate::kernel {
namespace {

constexpr Insn allow = {0x06, 0, 0, action::allow};

class PathLength : public testing::TestWithParam<int> {};

// A filter with `in` twice. The return before it keeps the probe alive; what nothing reaches counts as well.
Filter filter_with(const Insn& in) {
  Filter filter = {{0x02, 0, 0, 1}, {0x02, 0, 0, 4}, allow, in, in};
  filter.insert(filter.end(), 6, allow);
  return filter;
}

TEST_P(PathLength, EveryInstruction) {
  CALLGATE_PROBE_OR_SKIP(probe, GetParam());
  if (jit_is_hardened()) GTEST_SKIP() << "net.core.bpf_jit_harden is on";
  std::vector<Filter> filters;
  for (const bpf::OpcodeInfo& info : bpf::opcode_table) {
    const std::uint8_t distances = bpf::is_branch(info.form) ? 3 : 1;
    const std::size_t before = filters.size();
    for (const std::uint32_t k : {1u, 4u, 0x7fffffffu, 0x80000000u, 0xffffffffu}) {
      for (std::uint8_t jt = 0; jt < distances; ++jt) {
        for (std::uint8_t jf = 0; jf < distances; ++jf) {
          const Filter filter = filter_with({static_cast<std::uint16_t>(info.opcode), jt, jf, k});
          if (verify(filter)) filters.push_back(filter);  // not every k suits every opcode
        }
      }
    }
    EXPECT_GT(filters.size(), before) << info.mnemonic;
  }
  ASSERT_NO_DIFFERENCE(compare_path_lengths(probe, filters, 100));
}

TEST_P(PathLength, RandomPrograms) {
  CALLGATE_PROBE_OR_SKIP(probe, GetParam());
  if (jit_is_hardened()) GTEST_SKIP() << "net.core.bpf_jit_harden is on";
  std::printf("CALLGATE_SEED=%llu\n", static_cast<unsigned long long>(seed()));
  ASSERT_NO_DIFFERENCE(compare_random_path_lengths(probe, seed(), 300));
}

// Paths of equal filters, until one is refused. Fewer than 1,024 of them: they are freed all at once (see Pace).
TEST_P(PathLength, EqualFilters) {
  CALLGATE_PROBE_OR_SKIP(probe, GetParam());
  if (jit_is_hardened()) GTEST_SKIP() << "net.core.bpf_jit_harden is on";
  struct Case {
    std::uint32_t length;
    std::uint32_t fit;
  };
  for (const Case& c : {Case{4096, 3}, Case{60, 258}, Case{16, 840}}) {
    const Filter filter(c.length, allow);
    const ScriptStep steps[] = {{Op::no_new_privs}, {.op = Op::load, .repeat = 4000, .filter = filter}};
    const auto results = probe.script(steps);
    EXPECT_EQ(results.at(1).done, c.fit) << c.length << " x RET K";
    EXPECT_EQ(results.at(1).error, std::uint32_t{ENOMEM});
    Chain chain = empty_chain();
    EXPECT_EQ(attach_all(chain, std::vector<Filter>(c.fit, filter)), 0u);
    EXPECT_EQ(attach_all(chain, {&filter, 1}), std::uint32_t{ENOMEM});
  }
}

// The order in which seccomp(2) finds errors, each step of it with everything later wrong as well.
class ErrorOrder : public PathLength {
 protected:
  const Filter good_ = {allow};
  const Filter bad_ = {{0xffff, 0, 0, 0}};
};

TEST_P(ErrorOrder, BeforeTheFilterIsRead) {
  CALLGATE_PROBE_OR_SKIP(probe, GetParam());
  const ScriptStep steps[] = {
      {Op::drop_privileges},
      {Op::unknown_operation},
      {.op = Op::null_header, .flags = 0x8000},
      {Op::null_header},
      {.op = Op::load_null, .length_override = 0},
      {.op = Op::load_null, .length_override = 4097},
      {.op = Op::load_null, .length_override = 1},  // no privilege: not even looked at
      {.op = Op::load, .filter = bad_},
      {.op = Op::load, .filter = good_},
      {Op::no_new_privs},
      {.op = Op::load_null, .length_override = 1},
      {.op = Op::load_unreadable, .length_override = 1},
      {.op = Op::load, .filter = bad_},
      {.op = Op::load, .filter = good_},
  };
  constexpr std::uint32_t expected[] = {0,      EINVAL, EINVAL, EFAULT, EINVAL, EINVAL, EACCES,
                                        EACCES, EACCES, 0,      EINVAL, EFAULT, EINVAL, 0};
  const auto results = probe.script(steps);
  ASSERT_EQ(results.size(), std::size(expected));
  for (std::size_t i = 0; i < results.size(); ++i) EXPECT_EQ(results[i].error, expected[i]) << "step " << i;
}

TEST_P(ErrorOrder, InvalidThenSecondListenerThenTooLong) {
  CALLGATE_PROBE_OR_SKIP(probe, GetParam());
  const Filter longest(max_program_length, allow);
  const std::uint32_t listener = SECCOMP_FILTER_FLAG_NEW_LISTENER;
  const ScriptStep steps[] = {
      {Op::no_new_privs},
      {.op = Op::load, .flags = listener, .filter = good_},
      {.op = Op::load, .repeat = 3, .filter = longest},
      {.op = Op::load, .filter = longest},
      {.op = Op::load, .flags = listener, .filter = longest},
      {.op = Op::load, .flags = listener, .filter = bad_},
      {.op = Op::load, .filter = bad_},
  };
  constexpr std::uint32_t expected[] = {0, 0, 0, ENOMEM, EBUSY, EINVAL, EINVAL};
  const auto results = probe.script(steps);
  ASSERT_EQ(results.size(), std::size(expected));
  for (std::size_t i = 0; i < results.size(); ++i) EXPECT_EQ(results[i].error, expected[i]) << "step " << i;
}

INSTANTIATE_TEST_SUITE_P(Bits, PathLength, testing::Values(64, 32), testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Bits, ErrorOrder, testing::Values(64, 32), testing::PrintToStringParamName());

}  // namespace
}  // namespace callgate::kernel
