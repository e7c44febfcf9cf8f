// Wrong arguments are errors that name the argument: nothing crashes, and nothing is allowed.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <tuple>
#include <vector>

#include "callgate/action.hpp"
#include "tests/capi/capi.h"
#include "tests/support/allocations.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

const SeccompData a_call{.nr = 0, .arch = arch::x86_64, .instruction_pointer = 0, .args = {}};

class CMisuse : public testing::Test {
 protected:
  CMisuse() : allow(program("ret #ALLOW")), filter(filter_of(allow.instructions())), chain(c_chain({allow})) {}

  // What making a chain with these options says.
  int with(const callgate_options& options) {
    error = no_error();
    made = nullptr;
    return callgate_chain_from_filters(&options, &filter, 1, &made, &error);
  }
  void expect_bad_option(const callgate_options& options, callgate_code code, const char* where) {
    EXPECT_EQ(with(options), code);
    EXPECT_EQ(error.code, code);
    EXPECT_EQ(made, nullptr);
    ASSERT_NE(error.where, nullptr);
    EXPECT_STREQ(error.where, where);
    EXPECT_EQ(CALLGATE_AREA(error.code), CALLGATE_AREA_MISUSE);
  }

  Program allow;
  callgate_filter filter;
  CChain chain;
  callgate_error error = no_error();
  const callgate_chain* made = nullptr;
};

callgate_options zeros() {
  callgate_options options{};
  options.size = sizeof options;
  return options;
}

TEST_F(CMisuse, OptionsThatAreNoValues) {
  using Field = std::uint32_t callgate_options::*;
  const std::vector<std::tuple<Field, std::uint32_t, const char*>> fields = {
      {&callgate_options::engine, 4, "options->engine"},
      {&callgate_options::target, 3, "options->target"},
      {&callgate_options::optimize, 3, "options->optimize"},
      {&callgate_options::rule, 2, "options->rule"},
      {&callgate_options::no_exec_memory, 2, "options->no_exec_memory"},
      {&callgate_options::blind_constants, 2, "options->blind_constants"},
      {&callgate_options::permanent, 2, "options->permanent"},
      {&callgate_options::reserved, 1, "options->reserved"},
  };
  for (const auto& [field, first_wrong, where] : fields) {
    for (const std::uint32_t wrong : {first_wrong, 0x100u, 0x80000000u, 0xffffffffu}) {
      callgate_options options = zeros();
      options.*field = wrong;
      expect_bad_option(options, CALLGATE_BAD_VALUE, where);
    }
  }
}

TEST_F(CMisuse, SizesOfStructs) {
  for (const std::uint32_t wrong :
       {0u, 4u, static_cast<std::uint32_t>(sizeof(callgate_options)) - 1, 4097u, 0xffffffffu}) {
    callgate_options options = zeros();
    options.size = wrong;
    expect_bad_option(options, CALLGATE_BAD_SIZE, "options");
    callgate_layout layout = layout_of(InputLayout::seccomp_data());
    layout.size = wrong;
    options = zeros();
    options.layout = &layout;
    expect_bad_option(options, CALLGATE_BAD_SIZE, "options->layout");
    EXPECT_EQ(callgate_layout_preset(CALLGATE_FRAME_SECCOMP_DATA, 0, &layout), CALLGATE_BAD_SIZE);
    EXPECT_EQ(callgate_layout_kind(&layout), std::uint32_t{CALLGATE_FRAME_CUSTOM});
  }
  struct {
    callgate_options options;
    std::uint64_t more;
  } newer{zeros(), 0};
  newer.options.size = sizeof newer;
  ASSERT_EQ(with(newer.options), CALLGATE_OK);
  callgate_chain_release(made);
  newer.more = 1;
  expect_bad_option(newer.options, CALLGATE_BAD_SIZE, "options");
}

TEST_F(CMisuse, Layouts) {
  callgate_layout layout = layout_of(InputLayout::seccomp_data());
  callgate_options options = zeros();
  options.layout = &layout;
  layout.words[3].is_constant = 2;
  expect_bad_option(options, CALLGATE_BAD_VALUE, "options->layout");
  layout = layout_of(InputLayout::seccomp_data());
  layout.single_fetch = 2;
  expect_bad_option(options, CALLGATE_BAD_VALUE, "options->layout");
  for (const std::uint32_t offset : {2u, 4096u, 0xfffffffcu}) {
    layout = layout_of(InputLayout::seccomp_data());
    layout.words[5].value = offset;
    expect_bad_option(options, CALLGATE_BAD_LAYOUT, "options->layout");
  }
  for (const std::uint32_t kind : {0u, 9u, 0x101u, 0xffffffffu}) {
    EXPECT_EQ(callgate_layout_preset(kind, 0, &layout), CALLGATE_BAD_VALUE);
  }
  EXPECT_EQ(callgate_layout_preset(1, 0, nullptr), CALLGATE_NULL_POINTER);
  EXPECT_EQ(callgate_layout_kind(nullptr), std::uint32_t{CALLGATE_FRAME_CUSTOM});
}

