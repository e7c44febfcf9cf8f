// Names, texts and areas of the C API.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "callgate/chain.hpp"
#include "tests/capi/capi.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

TEST(CNames, AreThoseOfCxx) {
  for (std::uint32_t i = 0; i < 4; ++i) {
    EXPECT_STREQ(callgate_engine_name(i), name(static_cast<Engine>(i)));
    EXPECT_STREQ(callgate_precision_name(i), name(static_cast<Precision>(i)));
  }
  for (std::uint32_t i = 0; i < 3; ++i) EXPECT_STREQ(callgate_target_name(i), name(static_cast<Target>(i)));
  for (std::uint32_t i = 0; i < 2; ++i) EXPECT_STREQ(callgate_rule_name(i), name(static_cast<MergeRule>(i)));
  for (const std::uint32_t wrong : {4u, 0x100u, 0x101u, 0xffffffffu}) {
    EXPECT_STREQ(callgate_engine_name(wrong), "unknown");
    EXPECT_STREQ(callgate_target_name(wrong), "unknown");
    EXPECT_STREQ(callgate_rule_name(wrong), "unknown");
    EXPECT_STREQ(callgate_precision_name(wrong), "unknown");
    EXPECT_EQ(callgate_engine_available(wrong, 0), 0);
    EXPECT_EQ(callgate_engine_available(0, wrong), 0);
    EXPECT_EQ(callgate_best_engine(wrong), std::uint32_t{CALLGATE_ENGINE_INTERPRETER});
  }
  EXPECT_STREQ(callgate_action_name(0x5002a), "ERRNO");
  EXPECT_STREQ(callgate_errno_name(38), "ENOSYS");
  EXPECT_EQ(callgate_errno_name(4095), nullptr);
  EXPECT_EQ(callgate_best_engine(0), static_cast<std::uint32_t>(best(Target::native)));
  for (std::uint32_t engine = 0; engine < 4; ++engine) {
    for (std::uint32_t target = 0; target < 3; ++target) {
      EXPECT_EQ(callgate_engine_available(engine, target) != 0,
                available(static_cast<Engine>(engine), static_cast<Target>(target)));
    }
  }
}

TEST(CNames, ResultsInWordsSayWhenTheyAreCut) {
  char text[48];
  EXPECT_EQ(callgate_result_text(0x50026, text, sizeof text), 16u);
  EXPECT_STREQ(text, "ERRNO(38) ENOSYS");
  EXPECT_EQ(callgate_result_text(0x50026, text, 6), 16u);
  EXPECT_STREQ(text, "ERRNO");
  text[0] = 'x';
  EXPECT_EQ(callgate_result_text(0x50026, text, 0), 16u);
  EXPECT_EQ(text[0], 'x');
  EXPECT_EQ(callgate_result_text(0x50026, nullptr, 48), 16u);
}

struct BrokenRule {
  callgate_code code;
  VerifyErrc rule;
  std::vector<Insn> instructions;
};

