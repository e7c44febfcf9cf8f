// Chains of the C API answer as those of C++ do.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "oracles/generator/inputs.h"
#include "oracles/generator/program_generator.h"
#include "tests/capi/capi.h"
#include "tests/support/chains.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

class CChains : public testing::TestWithParam<Options> {
 protected:
  CChains() {
    oracles::ProgramGenerator generator(71);
    for (int i = 0; i < 3; ++i) filters.push_back(program(std::span<const Insn>(generator.valid(50))));
    filters.push_back(program("ld [nr]\njeq #7, no\nret #ALLOW\nno: ret #ERRNO(7)"));
    for (const Program& filter : filters) {
      for (const SeccompData& call : oracles::inputs_for(filter.instructions(), 72, 24)) calls.push_back(call);
    }
  }

  std::vector<Program> filters;
  std::vector<SeccompData> calls;
};

void expect_same_match(const Chain& chain, const callgate_chain* c, const SeccompData& call) {
  callgate_decision decision{};
  decision.size = sizeof decision;
  ASSERT_EQ(callgate_match(c, data_of(call), &decision), CALLGATE_OK);
  const Match match = chain.match(call);
  EXPECT_EQ(decision.result, match.result);
  EXPECT_EQ(decision.filter, match.filter.value_or(CALLGATE_NONE));
}

TEST_P(CChains, DecideAsInCxx) {
  const Chain chain = chain_of(filters, GetParam());
  const CChain c = c_chain(filters, GetParam());
  for (const SeccompData& call : calls) {
    const std::uint32_t expected = chain.evaluate(call);
    EXPECT_EQ(callgate_evaluate(c.get(), data_of(call)), expected);
    EXPECT_EQ(callgate_chain_evaluate(c.get(), data_of(call)), expected);
    EXPECT_EQ(callgate_decide(c.get(), &call), expected);
    expect_same_match(chain, c.get(), call);
  }
}

TEST_P(CChains, TellTheSame) {
  const Chain chain = chain_of(filters, GetParam());
  const CChain c = c_chain(filters, GetParam());
  callgate_info info{};
  info.size = sizeof info;
  ASSERT_EQ(callgate_chain_info(c.get(), &info), CALLGATE_OK);
  EXPECT_EQ(info.length, chain.length());
  EXPECT_EQ(info.path_length, chain.path_length());
  EXPECT_EQ(info.engine, static_cast<std::uint32_t>(chain.engine()));
  EXPECT_EQ(info.fallback == CALLGATE_OK, chain.fallback_reason() == FallbackReason::none);
  const char* const fallback = info.fallback == CALLGATE_OK ? "none" : callgate_code_text(info.fallback);
  EXPECT_STREQ(fallback, message(chain.fallback_reason()));
  EXPECT_EQ(info.fallback_number, chain.fallback_errno());
  EXPECT_EQ(info.permanent, chain.permanent());
  EXPECT_EQ(info.precision, static_cast<std::uint32_t>(chain.precision()));
  EXPECT_EQ(info.degraded, chain.degraded());
  EXPECT_EQ(info.code_bytes, chain.sizes().code);
  EXPECT_EQ(info.table_bytes, chain.sizes().table);
  EXPECT_EQ(info.bytecode_bytes, chain.sizes().bytecode);
}

TEST_P(CChains, DecideFramesAsInCxx) {
  const std::vector<InputLayout> layouts = {InputLayout::split(arch::x86_64), InputLayout::seccomp_notif(),
                                            InputLayout::pushed_registers(),
                                            InputLayout::ptrace_syscall_info().with_single_fetch()};
  for (const InputLayout& layout : layouts) {
    Options options = GetParam();
    options.layout = layout;
    const Chain chain = chain_of(filters, options);
    const CChain c = c_chain(filters, options);
    for (const SeccompData& call : calls) {
      unsigned char frame[256] = {};
      for (std::size_t i = 0; i < 16; ++i) {
        const InputWord& word = layout.words[i];
        if (!word.is_constant)
          std::memcpy(frame + word.value, reinterpret_cast<const unsigned char*>(&call) + 4 * i, 4);
      }
      const std::uint32_t expected = chain.evaluate_frame(static_cast<const void*>(frame));
      EXPECT_EQ(callgate_evaluate_frame(c.get(), frame), expected);
      EXPECT_EQ(callgate_chain_evaluate_frame(c.get(), frame), expected);
      for (std::uint32_t kind = 0; kind < 12; ++kind) {
        const bool fits = kind == static_cast<std::uint32_t>(layout.kind());
        EXPECT_EQ(callgate_evaluate_frame_as(c.get(), kind, frame), fits ? expected : action::kill_process) << kind;
      }
      callgate_decision decision{};
      decision.size = sizeof decision;
      EXPECT_EQ(callgate_match_frame(c.get(), frame, &decision), CALLGATE_OK);
      EXPECT_EQ(decision.filter, chain.match_frame(static_cast<const void*>(frame)).filter.value_or(CALLGATE_NONE));
    }
  }
}

