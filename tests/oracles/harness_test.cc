// The harness finds what is wrong, and says the same with any number of processes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "bpf/opcode.h"
#include "oracles/harness/code_buffer.h"
#include "oracles/harness/decider_kinds.h"
#include "oracles/harness/jobs.h"
#include "oracles/harness/reproducer.h"
#include "oracles/process/child.h"
#include "oracles/reference/reference.h"
#include "oracles/x86_32/gate_32.h"
#include "oracles/x86_32/helper_32.h"
#include "tests/support/filters.h"
#include "tests/support/machine.h"

namespace callgate::oracles {
namespace {

using bpf::Opcode;
using testing::HasSubstr;

// Decides like the interpreter, but for one thing.
class WrongDecider : public Decider {
 public:
  using Decider::Decider;

  void decide(std::span<const Question> questions, std::uint32_t* results, std::span<Answer>, Times&) override {
    for (const Question& question : questions) {
      std::vector<Program> filters;
      for (const Program& filter : question.filters) filters.push_back(changed(filter));
      for (const SeccompData& data : question.inputs) *results++ = reference(filters, question.rule, data);
    }
  }

 private:
  virtual Program changed(const Program& filter) = 0;
};

// Takes >= for >.
struct OffByOne final : WrongDecider {
  OffByOne() : WrongDecider("off by one") {}
  Program changed(const Program& filter) override {
    std::vector<Insn> copy(filter.instructions().begin(), filter.instructions().end());
    for (Insn& in : copy) {
      if (bpf::opcode_of(in) == Opcode::jge_k) in.code = static_cast<std::uint16_t>(Opcode::jgt_k);
    }
    return test::program(copy);
  }
};

// Dies of a division by X.
struct Crashing final : WrongDecider {
  Crashing() : WrongDecider("crashing") {}
  Program changed(const Program& filter) override {
    for (const Insn& in : filter.instructions()) {
      if (bpf::opcode_of(in) == Opcode::div_x) ::raise(SIGKILL);
    }
    return filter;
  }
};

template <class T>
Expected<Deciders, std::string> just(const Config&) {
  Deciders deciders;
  deciders.push_back(std::make_unique<T>());
  return deciders;
}

RunOptions some_cases(std::uint64_t count) {
  RunOptions options;
  options.config.seed = 5;
  options.config.kinds = available_deciders({});
  options.config.batch = 32;
  options.count = count;
  return options;
}

TEST(Harness, EnginesAgreeOnSingleFilters) {
  const RunResult result = run_jobs(some_cases(600));
  ASSERT_FALSE(result.bad) << reproducer(result.bad->finding);
  EXPECT_EQ(result.tally.cases, 600u);
  EXPECT_EQ(result.tally.filters, 600u);
  EXPECT_GT(result.tally.decisions, 600u * 16);
}

TEST(Harness, EnginesAgreeOnChains) {
  RunOptions options = some_cases(300);
  options.config.max_filters = 6;
  const RunResult result = run_jobs(options);
  ASSERT_FALSE(result.bad) << reproducer(result.bad->finding);
  EXPECT_GT(result.tally.filters, 600u);
}

TEST(Harness, TheSameCasesWithAnyNumberOfJobs) {
  std::vector<Tally> tallies;
  for (const std::uint32_t jobs : {1u, 3u}) {
    RunOptions options = some_cases(500);
    options.config.kinds = {DeciderKind::match};
    options.jobs = jobs;
    tallies.push_back(run_jobs(options).tally);
  }
  EXPECT_EQ(tallies[0].instructions, tallies[1].instructions);
  EXPECT_EQ(tallies[0].decisions, tallies[1].decisions);
}

TEST(Harness, FindsAWrongEngineAndShrinksTheCase) {
  std::vector<std::uint64_t> found;
  for (const std::uint32_t jobs : {1u, 4u}) {
    RunOptions options = some_cases(2000);
    options.config.max_filters = 3;
    options.jobs = jobs;
    options.deciders = just<OffByOne>;
    const RunResult result = run_jobs(options);
    ASSERT_TRUE(result.bad);
    found.push_back(result.bad->index);
    const Failing& failing = result.bad->finding.failing;
    EXPECT_EQ(failing.filters.size(), 1u) << reproducer(result.bad->finding);
    EXPECT_LE(failing.filters[0].size(), 4u) << reproducer(result.bad->finding);
    EXPECT_THAT(failing.input.args, testing::Each(0u)) << reproducer(result.bad->finding);
  }
  EXPECT_EQ(found[0], found[1]);
}

TEST(Harness, FindsACrash) {
  RunOptions options = some_cases(500);
  options.config.inputs = 2;
  options.jobs = 2;
  options.deciders = just<Crashing>;
  const RunResult result = run_jobs(options);
  ASSERT_TRUE(result.bad);
  EXPECT_EQ(result.bad->finding.who, "crashing");
  EXPECT_EQ(result.bad->finding.what, "killed by SIGKILL");
  EXPECT_THAT(result.bad->finding.failing.filters, testing::ElementsAre(testing::SizeIs(2)));  // the division, a return
}

// From a 64-bit build, through the helper; a 32-bit build makes such code for itself.
TEST(Harness, Code32AgreesInTheHelper) {
  if (const std::string why = Helper32::obstacle(CALLGATE_HELPER_32); !why.empty()) GTEST_SKIP() << why;
  RunOptions options = some_cases(500);
  options.config.max_filters = 2;
  options.config.target = Target::x86_32;
  options.config.helper_32 = CALLGATE_HELPER_32;
  options.config.kinds = available_deciders(options.config);
  if (options.config.kinds.empty()) GTEST_SKIP() << "built without AsmJit";
  options.jobs = 2;
  const RunResult result = run_jobs(options);
  ASSERT_FALSE(result.bad) << reproducer(result.bad->finding);
  EXPECT_EQ(result.tally.cases, 500u);
}

// Code that dies, loses the stack, or never ends is a finding with a name, and the calls behind it are still made.
TEST(Helper32, SurvivesItsCode) {
  if (const std::string why = Helper32::obstacle(CALLGATE_HELPER_32); !why.empty()) GTEST_SKIP() << why;
  const std::uint8_t code[] = {
      0xb8, 7,    0,    0, 0,    0xc3,              //  0: mov eax, 7; ret
      0x0f, 0x0b,                                   //  6: ud2
      0xbb, 0,    0,    0, 0,    0xc3,              //  8: mov ebx, 0; ret
      0x8b, 0x44, 0x24, 4, 0xc7, 0,    0, 0, 0, 0,  // 14: mov eax, [esp + 4]; mov dword [eax], 0
  };
  Helper32 helper(CALLGATE_HELPER_32);
  std::copy(std::begin(code), std::end(code), helper.code().begin());
  const std::uint32_t entries[] = {0, 6, 0, 8, 14, 0};
  std::copy(std::begin(entries), std::end(entries), helper.entries().begin());
  const std::vector<std::string> ends = {"killed by SIGILL", "killed by SIGILL", "killed by SIGSEGV", ""};
  std::uint32_t first = 0;
  std::vector<std::uint32_t> done;
  for (const std::string& end : ends) {
    const Helper32::Outcome outcome = helper.run(first, 6);
    EXPECT_EQ(outcome.end, end);
    for (std::uint32_t i = first; i < outcome.done; ++i) EXPECT_EQ(helper.results()[i], 7u);
    done.push_back(outcome.done);
    first = outcome.done + 1;
  }
  EXPECT_EQ(done, (std::vector<std::uint32_t>{1, 3, 4, 6}));
}

// An emulator that runs the helper keeps translations of code that this process then replaces.
TEST(Helper32, SeesCodeThatReplacesCode) {
  if (const std::string why = Helper32::obstacle(CALLGATE_HELPER_32); !why.empty()) GTEST_SKIP() << why;
  Helper32 helper(CALLGATE_HELPER_32);
  helper.entries()[0] = 0;
  constexpr std::uint8_t numbers[] = {7, 9, 7};
  for (const std::uint8_t number : numbers) {
    const std::uint8_t code[] = {0xb8, number, 0, 0, 0, 0xc3};  // mov eax, number; ret
    std::ranges::copy(code, helper.code().begin());
    EXPECT_EQ(helper.run(0, 1).end, "");
    EXPECT_EQ(helper.results()[0], number);
  }
}

// The same code in this process, through the gate.
TEST(Harness, Code32AgreesThroughTheGate) {
  CALLGATE_SKIP_WITHOUT(segment_32);
  RunOptions options = some_cases(500);
  options.config.max_filters = 2;
  options.config.target = Target::x86_32;
  options.config.reuse_code_memory = true;
  options.config.kinds = available_deciders(options.config);
  if (options.config.kinds.empty()) GTEST_SKIP() << "built without AsmJit";
  const RunResult result = run_jobs(options);
  ASSERT_FALSE(result.bad) << reproducer(result.bad->finding);
  EXPECT_EQ(result.tally.cases, 500u);
}

// Code that does not keep its caller's registers, or the stack, must not pass for code that decides.
TEST(Gate32, EndsWhatDoesNotKeepRegisters) {
  CALLGATE_SKIP_WITHOUT(segment_32);
  const std::uint8_t keeps[] = {0x8b, 0x44, 0x24, 4,
                                0x8b, 0x40, 4,    0xc3};      // mov eax, [esp + 4]; mov eax, [eax + 4]; ret
  const std::uint8_t loses_ebx[] = {0xbb, 0, 0, 0, 0, 0xc3};  // mov ebx, 0; ret
  const std::uint8_t loses_ebp[] = {0x89, 0xe5, 0xc3};        // mov ebp, esp; ret
  const std::uint8_t loses_stack[] = {0xc2, 4, 0};            // ret 4
  const std::uint8_t writes_input[] = {0x8b, 0x44, 0x24, 4,
                                       0xff, 0x00, 0xc3};              // mov eax, [esp + 4]; inc dword [eax]; ret
  const std::uint8_t writes_above[] = {0xff, 0x44, 0x24, 0x30, 0xc3};  // inc dword [esp + 48]; ret
  const std::uint8_t reads_behind[] = {0x8b, 0x44, 0x24, 4, 0x8b, 0x40, 0x40, 0xc3};  // …; mov eax, [eax + 64]; ret
  CodeBuffer code(CodeBuffer::Place::below_4g);
  Gate32 gate;
  const auto call = [&](std::span<const std::uint8_t> bytes) {
    return gate.call(code.put(bytes), {1, 0xfedcba98, 0, {}});
  };
  EXPECT_EQ(call(keeps), 0xfedcba98u);
  const std::span<const std::uint8_t> all_bad[] = {loses_ebx, loses_ebp, loses_stack, writes_input, writes_above};
  for (const auto bad : all_bad) {
    EXPECT_EQ(process::isolated([&] {
                ::signal(SIGILL, SIG_DFL);
                call(bad);
              }),
              "killed by SIGILL");
  }
  EXPECT_EQ(process::isolated([&] {
              ::signal(SIGSEGV, SIG_DFL);
              call(reads_behind);
            }),
            "killed by SIGSEGV");
  EXPECT_EQ(call(keeps), 0xfedcba98u);
}

TEST(Harness, RefusesWhatCannotRun) {
  RunOptions options = some_cases(1);
  options.config.kinds = {};
  EXPECT_THROW(run_jobs(options), std::invalid_argument);
  options.config.kinds = {DeciderKind::table};
  options.config.target = sizeof(void*) == 8 ? Target::x86_32 : Target::x86_64;
  EXPECT_THROW(run_jobs(options), std::invalid_argument);
}

// What the system refuses is an error, not a wrong decision.
TEST(Harness, AnEngineThatCannotRunIsNoFinding) {
  struct Refused final : WrongDecider {
    Refused() : WrongDecider("refused") {}
    Program changed(const Program&) override { refuse_to_run(FallbackReason::memory_refused, EPERM); }
  };
  RunOptions options = some_cases(600);
  options.jobs = 2;
  options.deciders = just<Refused>;
  EXPECT_THROW(run_jobs(options), std::runtime_error);
}

TEST(Isolated, TellsHowTheChildEnded) {
  EXPECT_EQ(process::isolated([] {}), "");
  EXPECT_EQ(process::isolated([] { ::raise(SIGTERM); }), "killed by SIGTERM");
  EXPECT_EQ(process::isolated([] { ::_exit(3); }), "ended with exit code 3");
  EXPECT_EQ(process::isolated([] { ::pause(); }, 1), "hung");
  EXPECT_THROW(process::isolated([] { throw std::runtime_error("no files left"); }), std::runtime_error);
}

// What is printed is what fails: the text assembles to the same filter, and the input is there in full.
TEST(Reproducer, IsATest) {
  const auto filter = test::insns("ld [16]\njge #0x80000000, yes\nret a\nyes: ret #0x7fff0000");
  const std::string text = reproducer(
      {"xbyak",
       "says no",
       {{filter}, MergeRule::most_restrictive, {7, 0xc000003e, 0, {0x123456789, 0, 0, 0, 0, 0x8000000000000000}}}});
  EXPECT_THAT(text, HasSubstr("// xbyak, rule most_restrictive: says no\n"));
  EXPECT_THAT(text, HasSubstr("{0x7, 0xc000003e, 0x0, {0x123456789, 0x0, 0x0, 0x0, 0x0, 0x8000000000000000}}"));
  const std::size_t begin = text.find("R\"(") + 3;
  EXPECT_EQ(test::insns(text.substr(begin, text.find(")\"", begin) - begin)), filter);
}

}  // namespace
}  // namespace callgate::oracles