// One filter for each rule: code, place and text are those of C++.
TEST(CErrors, EveryRuleHasItsCode) {
  const Insn ret{0x06, 0, 0, 0};
  const std::vector<BrokenRule> broken = {
      {CALLGATE_EMPTY, VerifyErrc::empty, {}},
      {CALLGATE_TOO_LONG, VerifyErrc::too_long, std::vector<Insn>(4097, ret)},
      {CALLGATE_UNKNOWN_OPCODE, VerifyErrc::unknown_opcode, {{0x94, 0, 0, 1}, ret}},
      {CALLGATE_LOAD_OFFSET, VerifyErrc::load_offset, {{0x20, 0, 0, 64}, ret}},
      {CALLGATE_DIVISION_BY_ZERO, VerifyErrc::division_by_zero, {{0x34, 0, 0, 0}, ret}},
      {CALLGATE_SHIFT_TOO_LARGE, VerifyErrc::shift_too_large, {{0x64, 0, 0, 32}, ret}},
      {CALLGATE_SCRATCH_SLOT, VerifyErrc::scratch_slot, {ret, {0x02, 0, 0, 16}, ret}},
      {CALLGATE_SCRATCH_UNINITIALISED, VerifyErrc::scratch_uninitialised, {{0x60, 0, 0, 3}, ret}},
      {CALLGATE_JUMP_OUT_OF_PROGRAM, VerifyErrc::jump_out_of_program, {ret, {0x15, 7, 0, 3}, ret}},
      {CALLGATE_NO_RETURN_AT_END, VerifyErrc::no_return_at_end, {ret, {0x07, 0, 0, 0}}},
  };
  for (const BrokenRule& rule_of_kernel : broken) {
    SCOPED_TRACE(rule(rule_of_kernel.rule));
    const auto expected = verify(rule_of_kernel.instructions);
    ASSERT_FALSE(expected);
    ASSERT_EQ(expected.error().code, rule_of_kernel.rule);
    const callgate_filter filter = filter_of(rule_of_kernel.instructions);
    callgate_error error = no_error();
    const callgate_program* verified = nullptr;
    EXPECT_EQ(callgate_verify(filter.instructions, filter.count, &verified, &error), rule_of_kernel.code);
    EXPECT_EQ(verified, nullptr);
    EXPECT_EQ(error.code, rule_of_kernel.code);
    EXPECT_EQ(CALLGATE_AREA(error.code), CALLGATE_AREA_VERIFICATION);
    EXPECT_EQ(error.error_number, EINVAL);
    EXPECT_EQ(error.filter, CALLGATE_NONE);
    EXPECT_EQ(error.length, rule_of_kernel.instructions.size());
    const bool has_place = rule_of_kernel.code != CALLGATE_EMPTY;
    EXPECT_EQ(error.instruction, has_place ? expected.error().pc : CALLGATE_NONE);
    EXPECT_EQ(text_of(error), to_string(expected.error()));
    EXPECT_STREQ(callgate_code_text(error.code), rule(rule_of_kernel.rule));
  }
}

// A code has a text of its own, and the numbers between have none.
TEST(CErrors, EveryCodeHasAText) {
  const std::vector<int> last_of_area = {7, 110, 202, 302, 408, 507};
  for (int area = 0; area < 6; ++area) {
    const int last = last_of_area[static_cast<std::size_t>(area)];
    for (int code = 100 * area + (area == 0 ? 0 : 1); code <= last; ++code) {
      EXPECT_STRNE(callgate_code_text(code), "unknown error") << code;
      EXPECT_EQ(CALLGATE_AREA(code), area);
    }
  }
  for (const int code : {-1, 8, 99, 100, 111, 200, 203, 300, 303, 400, 409, 500, 508, 599, 2147483647}) {
    EXPECT_STREQ(callgate_code_text(code), "unknown error") << code;
  }
}

// A struct of an older caller has only the first five fields.
TEST(CErrors, AreCutToWhatTheCallerHas) {
  callgate_error error;
  std::memset(&error, 0x5a, sizeof error);
  error.size = CALLGATE_ERROR_MIN_SIZE;
  const Insn leaves[] = {{0x15, 9, 0, 0}, {0x06, 0, 0, 0}};
  const callgate_filter filter = filter_of(leaves);
  const callgate_program* verified = nullptr;
  EXPECT_EQ(callgate_verify(filter.instructions, 2, &verified, &error), CALLGATE_JUMP_OUT_OF_PROGRAM);
  EXPECT_EQ(error.instruction, 0u);
  EXPECT_EQ(error.length, 0x5a5a5a5au);
  EXPECT_EQ(text_of(error), "at 0: jump leaves the program");
}

// Of a newer caller: what this library does not know becomes 0, and must be 0 to be read.
TEST(CErrors, MayBeLargerThanTheLibraryKnows) {
  struct Newer {
    callgate_error error;
    std::uint64_t more[2];
  } newer;
  std::memset(&newer, 0x5a, sizeof newer);
  newer.error.size = sizeof newer;
  const callgate_program* verified = nullptr;
  EXPECT_EQ(callgate_verify(nullptr, 0, &verified, &newer.error), CALLGATE_EMPTY);
  EXPECT_EQ(newer.error.size, sizeof newer);
  EXPECT_EQ(newer.more[1], 0u);
  EXPECT_EQ(text_of(newer.error), "at 0: the program is empty");
  newer.more[1] = 1;
  EXPECT_EQ(text_of(newer.error), std::string(callgate_code_text(CALLGATE_BAD_SIZE)) + " (error)");
}

}  // namespace
}  // namespace callgate::test
