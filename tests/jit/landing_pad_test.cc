// A filter cannot put a landing pad (ENDBR) into the code that is made of it, with any constant at any place.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "callgate/callgate.hpp"
#include "compose/plan.h"
#include "dispatch/action_table.h"
#include "dispatch/units.h"
#include "jit/compile.h"
#include "jit/landing_pad.h"
#include "tests/jit/constants.h"
#include "tests/support/agree.h"
#include "tests/support/chains.h"
#include "tests/support/filters.h"
#include "tests/support/run_everywhere.h"

namespace callgate::test {
namespace {

constexpr std::array<std::uint32_t, 2> pads = {0xfa1e0ff3, 0xfb1e0ff3};

// The constants of which a landing pad, or a part of one that the next bytes could complete, is made.
std::vector<std::uint32_t> constants() {
  std::vector<std::uint32_t> all;
  for (const std::uint32_t pad : pads) {
    all.insert(all.end(), {pad - 1, pad, pad + 1, ~pad, 0 - pad});
    for (unsigned bits = 8; bits < 32; bits += 8) all.insert(all.end(), {pad << bits, pad >> bits});
  }
  return all;
}

// Comparisons of 64 bits whose constant has the bytes of the landing pad from byte `at` on.
std::vector<std::string> wide_filters(std::uint32_t pad, unsigned at, std::uint64_t around) {
  const std::uint64_t mask = std::uint64_t{0xffffffff} << 8 * at;
  const std::uint64_t k = (around & ~mask) | std::uint64_t{pad} << 8 * at;
  const std::string hi = hex(static_cast<std::uint32_t>(k >> 32));
  const std::string lo = hex(static_cast<std::uint32_t>(k));
  const std::string ends = "\nyes: ret #TRAP\nno: ret #ALLOW";
  std::vector<std::string> all;
  all.push_back("ld [args[0].hi]\njeq " + hi + ", low, no\nlow: ld [args[0].lo]\njeq " + lo + ", yes, no" + ends);
  for (const char* compare : {"jgt", "jge"}) {
    all.push_back("ld [args[0].hi]\njgt " + hi + ", yes\njeq " + hi + ", low, no\nlow: ld [args[0].lo]\n" + compare +
                  " " + lo + ", yes, no" + ends);
  }
  std::string members = "ld [args[0].hi]\njeq #0, low, no\nlow: ld [args[0].lo]\n";  // a set of 64
  for (std::uint32_t i = 0; i < 64; ++i) {
    if ((k >> i & 1) != 0) members += "jeq #" + std::to_string(i) + ", yes\n";
  }
  all.push_back(members + "ja no" + ends);
  return all;
}

std::size_t count_pads(const std::vector<std::uint8_t>& code) {
  std::size_t count = 0;
  for (std::size_t i = 0; i + 4 <= code.size(); ++i) {
    if (code[i] == 0xf3 && code[i + 1] == 0x0f && code[i + 2] == 0x1e && (code[i + 3] | 1) == 0xfb) ++count;
  }
  return count;
}

constexpr compose::Precision precisions[] = {compose::Precision::path_sensitive, compose::Precision::number_blind,
                                             compose::Precision::baseline};

void expect_no_pad_in_code(std::span<const Program> filters) {
  for (const Engine engine : {Engine::xbyak, Engine::asmjit}) {
    for (const Target target : {Target::x86_64, Target::x86_32}) {
      if (!available(engine, target)) continue;
      for (const MergeRule rule : {MergeRule::first_non_allow, MergeRule::most_restrictive}) {
        for (const compose::Precision precision : precisions) {
          const Optimize level = precision == compose::Precision::baseline ? Optimize::none : Optimize::full;
          const compose::Plan plan =
              compose::make_plan(filters, {.rule = rule, .level = level, .precision = precision});
          const auto residuals = detail::find_residuals(plan, rule);
          const auto units = detail::units_of(plan);
          jit::Request request = detail::seccomp_request(units, rule, engine, target);
          request.entry_roots = residuals.roots;
          const auto code = jit::compile(request);
          ASSERT_TRUE(code) << code.error().message;
          ASSERT_EQ(count_pads(code->bytes), 1 + residuals.roots.size())
              << name(engine) << ", " << name(target) << ", " << name(rule) << ", " << compose::name(precision);
        }
      }
    }
  }
}

void check_code(const std::string& text) {
  SCOPED_TRACE(text);
  const std::vector<Program> one = {program(text)};
  ASSERT_NO_FATAL_FAILURE(expect_no_pad_in_code(one));
  const std::vector<Program> two = {program("ld [args[5].lo]\njeq #1, no\nret #ALLOW\nno: ret #0x50001"), one[0]};
  ASSERT_NO_FATAL_FAILURE(expect_no_pad_in_code(two));
}

TEST(LandingPads, AreNotMadeOfConstants) {
  for (const std::uint32_t k : constants()) {
    for (const std::string& text : filters_with(k)) ASSERT_NO_FATAL_FAILURE(check_code(text));
  }
}

TEST(LandingPads, AreNotMadeOfConstantsOf64Bits) {
  for (const std::uint32_t pad : pads) {
    for (unsigned at = 0; at <= 4; ++at) {
      for (const std::uint64_t around : {std::uint64_t{0}, ~std::uint64_t{0}, std::uint64_t{0x123456789abcdef0}}) {
        for (const std::string& text : wide_filters(pad, at, around)) ASSERT_NO_FATAL_FAILURE(check_code(text));
      }
    }
  }
}

// What is written in another way decides the same.
TEST(LandingPads, ConstantsOfTheirBytesDecideTheSame) {
  for (const std::uint32_t pad : pads) {
    std::vector<SeccompData> inputs;
    for (const std::uint64_t lo : {0u, 1u, 7u, 20u, 0x1000u, pad - 1, pad, pad + 1, pad + 4, pad + 0x1000, ~pad, ~0u}) {
      for (const std::uint64_t hi : {0u, 1u, pad, pad + 1, ~0u}) {
        inputs.push_back({static_cast<std::uint32_t>(lo), arch::x86_64, 0, {hi << 32 | lo, 5, hi, 0, 0, 1}});
        inputs.push_back({static_cast<std::uint32_t>(lo), arch::x86_64, 0, {hi << 32 | lo, pad, lo, 0, 0, 0}});
      }
    }
    std::vector<std::string> texts = filters_with(pad);
    for (unsigned at = 0; at <= 4; ++at) {
      for (std::string& text : wide_filters(pad, at, 0)) texts.push_back(std::move(text));
    }
    for (const std::string& text : texts) {
      SCOPED_TRACE(text);
      const std::vector<Program> filters = {program("ld [args[5].lo]\njeq #1, no\nret #ALLOW\nno: ret #0x50001"),
                                            program(text)};
      ASSERT_AGREE(filters, inputs);
    }
  }
}

// Such a filter is compiled like every other, not left to the interpreter.
TEST(LandingPads, FiltersWithTheirBytesAreCompiled) {
  const Program filter = program("ld [args[0].lo]\nmul #0xfa1e0ff3\nret a");
  for (const Engine engine : native_engines()) {
    for (const Optimize level : {Optimize::none, Optimize::full}) {
      const Chain chain = chain_of({filter}, {.engine = engine, .optimize = level});
      EXPECT_EQ(chain.engine(), engine);
      EXPECT_EQ(chain.fallback_reason(), FallbackReason::none);
    }
  }
}

// ---- the pieces --------------------------------------------------------------------------------------------------

TEST(LandingPads, AreFoundAtEveryByteOfAConstant) {
  for (const std::uint32_t pad : pads) {
    EXPECT_TRUE(jit::is_landing_pad(pad));
    for (unsigned at = 0; at <= 4; ++at) EXPECT_TRUE(jit::has_landing_pad(std::uint64_t{pad} << 8 * at)) << at;
    for (unsigned bit = 0; bit < 32; ++bit) {
      EXPECT_EQ(jit::is_landing_pad(pad ^ 1u << bit), bit == 24) << bit;
    }
    EXPECT_FALSE(jit::has_landing_pad(std::uint64_t{pad} << 4));
  }
}

TEST(LandingPads, AMaskRemovesThemAndMakesNone) {
  for (const std::uint32_t first : pads) {
    for (unsigned at = 0; at <= 4; ++at) {
      for (const std::uint64_t mask : {0u, 1u, 2u, 4u, 0x80u}) {  // a second one, which a mask could uncover
        for (unsigned other = 0; other <= 4; ++other) {
          const std::uint64_t second = (first ^ mask * 0x01010101) << 8 * other;
          const std::uint64_t value = std::uint64_t{first} << 8 * at | second;
          const std::uint64_t found = jit::blinding_mask(value);
          EXPECT_FALSE(jit::has_landing_pad(found));
          EXPECT_FALSE(jit::has_landing_pad(value ^ found)) << std::hex << value;
        }
      }
    }
  }
}

TEST(LandingPads, OfCodeAreThoseOfItsEntries) {
  const std::vector<std::uint8_t> pad = {0xf3, 0x0f, 0x1e, 0xfa};
  for (std::size_t at = 0; at < 12; ++at) {
    for (const std::uint8_t last : {std::uint8_t{0xfa}, std::uint8_t{0xfb}}) {
      std::vector<std::uint8_t> code(20, 0xf3);
      std::copy(pad.begin(), pad.end(), code.begin());
      std::copy(pad.begin(), pad.end(), code.begin() + 4 + static_cast<std::ptrdiff_t>(at));
      code[4 + at + 3] = last;
      const auto second = static_cast<std::uint32_t>(4 + at);
      EXPECT_TRUE(jit::lands_at_entries_only(code, std::vector<std::uint32_t>{0, second}));
      EXPECT_FALSE(jit::lands_at_entries_only(code, std::vector<std::uint32_t>{0})) << "one more, at " << second;
      EXPECT_FALSE(jit::lands_at_entries_only(code, std::vector<std::uint32_t>{0, second, 16})) << "an entry without";
      EXPECT_FALSE(jit::lands_at_entries_only(code, std::vector<std::uint32_t>{0, 18})) << "an entry outside";
    }
  }
  EXPECT_FALSE(jit::lands_at_entries_only({}, std::vector<std::uint32_t>{0}));
  EXPECT_TRUE(jit::lands_at_entries_only({}, {}));
}

}  // namespace
}  // namespace callgate::test
