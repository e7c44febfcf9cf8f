// All programs of up to three instructions over an alphabet, on all engines of this process. What must pass with every
// change is a part of it; CALLGATE_EXHAUST=full takes all of it, and four instructions over a smaller alphabet
// (scripts/nightly.sh).
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <thread>

#include "bpf/opcode.h"
#include "oracles/exhaustive/compiled_chain.h"
#include "oracles/exhaustive/exhaust.h"
#include "verifier/verify.h"

namespace callgate::oracles {
namespace {

bool is_full() {
  const char* wanted = std::getenv("CALLGATE_EXHAUST");
  return wanted != nullptr && std::string(wanted) == "full";
}

// What takes a second optimised takes a quarter of a minute with assertions.
#ifdef NDEBUG
constexpr bool is_slow = false;
#else
constexpr bool is_slow = true;
#endif

unsigned jobs() { return is_full() ? std::max(1u, std::thread::hardware_concurrency()) : 2; }

void exhaust_and_tell(const Exhaust& what) {
  ExhaustTally tally;
  const auto report = exhaust(what, jobs(), tally);
  std::printf("%zu instructions%s: %llu sequences, %llu valid programs, %llu runs on %zu engines at 2 levels\n",
              what.length, what.prologue.empty() ? "" : " behind loads of A, X, M[0], M[15]",
              static_cast<unsigned long long>(tally.tried), static_cast<unsigned long long>(tally.programs),
              static_cast<unsigned long long>(tally.runs), engines_here().size());
  ASSERT_FALSE(report.has_value()) << *report;
  EXPECT_EQ(tally.runs, tally.programs * engines_here().size() * 2 * small_program_inputs().size());
  EXPECT_GT(tally.programs, 0u);
}

class Exhaustive : public testing::TestWithParam<bool> {
 protected:
  std::vector<Insn> prologue() const { return GetParam() ? loading_prologue() : std::vector<Insn>{}; }
};

TEST_P(Exhaustive, OneInstruction) { exhaust_and_tell({AlphabetSize::full, 1, prologue()}); }

TEST_P(Exhaustive, TwoInstructions) { exhaust_and_tell({AlphabetSize::full, 2, prologue()}); }

TEST_P(Exhaustive, ThreeInstructionsAndMore) {
  const AlphabetSize quick = is_slow ? AlphabetSize::tiny : AlphabetSize::small;
  exhaust_and_tell({is_full() ? AlphabetSize::full : quick, 3, prologue()});
  if (is_full()) exhaust_and_tell({AlphabetSize::small, 4, prologue()});
}

INSTANTIATE_TEST_SUITE_P(Start, Exhaustive, testing::Bool(),
                         [](const auto& start) { return start.param ? "WithLoadedRegisters" : "WithZeroes"; });

TEST(ExhaustivePairs, OfOneAndTwoInstructions) {
  ExhaustTally tally;
  const auto report =
      exhaust_pairs(is_full() ? AlphabetSize::small : AlphabetSize::tiny, is_slow ? 1 : 2, jobs(), tally);
  std::printf("%llu chains of two filters, %llu runs\n", static_cast<unsigned long long>(tally.programs),
              static_cast<unsigned long long>(tally.runs));
  ASSERT_FALSE(report.has_value()) << *report;
}

// The alphabet is what it says: every opcode, and nothing that no program can hold.
TEST(Alphabet, HasEveryOpcode) {
  for (const AlphabetSize size : {AlphabetSize::tiny, AlphabetSize::small, AlphabetSize::full}) {
    const Alphabet alphabet = alphabet_of(size);
    std::set<std::uint16_t> codes;
    for (const Insn& in : alphabet.all) {
      codes.insert(in.code);
      const std::vector<Insn> program = {{0x02, 0, 0, 0}, {0x02, 0, 0, 1}, {0x02, 0, 0, 15}, in,
                                         {0x06, 0, 0, 0}, {0x06, 0, 0, 0}};
      EXPECT_FALSE(verifier::check(program)) << std::hex << in.code << " " << in.k;
    }
    EXPECT_EQ(codes.size(), bpf::opcode_table.size());
  }
}

}  // namespace
}  // namespace callgate::oracles
