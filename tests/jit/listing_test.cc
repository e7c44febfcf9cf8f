// Instructions and jumps as text, where no golden listing has them.
#include "jit/listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compose/plan.h"
#include "dispatch/units.h"
#include "jit/compile.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

using testing::HasSubstr;

std::string listing_of(const jit::Request& request) {
  const jit::Flow flow = jit::lower(jit::lower_request(request));
  return jit::listing(flow, jit::lay_out(flow, jit::abi_of(request.target), request.input), request.input,
                      request.target);
}

jit::Request request_of(std::span<const jit::Unit> units) {
  return detail::seccomp_request(units, MergeRule::first_non_allow, Engine::asmjit, Target::x86_64);
}

std::string listing_of(std::string_view text, Optimize level) {
  const Program filter = program(text);
  const compose::Plan plan = compose::make_plan({&filter, 1}, {.level = level});
  return listing_of(request_of(detail::units_of(plan)));
}

TEST(Listing, ShiftsByConstants) {
  const std::string text = listing_of("ld [16]\nrsh #3\nlsh #5\nret a\n", Optimize::none);
  EXPECT_THAT(text, HasSubstr("shr eax, 0x3\n"));
  EXPECT_THAT(text, HasSubstr("shl eax, 0x5\n"));
}

TEST(Listing, ComparesWholeArgumentsInMemory) {
  const std::string text = listing_of(
      "ld [20]\njeq #0, L1, L3\nL1: ld [16]\njeq #5, L2, L3\nL2: ret #0\nL3: ret #0x7fff0000\n", Optimize::full);
  EXPECT_THAT(text, HasSubstr("cmp qword [rdi + 16], 0x5\n"));
}

// The compiler knows no dialect by itself: the size of the input, its 64-bit values and the results that go on are
// data.
TEST(Listing, TakesTheDialectFromTheRequest) {
  const Program length = program("ld len\nret a\n");
  const Program halves = program("ld [20]\njeq #0, L1, L3\nL1: ld [16]\njeq #5, L2, L3\nL2: ret #0\nL3: ret #9\n");
  const compose::Plan baseline = compose::make_plan({&length, 1}, {.level = Optimize::none});
  const compose::Plan graph = compose::make_plan({&halves, 1}, {});
  for (const bool is_seccomp : {true, false}) {
    SCOPED_TRACE(is_seccomp);
    const auto listing_for = [&](const compose::Plan& plan) {
      const auto units = detail::units_of(plan);
      jit::Request request = request_of(units);
      if (!is_seccomp) request.input = jit::identity_map({.bytes = 40, .class_words = 0, .halves = 0});
      if (!is_seccomp) request.sequence = {.action_mask = 0xff, .goes_on = 0x12};
      return listing_of(request);
    };
    const std::string of_length = listing_for(baseline);
    EXPECT_THAT(of_length, HasSubstr(is_seccomp ? "mov eax, 0x40\n" : "mov eax, 0x28\n"));
    EXPECT_THAT(of_length, HasSubstr(is_seccomp ? "and ecx, 0xffff0000\n" : "and ecx, 0xff\n"));
    EXPECT_THAT(of_length, HasSubstr(is_seccomp ? "cmp ecx, 0x7fff0000\n" : "cmp ecx, 0x12\n"));
    EXPECT_THAT(listing_for({}), HasSubstr(is_seccomp ? "mov eax, 0x7fff0000\n" : "mov eax, 0x12\n"));
    const std::string of_halves = listing_for(graph);
    EXPECT_EQ(of_halves.find("qword") != std::string::npos, is_seccomp) << of_halves;
  }
}

TEST(Listing, JumpsThatAreNotShort) {
  std::string filter = "ld [0]\njeq #1, L1, L2\nL2: ld [4]\n";
  for (int i = 0; i < 40; ++i) filter += "add #0x12345678\n";
  const std::string text = listing_of(filter + "ret a\nL1: ret #0\n", Optimize::none);
  EXPECT_THAT(text, testing::ContainsRegex("\n  je L[0-9]+\n"));
}

}  // namespace
}  // namespace callgate::test