// In one go, one by one and by programs.
TEST_P(CChains, AttachInEveryWay) {
  const CChain whole = c_chain(filters, GetParam());
  CChain by_filters = c_chain({}, GetParam());
  CChain by_programs = c_chain({}, GetParam());
  for (const Program& filter : filters) {
    const callgate_filter given = filter_of(filter.instructions());
    const callgate_chain* next = nullptr;
    ASSERT_EQ(callgate_chain_attach(by_filters.get(), &given, 1, &next, nullptr), CALLGATE_OK);
    by_filters.reset(next);
    const callgate_program* verified = nullptr;
    ASSERT_EQ(callgate_verify(given.instructions, given.count, &verified, nullptr), CALLGATE_OK);
    ASSERT_EQ(callgate_chain_attach_programs(by_programs.get(), &verified, 1, &next, nullptr), CALLGATE_OK);
    by_programs.reset(next);
    EXPECT_EQ(callgate_program_kernel_length(verified), filter.kernel_length());
    for (const SeccompData& call : calls)
      EXPECT_EQ(callgate_interpret(verified, data_of(call)), interpret(filter, call));
    callgate_program_release(verified);
  }
  for (const SeccompData& call : calls) {
    const std::uint32_t expected = callgate_evaluate(whole.get(), data_of(call));
    EXPECT_EQ(callgate_evaluate(by_filters.get(), data_of(call)), expected);
    EXPECT_EQ(callgate_evaluate(by_programs.get(), data_of(call)), expected);
  }
}

INSTANTIATE_TEST_SUITE_P(FirstNonAllow, CChains, testing::ValuesIn(all_options()), shown);
INSTANTIATE_TEST_SUITE_P(MostRestrictive, CChains, testing::ValuesIn(all_options(MergeRule::most_restrictive)), shown);

TEST(COptions, AreGivenBack) {
  const callgate_layout layout = layout_of(InputLayout::split(arch::x86_32).with_single_fetch());
  callgate_options given{};
  given.size = sizeof given;
  given.engine = CALLGATE_ENGINE_INTERPRETER;
  given.optimize = CALLGATE_OPTIMIZE_NONE;
  given.rule = CALLGATE_MOST_RESTRICTIVE;
  given.no_exec_memory = 1;
  given.permanent = 1;
  given.code_limit = 4096;
  given.path_limit = CALLGATE_NONE;
  given.layout = &layout;
  given.step_limit = 11;
  given.node_limit = 12;
  given.byte_limit = 13;
  given.blind_constants = 1;
  const callgate_chain* made = nullptr;
  ASSERT_EQ(callgate_chain_from_filters(&given, nullptr, 0, &made, nullptr), CALLGATE_OK);
  const CChain chain(made);
  callgate_options used{};
  callgate_layout used_layout{};
  used.size = sizeof used;
  used_layout.size = sizeof used_layout;
  ASSERT_EQ(callgate_chain_options(chain.get(), &used, &used_layout), CALLGATE_OK);
  EXPECT_EQ(used.layout, &used_layout);
  used.layout = given.layout;
  EXPECT_EQ(std::memcmp(&used, &given, sizeof used), 0);
  EXPECT_EQ(std::memcmp(&used_layout, &layout, sizeof layout), 0);
}