TEST_F(CMisuse, NullPointersOfWhatMakes) {
  const auto expect_null = [&](int code, const char* where) {
    EXPECT_EQ(code, CALLGATE_NULL_POINTER);
    ASSERT_NE(error.where, nullptr);
    EXPECT_STREQ(error.where, where);
    EXPECT_EQ(text_of(error), std::string("a pointer is null that must not be (") + where + ")");
  };
  const callgate_filter no_instructions{nullptr, 3};
  const callgate_program* const no_program = nullptr;
  expect_null(callgate_verify(filter.instructions, 1, nullptr, &error), "out");
  expect_null(callgate_chain_from_filters(nullptr, &filter, 1, nullptr, &error), "out");
  expect_null(callgate_chain_from_filters(nullptr, nullptr, 1, &made, &error), "oldest_first");
  expect_null(callgate_chain_from_filters(nullptr, &no_instructions, 1, &made, &error), "oldest_first[].instructions");
  expect_null(callgate_chain_attach(nullptr, &filter, 1, &made, &error), "chain");
  expect_null(callgate_chain_attach(chain.get(), nullptr, 1, &made, &error), "oldest_first");
  expect_null(callgate_chain_attach(chain.get(), &filter, 1, nullptr, &error), "out");
  expect_null(callgate_chain_attach(chain.get(), &no_instructions, 1, &made, &error), "oldest_first[].instructions");
  expect_null(callgate_chain_attach_programs(nullptr, &no_program, 1, &made, &error), "chain");
  expect_null(callgate_chain_attach_programs(chain.get(), &no_program, 1, &made, &error), "oldest_first[]");
  expect_null(callgate_chain_attach_programs(chain.get(), nullptr, 1, &made, &error), "oldest_first");
  // The same without anybody who wants to know.
  EXPECT_EQ(callgate_verify(nullptr, 1, nullptr, nullptr), CALLGATE_NULL_POINTER);
  EXPECT_EQ(callgate_chain_from_filters(nullptr, nullptr, 1, nullptr, nullptr), CALLGATE_NULL_POINTER);
  EXPECT_EQ(callgate_chain_retain(nullptr), nullptr);
  EXPECT_EQ(callgate_program_retain(nullptr), nullptr);
  EXPECT_EQ(callgate_program_instructions(nullptr, nullptr), nullptr);
  EXPECT_EQ(callgate_program_kernel_length(nullptr), 0u);
}

TEST_F(CMisuse, Counts) {
  const callgate_program* verified = nullptr;
  EXPECT_EQ(callgate_verify(filter.instructions, SIZE_MAX, &verified, &error), CALLGATE_BAD_COUNT);
  EXPECT_EQ(callgate_verify(filter.instructions, SIZE_MAX / 8 + 1, &verified, &error), CALLGATE_BAD_COUNT);
  EXPECT_EQ(callgate_chain_from_filters(nullptr, &filter, SIZE_MAX, &made, &error), CALLGATE_BAD_COUNT);
  const callgate_filter huge{filter.instructions, SIZE_MAX / 4};
  EXPECT_EQ(callgate_chain_attach(chain.get(), &huge, 1, &made, &error), CALLGATE_BAD_COUNT);
  EXPECT_STREQ(error.where, "oldest_first[].count");
}

// What decides kills.
TEST_F(CMisuse, NullPointersOfWhatDecides) {
  const callgate_data* const call = data_of(a_call);
  for (const callgate_chain* one : {static_cast<const callgate_chain*>(nullptr), chain.get()}) {
    const callgate_data* const data = one == nullptr ? call : nullptr;
    EXPECT_EQ(callgate_evaluate(one, data), action::kill_process);
    EXPECT_EQ(callgate_evaluate_frame(one, data), action::kill_process);
    EXPECT_EQ(callgate_chain_evaluate(one, data), action::kill_process);
    EXPECT_EQ(callgate_chain_evaluate_frame(one, data), action::kill_process);
    EXPECT_EQ(callgate_evaluate_frame_as(one, CALLGATE_FRAME_SECCOMP_DATA, data), action::kill_process);
    callgate_decision decision{sizeof decision, 7, 7};
    EXPECT_EQ(callgate_match(one, data, &decision), CALLGATE_NULL_POINTER);
    EXPECT_EQ(decision.result, action::kill_process);
    EXPECT_EQ(decision.filter, CALLGATE_NONE);
    decision.result = 7;
    EXPECT_EQ(callgate_match_frame(one, data, &decision), CALLGATE_NULL_POINTER);
    EXPECT_EQ(decision.result, action::kill_process);
  }
  callgate_decision decision{8, 7, 7};
  EXPECT_EQ(callgate_match(chain.get(), call, &decision), CALLGATE_BAD_SIZE);
  EXPECT_EQ(callgate_match(chain.get(), call, nullptr), CALLGATE_NULL_POINTER);
  EXPECT_EQ(decision.result, 7u);
  EXPECT_EQ(callgate_interpret(nullptr, call), action::kill_process);
  EXPECT_EQ(callgate_evaluate(chain.get(), call), action::allow);
}

