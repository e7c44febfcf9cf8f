// With Options::blind_constants no constant of a filter stands in code as it is, and decisions are the same.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <set>
#include <vector>

#include "bpf/opcode.h"
#include "compose/plan.h"
#include "dispatch/action_table.h"
#include "dispatch/units.h"
#include "jit/compile.h"
#include "oracles/generator/inputs.h"
#include "oracles/generator/program_generator.h"
#include "tests/jit/constants.h"
#include "tests/support/chains.h"
#include "tests/support/filters.h"
#include "tests/support/node.h"

namespace callgate::test {
namespace {

constexpr MergeRule rules[] = {MergeRule::first_non_allow, MergeRule::most_restrictive};

bool is_short(std::uint32_t k) { return k <= 0x7f || k >= 0xffffff80; }

// Those that take more than a byte. What has two bytes of 0 on top is left out: displacements of jumps look like that.
std::set<std::uint32_t> constants_of(std::span<const Program> filters) {
  std::set<std::uint32_t> all;
  for (const Program& filter : filters) {
    for (const Insn& insn : filter.instructions()) {
      const bpf::Form form = bpf::find_opcode(insn.code)->form;
      const bool is_constant = form == bpf::Form::imm || form == bpf::Form::branch_imm;
      if (is_constant && !is_short(insn.k) && insn.k > 0xffff) all.insert(insn.k);
    }
  }
  return all;
}

// How many of the constants stand in the code, at any byte.
std::size_t standing(std::span<const std::uint8_t> code, const std::set<std::uint32_t>& constants) {
  std::set<std::uint32_t> found;
  for (std::size_t at = 0; at + 4 <= code.size(); ++at) {
    std::uint32_t word;
    std::memcpy(&word, code.data() + at, sizeof word);
    if (constants.count(word) != 0) found.insert(word);
  }
  return found.size();
}

jit::Code compiled(std::span<const Program> filters, Engine engine, Target target, MergeRule rule,
                   compose::Precision precision, jit::BlindingKey key) {
  const compose::Plan plan = compose::make_plan(filters, {.rule = rule, .precision = precision});
  const auto residuals = detail::find_residuals(plan, rule);
  const auto units = detail::units_of(plan);
  jit::Request request = detail::seccomp_request(units, rule, engine, target);
  request.entry_roots = residuals.roots;
  request.blinding = key;
  auto code = jit::compile(request);
  if (!code) throw std::runtime_error(code.error().message);
  return std::move(*code);
}

struct Count {
  std::size_t plain = 0;
  std::size_t blinded = 0;
};

// In the code of every assembler, target, rule and precision.
void count(std::span<const Program> filters, std::uint64_t key, Count& sum) {
  const std::set<std::uint32_t> constants = constants_of(filters);
  for (const Engine engine : {Engine::xbyak, Engine::asmjit}) {
    for (const Target target : {Target::x86_64, Target::x86_32}) {
      if (!available(engine, target)) continue;
      for (const MergeRule rule : rules) {
        for (const auto precision : {compose::Precision::path_sensitive, compose::Precision::baseline}) {
          SCOPED_TRACE(testing::Message() << name(engine) << ", " << name(target) << ", " << name(rule) << ", "
                                          << compose::name(precision));
          sum.plain += standing(compiled(filters, engine, target, rule, precision, {}).bytes, constants);
          const jit::Code blinded = compiled(filters, engine, target, rule, precision, {true, key});
          EXPECT_EQ(standing(blinded.bytes, constants), 0u);
          EXPECT_EQ(compiled(filters, engine, target, rule, precision, {true, key}).bytes, blinded.bytes);
        }
      }
    }
  }
}

constexpr std::uint32_t chosen[] = {0x9090cc31, 0xfa1e0ff3, 0x00c3b00f, 0x58585858};

TEST(Blinding, NoConstantStandsInCodeInWhateverPlace) {
  Count sum;
  for (const std::uint32_t k : chosen) {
    if (jit::is_landing_pad(k)) continue;  // stands in front of every entry
    for (const std::string& text : filters_with(k)) {
      SCOPED_TRACE(text);
      const Program filter = program(text);
      ASSERT_NO_FATAL_FAILURE(count(std::span(&filter, 1), k * std::uint64_t{0x9e3779b97f4a7c15}, sum));
    }
  }
  if (!native_engines().empty()) {
    EXPECT_GT(sum.plain, 1000u) << "the test must be able to fail";
  }
}

TEST(Blinding, NoConstantOfRandomChainsStandsInCode) {
  oracles::ProgramGenerator generator(301);
  Count sum;
  for (int round = 0; round < 40 && !HasFailure(); ++round) {
    std::vector<Program> filters;
    for (std::uint64_t n = 1 + generator.next() % 3; n > 0; --n) filters.push_back(program(generator.valid(80)));
    count(filters, generator.next(), sum);
  }
  if (!native_engines().empty()) {
    EXPECT_GT(sum.plain, 300u) << "of one assembler alone";
  }
}

// Layouts: words far from the base, one word at a time, read once.
std::vector<InputLayout> layouts() {
  InputLayout far = InputLayout::seccomp_data();
  for (InputWord& word : far.words) word.value += 512;
  return {InputLayout::seccomp_data(), far, InputLayout::split(arch::x86_64),
          InputLayout::seccomp_data().with_single_fetch()};
}

void expect_same(std::span<const Program> filters, std::span<const SeccompData> calls) {
  const std::vector<Program> all(filters.begin(), filters.end());
  for (const MergeRule rule : rules) {
    for (Options options : all_options(rule)) {
      options.blind_constants = true;
      const Chain chain = chain_of(all, options);
      if (!native_engines().empty()) {
        ASSERT_EQ(chain.fallback_reason(),
                  options.no_exec_memory ? FallbackReason::no_exec_memory : FallbackReason::none);
      }
      for (const SeccompData& call : calls) {
        ASSERT_EQ(chain.evaluate(call), oracles::reference(all, rule, call)) << describe(options);
      }
    }
  }
}

TEST(Blinding, DecisionsOfEveryPlaceAreTheSame) {
  for (const std::uint32_t k : {chosen[0], chosen[1]}) {
    std::vector<SeccompData> calls;
    for (const std::uint64_t lo : {0u, 1u, 7u, 20u, 0x1000u, k - 1, k, k + 1, k + 4, k + 0x1000, ~k, ~0u}) {
      for (const std::uint64_t hi : {0u, k, ~0u}) {
        calls.push_back({static_cast<std::uint32_t>(lo), arch::x86_64, 0, {hi << 32 | lo, 5, hi, 0, 0, 1}});
      }
    }
    for (const std::string& text : filters_with(k)) {
      SCOPED_TRACE(text);
      const Program filters[] = {program("ld [args[5].lo]\njeq #1, no\nret #ALLOW\nno: ret #0x50001"), program(text)};
      ASSERT_NO_FATAL_FAILURE(expect_same(filters, calls));
    }
  }
}

TEST(Blinding, DecisionsOfRandomChainsAreTheSame) {
  oracles::ProgramGenerator generator(302);
  for (int round = 0; round < 40; ++round) {
    SCOPED_TRACE(round);
    std::vector<Program> filters;
    std::vector<SeccompData> calls;
    for (std::uint64_t n = 1 + generator.next() % 3; n > 0; --n) filters.push_back(program(generator.valid(80)));
    for (const Program& filter : filters) {
      for (const SeccompData& call : oracles::inputs_for(filter.instructions(), generator.next(), 12)) {
        calls.push_back(call);
      }
    }
    ASSERT_NO_FATAL_FAILURE(expect_same(filters, calls));
  }
}

// The words of a 64-bit comparison, in each layout.
TEST(Blinding, WideComparisons) {
  const Program filter = program(
      "ld [args[0].hi]\njgt #0x1234567, yes\njeq #0x1234567, low, no\n"
      "low: ld [args[0].lo]\njge #0x89abcdef, yes, next\nnext: ld [args[1].hi]\njeq #0, b, no\n"
      "b: ld [args[1].lo]\njge #0x12345, c, no\nc: jgt #0x23456, no, yes\nyes: ret #TRAP\nno: ret #ALLOW");
  std::vector<SeccompData> calls;
  for (const std::uint64_t a : {std::uint64_t{0}, std::uint64_t{0x123456789abcdef}, std::uint64_t{0x123456789abcdee}}) {
    for (const std::uint64_t b : {0x12344u, 0x12345u, 0x23456u, 0x23457u, 0xffffffffu}) {
      calls.push_back({1, arch::x86_64, 0, {a, b, 0, 0, 0, 0}});
      calls.push_back({1, arch::x86_64, 0, {a, b | std::uint64_t{1} << 32, 0, 0, 0, 0}});
    }
  }
  for (const InputLayout& layout : layouts()) {
    for (Options options : all_options()) {
      options.blind_constants = true;
      options.layout = layout;
      const Chain chain = chain_of({filter}, options);
      for (const SeccompData& call : calls) {
        alignas(8) std::array<std::uint32_t, 512> frame{};
        for (std::uint32_t i = 0; i < 16; ++i) {
          const InputWord& word = layout.words[i];
          if (!word.is_constant)
            std::memcpy(frame.data() + word.value / 4, reinterpret_cast<const char*>(&call) + 4 * i, 4);
        }
        if (layout == InputLayout::split(arch::x86_64)) continue;
        ASSERT_EQ(chain.evaluate_frame(static_cast<const void*>(frame.data())), interpret(filter, call))
            << describe(options);
      }
    }
  }
}

// What lies in the executable memory of a chain: not the same twice.
TEST(Blinding, PublishedCode) {
  const std::vector<Program> filters = {
      program("ld [args[0].lo]\nmul #0x9090cc31\njgt #0x58c3b00f, yes\nret #0x7fff1234\nyes: ret #0x5abcd")};
  const std::set<std::uint32_t> constants = constants_of(filters);
  ASSERT_EQ(constants.size(), 4u);
  for (const Options& given : all_options()) {
    Options options = given;
    const auto code_of = [](const Chain& chain) {
      return std::vector<std::uint8_t>(node_of(chain).memory.code(), node_of(chain).memory.code() + chain.sizes().code);
    };
    const Chain plain = chain_of(filters, options);
    if (plain.engine() == Engine::interpreter) continue;
    EXPECT_GE(standing(code_of(plain), constants), 2u) << describe(options);
    options.blind_constants = true;
    const Chain first = chain_of(filters, options);
    const Chain second = chain_of(filters, options);
    EXPECT_EQ(standing(code_of(first), constants), 0u) << describe(options);
    EXPECT_NE(code_of(first), code_of(second)) << describe(options);
  }
}

TEST(Blinding, MasksHideEveryByteAndMakeNoLandingPad) {
  oracles::ProgramGenerator random(303);
  for (int i = 0; i < 20'000; ++i) {
    const jit::BlindingKey key{true, random.next()};
    const std::uint64_t value = i % 3 == 0 ? 0xfa1e0ff3fa1e0ff3 >> (i % 64) : random.next() >> (i % 64);
    const std::uint64_t mask = key.mask(value);
    EXPECT_FALSE(jit::has_landing_pad(mask) || jit::has_landing_pad(value ^ mask));
    for (unsigned shift = 0; shift < 64; shift += 8) EXPECT_NE(mask >> shift & 0xff, 0u);
    EXPECT_EQ(mask, key.mask(value));
  }
  EXPECT_NE(jit::make_blinding_key().value, jit::make_blinding_key().value);
}

}  // namespace
}  // namespace callgate::test
