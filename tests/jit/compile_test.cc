// compile() as a whole: what it refuses and why, and the marks that say which instruction each piece of code is of.
#include "jit/compile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compose/plan.h"
#include "dispatch/action_table.h"
#include "dispatch/units.h"
#include "oracles/generator/program_generator.h"
#include "tests/support/filters.h"
#include "tests/support/run_everywhere.h"

namespace callgate::test {
namespace {

constexpr MergeRule rule = MergeRule::first_non_allow;

compose::Plan plan_of(std::span<const Program> filters, Optimize level) {
  return compose::make_plan(filters, {.rule = rule, .level = level});
}

jit::Request request_of(std::span<const jit::Unit> units, Engine engine, Target target = jit::host_target()) {
  return detail::seccomp_request(units, rule, engine, target);
}

TEST(Compile, NeedsAnAssemblerForTheTarget) {
  const Program filter = program("ret #0");
  const compose::Plan plan = plan_of({&filter, 1}, Optimize::full);
  const Target other = jit::host_target() == Target::x86_64 ? Target::x86_32 : Target::x86_64;
  const auto units = detail::units_of(plan);
  const jit::Request impossible[] = {request_of(units, Engine::interpreter), request_of(units, Engine::automatic),
                                     request_of(units, Engine::xbyak, other)};
  for (const jit::Request& request : impossible) {
    const auto code = jit::compile(request);
    ASSERT_FALSE(code);
    EXPECT_EQ(code.error().reason, FallbackReason::no_jit);
    EXPECT_EQ(code.error().message, "no assembler for this engine and target");
  }
}

TEST(Compile, RefusesCodeThatIsLargerThanAllowed) {
  const Program filter = program("ld [0]\njeq #5, L1, L2\nL1: ret #0\nL2: ret a\n");
  for (const Optimize level : {Optimize::none, Optimize::full}) {
    const compose::Plan plan = plan_of({&filter, 1}, level);
    const auto units = detail::units_of(plan);
    for (const Engine engine : native_engines()) {
      jit::Request request = request_of(units, engine);
      const auto whole = jit::compile(request);
      ASSERT_TRUE(whole);
      const std::size_t size = whole->bytes.size();
      request.max_bytes = size;
      ASSERT_TRUE(jit::compile(request));
      request.max_bytes = size - 1;
      const auto refused = jit::compile(request);
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().reason, FallbackReason::code_too_large);
      EXPECT_EQ(refused.error().message, std::to_string(size) + " bytes of code");
    }
  }
}

// Displacements of one byte, of four, and the first and the last that fit one byte: the computed size must be that of
// the code, or it is refused. (Tests of layouts run such code.)
TEST(Compile, FindsItsInputAtAnyDistance) {
  const Program filter = program("ld [args[0].lo]\njeq #5, l\nret #1\nl: ret #0\n");
  for (const Optimize level : {Optimize::none, Optimize::full}) {
    const compose::Plan plan = plan_of({&filter, 1}, level);
    const auto units = detail::units_of(plan);
    for (const Engine engine : native_engines()) {
      std::vector<std::size_t> sizes;
      for (const std::int32_t at : {64, 124, 128, 4092, -64, -128, -132, -4096}) {
        jit::Request request = request_of(units, engine);
        request.input.at[4] = at;
        const auto code = jit::compile(request);
        ASSERT_TRUE(code) << at << ": " << code.error().message;
        sizes.push_back(code->bytes.size());
      }
      const std::size_t near = sizes[0];
      const std::size_t far = near + 3;
      EXPECT_THAT(sizes, testing::ElementsAre(near, near, far, far, near, near, far, far));
    }
  }
}

// Marks ascend, name instructions of the chain, and change nothing about the code.
void check_marks(const std::vector<Program>& filters, Optimize level, Engine engine, Target target) {
  const compose::Plan plan = plan_of(filters, level);
  const auto residuals = detail::find_residuals(plan, rule);
  const auto units = detail::units_of(plan);
  const auto made = [&](bool with_marks) {
    jit::Request request = request_of(units, engine, target);
    request.with_marks = with_marks;
    request.entry_roots = residuals.roots;
    return jit::compile(request);
  };
  const auto plain = made(false);
  const auto marked = made(true);
  ASSERT_TRUE(plain && marked);
  EXPECT_TRUE(plain->marks.empty());
  EXPECT_EQ(plain->bytes, marked->bytes);
  EXPECT_EQ(plain->entries, marked->entries);
  std::uint32_t last = 0;
  for (const jit::Mark& mark : marked->marks) {
    ASSERT_GE(mark.offset, last);
    ASSERT_LT(mark.offset, marked->bytes.size());
    ASSERT_LT(mark.source.filter, filters.size());
    ASSERT_LT(mark.source.pc, filters[mark.source.filter].size());
    last = mark.offset;
  }
}

TEST(Compile, MarksNameInstructions) {
  oracles::ProgramGenerator generator(23);
  for (int i = 0; i < 100 && !HasFailure(); ++i) {
    SCOPED_TRACE(i);
    std::vector<Program> filters;
    for (std::uint64_t n = 1 + generator.next() % 3; n > 0; --n) filters.push_back(program(generator.valid(60)));
    for (const Engine engine : native_engines()) {
      for (const Target target : {Target::x86_64, Target::x86_32}) {
        if (!available(engine, target)) continue;
        for (const Optimize level : {Optimize::none, Optimize::full}) check_marks(filters, level, engine, target);
      }
    }
  }
}

// In baseline form every instruction that makes code is marked, each once.
TEST(Compile, MarksEveryInstructionOfABaselineForm) {
  const Program filter = program("ld [0]\nadd #7\nst M[3]\nldx M[3]\nand x\nret a\n");
  const compose::Plan plan = plan_of({&filter, 1}, Optimize::none);
  const auto units = detail::units_of(plan);
  for (const Engine engine : native_engines()) {
    jit::Request request = request_of(units, engine);
    request.with_marks = true;
    const auto code = jit::compile(request);
    ASSERT_TRUE(code);
    ASSERT_EQ(code->marks.size(), 5u);
    for (std::uint32_t pc = 0; pc < 5; ++pc) EXPECT_EQ(code->marks[pc].source.pc, pc);
    for (std::uint32_t pc = 1; pc < 5; ++pc) EXPECT_GT(code->marks[pc].offset, code->marks[pc - 1].offset);
  }
}

}  // namespace
}  // namespace callgate::test
