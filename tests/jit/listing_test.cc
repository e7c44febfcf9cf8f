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

std::string listing_of(std::string_view text, Optimize level) {
  const Program filter = program(text);
  const compose::Plan plan = compose::make_plan({&filter, 1}, {.level = level});
  const auto units = detail::units_of(plan);
  const jit::Request request =
      detail::seccomp_request(units, MergeRule::first_non_allow, Engine::asmjit, Target::x86_64);
  const jit::Flow flow = jit::lower(jit::lower_request(request));
  return jit::listing(flow, jit::lay_out(flow, jit::abi_of(request.target), request.input), request.input, request.target);
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

TEST(Listing, JumpsThatAreNotShort) {
  std::string filter = "ld [0]\njeq #1, L1, L2\nL2: ld [4]\n";
  for (int i = 0; i < 40; ++i) filter += "add #0x12345678\n";
  const std::string text = listing_of(filter + "ret a\nL1: ret #0\n", Optimize::none);
  EXPECT_THAT(text, testing::ContainsRegex("\n  je L[0-9]+\n"));
}

}  // namespace
}  // namespace callgate::test
