// What code a chain costs: equal checks are made in one place, a filter again costs nothing, and a limit on the code is
// kept, visibly and with right decisions.
#include <gtest/gtest.h>

#include <vector>

#include "compose/filter_graph.h"
#include "oracles/generator/inputs.h"
#include "oracles/generator/program_generator.h"
#include "tests/support/chains.h"
#include "tests/support/filters.h"
#include "tests/support/node.h"

namespace callgate::test {
namespace {

class CodeOf : public testing::TestWithParam<Engine> {};

std::uint32_t word_of(const Chain& chain, std::uint32_t nr, std::uint32_t arch_value = arch::x86_64) {
  return data_word(chain, nr, arch_value);
}

// Number 5 and others ask what `first` says, 9 asks the same in other words, 301 asks something else.
Chain asked_alike(Engine engine, const std::string& first, const std::string& second, const std::string& other) {
  return chain_of({program("ld [nr]\njeq #5, first\njeq #9, second\njeq #300, first\njeq #301, other\nret #ALLOW\n"
                           "first: " +
                           first + "second: " + second + "other: " + other + "ok: ret #ALLOW\nno: ret #ERRNO(13)")},
                  {.engine = engine});
}

// One look at one argument is data, not code.
TEST_P(CodeOf, NumbersThatAreCheckedAlikeShareTheCheck) {
  const Chain chain = asked_alike(GetParam(), "ld [args[0].lo]\njeq #1, no, ok\n",
                                  "ld [args[0].lo]\njge #2, ok\njeq #0, ok, no\n", "ld [args[1].lo]\njeq #1, no, ok\n");
  const std::uint32_t word = word_of(chain, 5);
  ASSERT_TRUE(callgate_is_residual(word) && word < CALLGATE_CODE_BASE);
  EXPECT_EQ(word_of(chain, 300), word);
  EXPECT_EQ(word_of(chain, 5, arch::x86_32), word) << "the filter does not look at the architecture";
  EXPECT_EQ(word_of(chain, 9), word) << "another text of the same check";
  EXPECT_NE(word_of(chain, 301), word);
  EXPECT_EQ(word_of(chain, 7), action::allow);
}

TEST_P(CodeOf, NumbersThatAreCheckedAlikeShareTheCode) {
  const std::string both = "ld [args[0].lo]\nmul #3\njeq #1, x, ok\nx: ld [args[1].lo]\njeq #1, no, ok\n";
  const std::string again =
      "ld [args[0].lo]\nmul #3\njge #2, ok\njeq #0, ok\nld [args[1].lo]\njgt #1, ok\njge #1, no, ok\n";
  const std::string other = "ld [args[1].lo]\nmul #5\njeq #1, z, ok\nz: ld [args[2].lo]\njeq #1, no, ok\n";
  const Chain chain = asked_alike(GetParam(), both, again, other);
  const std::uint32_t word = word_of(chain, 5);
  ASSERT_TRUE(callgate_is_residual(word) && word >= CALLGATE_CODE_BASE);
  EXPECT_EQ(word_of(chain, 300), word);
  EXPECT_EQ(word_of(chain, 5, arch::x86_32), word);
  EXPECT_NE(word_of(chain, 301), word);
  const Chain without = asked_alike(GetParam(), both, "ja ok\n", other);
  EXPECT_LE(chain.sizes().code, without.sizes().code + 48)
      << "an entry, and three comparisons of the number where it has no table";
}

// The classes share what is below, also where they differ above.
TEST_P(CodeOf, ResidualsThatMeetShareTheRest) {
  std::string text = "ld [nr]\n";
  for (int nr = 0; nr < 100; ++nr) text += "jeq #" + std::to_string(nr) + ", n" + std::to_string(nr) + "\n";
  text += "ret #ALLOW\n";
  for (int nr = 0; nr < 100; ++nr) {
    text += "n" + std::to_string(nr) + ": ld [args[0].lo]\njeq #" + std::to_string(nr) + ", yes\nja rest\n";
  }
  text += "yes: ret #TRAP\nrest: ld [args[1].lo]\n";
  for (int i = 0; i < 40; ++i)
    text += "jset #" + std::to_string(1u << i % 24) + ", r" + std::to_string(i) + "\nret #ERRNO(" + std::to_string(i) +
            ")\nr" + std::to_string(i) + ": ld [args[" + std::to_string(2 + i % 4) + "].lo]\n";
  text += "ret #ALLOW";
  const Program filter = program(insns(text, bpf::LongJumps::bridge));
  const Chain chain = chain_of({filter}, {.engine = GetParam()});
  EXPECT_LE(chain.sizes().code, 100u * 32 + 40 * 40);
}

// Sixteen copies: facts that are forgotten (compose/specialise.h keeps few) cost questions, but nothing multiplies; and
// real checks cost nothing again.
TEST_P(CodeOf, AFilterAgainCostsNothing) {
  oracles::ProgramGenerator generator(95);
  int graphs = 0;
  for (int i = 0; i < 20; ++i) {
    const Program filter = program(generator.valid(40));
    if (!compose::build(filter)) continue;  // baseline forms share nothing
    ++graphs;
    const std::size_t once = chain_of({filter}, {.engine = GetParam()}).sizes().code;
    const Chain many = chain_of(std::vector<Program>(16, filter), {.engine = GetParam()});
    RecordProperty("filter_" + std::to_string(i), std::to_string(once) + " " + std::to_string(many.sizes().code));
    EXPECT_LE(many.sizes().code, 6 * once) << "filter " << i;
  }
  EXPECT_GE(graphs, 15);
  const Program checks = program(
      "ld [nr]\njeq #1, l\nret #ALLOW\nl: ld [args[0].hi]\njeq #0, m\nret #TRAP\n"
      "m: ld [args[0].lo]\njgt #100, n\nret #ALLOW\nn: ret #TRAP");
  EXPECT_EQ(chain_of(std::vector<Program>(64, checks), {.engine = GetParam()}).sizes().code,
            chain_of({checks}, {.engine = GetParam()}).sizes().code);
}

// Every check of an argument by another number, so that every number is a residual of its own.
Program many_residuals() {
  std::string text = "ld [nr]\n";
  for (int nr = 0; nr < 60; ++nr) {
    const std::string n = std::to_string(nr);
    text += "jneq #" + n + ", x" + n + "\nld [args[" + std::to_string(nr % 6) + "].lo]\njeq #" + n + "000, y" + n +
            "\nret #ALLOW\ny" + n + ": ret #ERRNO(" + n + ")\nx" + n + ": ";
  }
  return program(text + "ld [args[3].lo]\njset #0x80, no\nret #ALLOW\nno: ret #TRAP");
}

compose::Precision detail_of(const Chain& chain) {
  const compose::Plan& plan = node_of(chain).plan;
  const compose::ChainGraph* decisions = plan.empty() ? nullptr : plan[0]->chain_graph();
  return decisions == nullptr ? compose::Precision::baseline : decisions->precision;
}

TEST_P(CodeOf, IsLimited) {
  const std::vector<Program> filters = {many_residuals(),
                                        program("ld [args[5].lo]\njeq #77, no\nret #ALLOW\nno: ret #LOG")};
  std::vector<SeccompData> calls;
  for (const Program& filter : filters) {
    const auto more = oracles::inputs_for(filter.instructions(), 5, 100);
    calls.insert(calls.end(), more.begin(), more.end());
  }
  for (const MergeRule rule : {MergeRule::first_non_allow, MergeRule::most_restrictive}) {
    compose::Precision before = compose::Precision::baseline;
    bool seen[4] = {};
    for (const std::uint32_t limit :
         {0u, 1u, 100u, 500u, 1000u, 1500u, 2000u, 2500u, 3000u, 4000u, 6000u, 10000u, max_code_bytes, ~0u}) {
      const Chain chain = chain_of(filters, {.engine = GetParam(), .rule = rule, .code_limit = limit});
      SCOPED_TRACE(testing::Message() << "limit " << limit << ", " << name(rule));
      ASSERT_EQ(chain.engine(), GetParam());
      const compose::Precision precision = detail_of(chain);
      seen[static_cast<int>(precision)] = true;
      EXPECT_LE(precision, before) << "more room, no less precision";
      before = precision;
      if (precision != compose::Precision::baseline) {
        EXPECT_LE(chain.sizes().code, std::min(limit, max_code_bytes));
      }
      for (const SeccompData& call : calls) ASSERT_EQ(chain.evaluate(call), reference(filters, rule, call).result);
      const Chain more = sound(chain.attach(filters[1]));
      for (const SeccompData& call : calls) {
        ASSERT_EQ(more.evaluate(call), reference({filters[0], filters[1], filters[1]}, rule, call).result);
      }
    }
    EXPECT_TRUE(seen[static_cast<int>(compose::Precision::baseline)]);
    EXPECT_TRUE(seen[static_cast<int>(compose::Precision::number_blind)]);
    EXPECT_EQ(before, compose::Precision::path_sensitive);
  }
}

// The same with random chains: whatever is left out, the decision is right.
TEST_P(CodeOf, IsRightAtEveryLimit) {
  oracles::ProgramGenerator generator(96);
  for (int i = 0; i < 40; ++i) {
    std::vector<Program> filters;
    for (std::uint64_t n = 1 + generator.next() % 3; n > 0; --n) filters.push_back(program(generator.valid(40)));
    const auto calls = oracles::inputs_for(filters[0].instructions(), generator.next(), 16);
    for (const MergeRule rule : {MergeRule::first_non_allow, MergeRule::most_restrictive}) {
      for (const std::uint32_t limit : {16u, 200u, 800u, 3000u}) {
        const Chain chain = chain_of(filters, {.engine = GetParam(), .rule = rule, .code_limit = limit});
        for (const SeccompData& call : calls) {
          ASSERT_EQ(chain.evaluate(call), reference(filters, rule, call).result)
              << "chain " << i << ", limit " << limit;
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, CodeOf, testing::ValuesIn(native_engines()),
                         [](const auto& test) { return std::string(name(test.param)); });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CodeOf);

}  // namespace
}  // namespace callgate::test
