// Every verdict is asked again of two solvers, which get the instructions and nothing of the engine's.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <optional>

#include "bpf/disassembler.h"
#include "proof/compare.h"
#include "proof/smt2.h"
#include "tests/proof/pairs.h"
#include "tests/proof/solver_command.h"

namespace callgate::test {
namespace {

using proof::Verdict;

// CALLGATE_PROOF_PAIRS is for scripts/nightly.sh.
int pair_count() {
  const char* const wanted = std::getenv("CALLGATE_PROOF_PAIRS");
  return wanted == nullptr ? 300 : std::atoi(wanted);
}

struct Solver {
  const char* name;
  std::vector<std::string> words;
};

const Solver solvers[] = {
    {"z3", {"z3", "-in"}},
    {"cvc5", {"cvc5", "--lang=smt2", "--incremental", "--tlimit-per=20000"}},
};

std::string text_of(const Pair& pair) {
  std::string text = pair.rule == MergeRule::first_non_allow ? "first_non_allow\n" : "most_restrictive\n";
  for (const auto* chain : {&pair.before, &pair.after}) {
    for (const Program& program : *chain) text += bpf::disassemble(program.instructions()) + "---\n";
    text += "====\n";
  }
  return text;
}

class Solvers : public testing::TestWithParam<Solver> {
 protected:
  void SetUp() override {
    if (!is_installed(GetParam().name)) GTEST_SKIP() << GetParam().name << " is not installed";
  }
};

TEST_P(Solvers, AgreeOnGeneratedPairs) {
  std::optional<SolverCommand> solver;
  oracles::ProgramGenerator generator(31);
  oracles::Random random(32);
  int counts[3] = {};
  for (int i = 0; i < pair_count(); ++i) {
    const Pair pair = make_pair(generator, random);
    const auto comparison = proof::compare(pair.old_chain(), pair.new_chain());
    ++counts[static_cast<int>(comparison.verdict)];
    if (comparison.verdict == Verdict::not_decided) continue;
    // What a solver has learned makes it slower here: now and then it begins anew.
    if (i % 100 == 0 || !solver) {
      solver.emplace(GetParam().words);
      solver->tell("(set-logic QF_BV)\n" + proof::smt2_declarations());
    }
    solver->tell("(push 1)\n" + proof::smt2_difference(pair.old_chain(), pair.new_chain(), "p") +
                 "(check-sat)\n(pop 1)\n");
    const std::string answer = solver->answer();
    if (answer == "unknown") continue;
    ASSERT_EQ(answer, comparison.verdict == Verdict::equal ? "unsat" : "sat") << i << "\n" << text_of(pair);
  }
  std::printf("%s: %d equal, %d different, %d not decided\n", GetParam().name, counts[0], counts[1], counts[2]);
  EXPECT_GT(counts[0], pair_count() / 10);
  EXPECT_GT(counts[1], pair_count() / 10);
  EXPECT_LE(counts[2], pair_count() / 200);
}

INSTANTIATE_TEST_SUITE_P(Each, Solvers, testing::ValuesIn(solvers),
                         [](const auto& solver) { return std::string(solver.param.name); });

}  // namespace
}  // namespace callgate::test