TEST_F(CMisuse, WhatTells) {
  callgate_info info{};
  callgate_options options{};
  callgate_layout layout{};
  EXPECT_EQ(callgate_chain_info(chain.get(), &info), CALLGATE_BAD_SIZE);
  EXPECT_EQ(callgate_chain_info(chain.get(), nullptr), CALLGATE_NULL_POINTER);
  info.size = sizeof info;
  EXPECT_EQ(callgate_chain_info(nullptr, &info), CALLGATE_NULL_POINTER);
  EXPECT_EQ(callgate_chain_options(chain.get(), &options, nullptr), CALLGATE_BAD_SIZE);
  options.size = sizeof options;
  EXPECT_EQ(callgate_chain_options(chain.get(), &options, &layout), CALLGATE_BAD_SIZE);
  EXPECT_EQ(callgate_chain_options(nullptr, &options, nullptr), CALLGATE_NULL_POINTER);
  EXPECT_EQ(callgate_chain_options(chain.get(), nullptr, nullptr), CALLGATE_NULL_POINTER);
  callgate_data data;
  EXPECT_EQ(callgate_call_of_sigsys(nullptr, &data, &data), 0);
  EXPECT_EQ(callgate_call_of_sigsys(&data, nullptr, &data), 0);
  EXPECT_EQ(callgate_call_of_sigsys(&data, &data, nullptr), 0);
}

// An error struct whose size was never set is not written.
TEST_F(CMisuse, ErrorsWithoutASize) {
  for (const std::uint32_t wrong : {0u, 16u, 19u, 4097u, 0xdeadbeefu}) {
    callgate_error given;
    std::memset(&given, 0x5a, sizeof given);
    given.size = wrong;
    callgate_error before;
    std::memcpy(&before, &given, sizeof before);
    const callgate_program* verified = nullptr;
    EXPECT_EQ(callgate_verify(filter.instructions, 1, &verified, &given), CALLGATE_BAD_SIZE);
    EXPECT_EQ(callgate_chain_from_filters(nullptr, &filter, 1, &made, &given), CALLGATE_BAD_SIZE);
    EXPECT_EQ(callgate_chain_attach(chain.get(), &filter, 1, &made, &given), CALLGATE_BAD_SIZE);
    EXPECT_EQ(std::memcmp(&given, &before, sizeof before), 0);
    EXPECT_EQ(verified, nullptr);
    EXPECT_EQ(text_of(given), std::string(callgate_code_text(CALLGATE_BAD_SIZE)) + " (error)");
  }
  char text[64];
  callgate_error_text(nullptr, text, sizeof text);
  EXPECT_STREQ(text, "no error is given (error is null)");
}

// Whatever allocation is refused, there is a chain or the error says why, and nothing leaks.
TEST_F(CMisuse, LostAllocations) {
  if (has_tsan) GTEST_SKIP() << "ThreadSanitizer owns operator new";
  bool has_refused = false;
  for (std::size_t count = 0; count < 10000; ++count) {
    const std::ptrdiff_t before = live_allocations();
    int code;
    bool failed;
    {
      const FailAfter lost(count);
      code = callgate_chain_from_filters(nullptr, &filter, 1, &made, &error);
      failed = lost.has_failed();
    }
    ASSERT_TRUE(code == CALLGATE_OK || code == CALLGATE_OUT_OF_MEMORY) << text_of(error);
    EXPECT_EQ(made == nullptr, code != CALLGATE_OK);
    EXPECT_EQ(error.code, code);
    const std::uint32_t decided = callgate_evaluate(made, data_of(a_call));
    EXPECT_EQ(decided, code == CALLGATE_OK ? action::allow : action::kill_process);
    EXPECT_EQ(error.error_number, code == CALLGATE_OK ? 0 : ENOMEM);
    has_refused |= code != CALLGATE_OK;
    callgate_chain_release(made);
    EXPECT_EQ(live_allocations(), before) << count;
    if (!failed) break;
  }
  EXPECT_TRUE(has_refused);
}

}  // namespace
}  // namespace callgate::test
