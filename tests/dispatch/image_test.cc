// The image of a chain: one value, made once, also without being published.
#include <gtest/gtest.h>

#include <vector>

#include "dispatch/image.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

using compose::Precision;
using detail::Image;
using detail::Stage;

// A result, an argument check, and code by number.
const std::vector<Program>& filters() {
  static const std::vector<Program> all = {
      program("ld [nr]\njeq #1, check\njeq #2, code\nret #ERRNO(7)\n"
              "check: ld [args[0].lo]\njeq #3, ok\nret #ERRNO(8)\nok: ret #ALLOW\n"
              "code: ld [args[1].lo]\nmul #3\nret a")};
  return all;
}

SeccompData call(std::uint32_t nr, std::uint64_t argument = 0) {
  return {.nr = nr, .arch = arch::x86_64, .instruction_pointer = 0, .args = {argument}};
}

class ImageOf : public testing::TestWithParam<Target> {};

TEST_P(ImageOf, ATargetThatNeedNotRunHere) {
  const Engine engine = best(GetParam());
  if (engine == Engine::interpreter) GTEST_SKIP() << "this build has no assembler for the target";
  const Options options;
  const Image image = detail::make_image(filters(), {options, engine, GetParam()});
  EXPECT_EQ(image.engine, engine);
  EXPECT_EQ(image.code.entries.size(), 1 + image.residuals.roots.size());
  EXPECT_TRUE(image.flat.empty());
  EXPECT_EQ(image.look_up(call(0)).value, 0x50007u);
  EXPECT_FALSE(image.look_up(call(1)).in_code);
  EXPECT_EQ(image.look_up(call(1)).value, 0x50008u);
  EXPECT_EQ(image.look_up(call(1, 3)).value, action::allow);
  ASSERT_TRUE(image.look_up(call(2)).in_code);
  EXPECT_EQ(image.look_up(call(2)).value, image.code.entries[1]);
}

TEST_P(ImageOf, AChainWhoseCodeIsDropped) {
  const Options options;
  Image image = detail::make_image(filters(), {options, best(GetParam()), GetParam()});
  detail::drop_code(image, FallbackReason::memory_refused, options);
  EXPECT_EQ(image.engine, Engine::interpreter);
  EXPECT_EQ(image.fallback_reason, FallbackReason::memory_refused);
  EXPECT_TRUE(image.code.bytes.empty());
  EXPECT_FALSE(image.flat.empty());
  EXPECT_EQ(image.look_up(call(0)).value, 0x50007u);
  EXPECT_EQ(image.look_up(call(1)).value, 0x50008u);
  EXPECT_TRUE(image.look_up(call(2)).in_code);
  EXPECT_EQ(image.look_up(call(2)).value, 0u) << "an entry of code that is gone";
}

TEST_P(ImageOf, StagesInTheirOrder) {
  const Options options;
  const Engine engine = best(GetParam());
  std::vector<Stage> stages;
  detail::make_image(filters(), {options, engine, GetParam(), false, [&](Stage stage) { stages.push_back(stage); }});
  std::vector<Stage> expected = {Stage::plan, Stage::table, Stage::code, Stage::fill};
  if (engine == Engine::interpreter) expected = {Stage::plan, Stage::table, Stage::fill};
  EXPECT_EQ(stages, expected);
}

// Code that is too large is made again only with less precision than the plan has.
TEST_P(ImageOf, NoPrecisionTwice) {
  const Engine engine = best(GetParam());
  if (engine == Engine::interpreter) GTEST_SKIP() << "this build has no assembler for the target";
  const Options options{.code_limit = 0};
  const std::vector<Precision> all = {Precision::path_sensitive, Precision::per_number, Precision::number_blind,
                                      Precision::baseline};
  for (std::size_t first = 0; first < all.size(); ++first) {
    std::vector<Precision> asked;
    const auto plan_with = [&](Precision precision) {
      asked.push_back(precision);
      return compose::make_plan(filters(), detail::plan_options(options, precision));
    };
    compose::Plan plan = plan_with(all[first]);
    const Image image = detail::make_image(std::move(plan), plan_with, {options, engine, GetParam()});
    EXPECT_EQ(asked, std::vector<Precision>(all.begin() + static_cast<std::ptrdiff_t>(first), all.end()));
    EXPECT_EQ(image.engine, engine);
    EXPECT_NE(image.plan[0]->baseline(), nullptr);
  }
}

INSTANTIATE_TEST_SUITE_P(Each, ImageOf, testing::Values(Target::x86_64, Target::x86_32),
                         [](const auto& one) { return std::string(name(one.param)); });

}  // namespace
}  // namespace callgate::test