// The struct of a caller that knows no budgets.
TEST(COptions, OfAnOlderCaller) {
  callgate_options given{};
  given.size = CALLGATE_OPTIONS_MIN_SIZE;
  given.step_limit = given.blind_constants = 77;  // not his
  const callgate_chain* made = nullptr;
  ASSERT_EQ(callgate_chain_from_filters(&given, nullptr, 0, &made, nullptr), CALLGATE_OK);
  const CChain chain(made);
  ASSERT_EQ(callgate_chain_options(chain.get(), &given, nullptr), CALLGATE_OK);
  EXPECT_EQ(given.step_limit, 77u) << "not written";
  given.size = sizeof given;
  ASSERT_EQ(callgate_chain_options(chain.get(), &given, nullptr), CALLGATE_OK);
  EXPECT_EQ(given.step_limit, 0u);
  EXPECT_EQ(given.blind_constants, 0u);
  given.size = CALLGATE_OPTIONS_MIN_SIZE - 1;
  EXPECT_EQ(callgate_chain_from_filters(&given, nullptr, 0, &made, nullptr), CALLGATE_BAD_SIZE);
}

TEST(COptions, ZerosAreTheDefaults) {
  const Options defaults;
  callgate_options zeros{};
  zeros.size = sizeof zeros;
  for (const callgate_options* given : {static_cast<const callgate_options*>(nullptr), &std::as_const(zeros)}) {
    const callgate_chain* made = nullptr;
    ASSERT_EQ(callgate_chain_from_filters(given, nullptr, 0, &made, nullptr), CALLGATE_OK);
    const CChain chain(made);
    callgate_options used{};
    used.size = sizeof used;
    ASSERT_EQ(callgate_chain_options(chain.get(), &used, nullptr), CALLGATE_OK);
    EXPECT_EQ(used.optimize, CALLGATE_OPTIMIZE_FULL);
    EXPECT_EQ(used.code_limit, defaults.code_limit);
    EXPECT_EQ(used.path_limit, defaults.path_limit);
    EXPECT_EQ(used.engine, static_cast<std::uint32_t>(defaults.engine));
    EXPECT_EQ(used.rule, static_cast<std::uint32_t>(defaults.rule));
  }
}

TEST(CLayouts, PresetsAreThoseOfCxx) {
  const std::vector<InputLayout> presets = {InputLayout::seccomp_data(),        InputLayout::split(0x1234),
                                            InputLayout::ucontext_x86_64(),     InputLayout::ucontext_i386(),
                                            InputLayout::user_regs_x86_64(),    InputLayout::seccomp_notif(),
                                            InputLayout::ptrace_syscall_info(), InputLayout::pushed_registers()};
  for (std::uint32_t kind = 1; kind <= presets.size(); ++kind) {
    callgate_layout layout{};
    layout.size = sizeof layout;
    ASSERT_EQ(callgate_layout_preset(kind, 0x1234, &layout), CALLGATE_OK);
    const callgate_layout expected = layout_of(presets[kind - 1]);
    EXPECT_EQ(std::memcmp(&layout, &expected, sizeof layout), 0) << kind;
    EXPECT_EQ(callgate_layout_kind(&layout), kind);
    layout.words[0].value += 4;
    EXPECT_EQ(callgate_layout_kind(&layout), std::uint32_t{CALLGATE_FRAME_CUSTOM});
  }
}

TEST(CLimits, TheFilterThatIsTooMuchIsNamed) {
  const Program ret = program("ret #ALLOW");  // 5 converted instructions, and 4 more for each older filter
  const callgate_filter filter = filter_of(ret.instructions());
  const std::vector<callgate_filter> filters(5, filter);
  callgate_options options{};
  options.size = sizeof options;
  options.path_limit = 5 + 9 + 9;
  const callgate_chain* made = nullptr;
  callgate_error error = no_error();
  EXPECT_EQ(callgate_chain_from_filters(&options, filters.data(), 5, &made, &error), CALLGATE_PATH_TOO_LONG);
  EXPECT_EQ(error.filter, 3u);
  EXPECT_EQ(error.error_number, ENOMEM);
  EXPECT_EQ(text_of(error),
            "filter 3, the chain is longer than the limit on a path (32 converted instructions, at most 23)");
  ASSERT_EQ(callgate_chain_from_filters(&options, filters.data(), 2, &made, &error), CALLGATE_OK);
  const CChain two(made);
  EXPECT_EQ(callgate_chain_attach(two.get(), filters.data(), 3, &made, &error), CALLGATE_PATH_TOO_LONG);
  EXPECT_EQ(error.filter, 1u);
  EXPECT_EQ(made, nullptr);
}

}  // namespace
}  // namespace callgate::test
