// Bugs that were found in BPF compilers and interpreters outside the kernel, and in libpcap's optimiser, as seccomp
// filters. Each comment cites the issue.
#include "tests/regressions/meaning.h"

namespace callgate::test {
namespace {

// iovisor/ubpf issue #115, pull request #116: a division by zero returned −1 from the program.
TEST(UserSpaceJits, DivisionByZeroReturnsZero) {
  decides(load_pair + "div x\nneg\nret a", edge_pairs(),
          [](const SeccompData& d) { return low(d.args[1]) == 0 ? 0u : 0 - low(d.args[0]) / low(d.args[1]); });
}

// iovisor/ubpf issue #444: comparisons with a constant above 0x7fffffff, sign-extended on one side only.
TEST(UserSpaceJits, ComparisonWithLargeConstants) {
  for (const std::uint32_t k : {0x7fffffffu, 0x80000000u, 0xfffffffeu, 0xffffffffu}) {
    const std::string number = "#" + std::to_string(k);
    decides("ld [args[0].lo]\njeq " + number + ", e\njgt " + number + ", g\nret #1\ne: ret #2\ng: ret #3", edge_pairs(),
            [k](const SeccompData& d) {
              const std::uint32_t a = low(d.args[0]);
              return a == k ? 2u : a > k ? 3u : 1u;
            });
    decides("ld [args[0].lo]\njge " + number + ", g\njset " + number + ", s\nret #1\ng: ret #2\ns: ret #3",
            edge_pairs(), [k](const SeccompData& d) {
              const std::uint32_t a = low(d.args[0]);
              return a >= k ? 2u : (a & k) != 0 ? 3u : 1u;
            });
  }
}

// iovisor/ubpf issue #255: a 32-bit left shift kept what it shifted out.
TEST(UserSpaceJits, LeftShiftDropsUpperBits) {
  decides("ld [args[0].lo]\nlsh #28\nrsh #28\nret a", edge_pairs(),
          [](const SeccompData& d) { return low(d.args[0]) & 15; });
  decides(load_pair + "lsh x\nrsh x\nret a", edge_pairs(), [](const SeccompData& d) {
    const std::uint32_t count = low(d.args[1]) & 31;
    return low(d.args[0]) << count >> count;
  });
}

// iovisor/ubpf issues #529 and #534: stack and base registers whose encoding needs one more byte. Here: every slot,
// each with a value of its own.
TEST(UserSpaceJits, EverySlotIsAddressedRight) {
  std::string text = "ld [args[0].lo]\n";
  for (int slot = 0; slot < 16; ++slot) text += "add #0x01010101\nst M[" + std::to_string(slot) + "]\n";
  text += "ldx #0\n";
  for (int slot = 15; slot >= 0; --slot) text += "txa\nmul #33\ntax\nld M[" + std::to_string(slot) + "]\nxor x\ntax\n";
  decides(text + "txa\nret a", edge_pairs(), [](const SeccompData& d) {
    std::uint32_t slots[16], x = 0;
    for (std::uint32_t i = 0; i < 16; ++i) slots[i] = low(d.args[0]) + 0x01010101 * (i + 1);
    for (int slot = 15; slot >= 0; --slot) x = slots[slot] ^ x * 33;
    return x;
  });
}

// solana-labs/rbpf pull request #124 ("shifts in JIT were not masked"), golang/go issue #80215, qmonnet/rbpf issue #99:
// a shift by X uses X & 31.
TEST(UserSpaceJits, ShiftByXIsMasked) {
  decides(load_pair + "lsh x\nret a", edge_pairs(),
          [](const SeccompData& d) { return low(d.args[0]) << (low(d.args[1]) & 31); });
  decides(load_pair + "rsh x\nret a", edge_pairs(),
          [](const SeccompData& d) { return low(d.args[0]) >> (low(d.args[1]) & 31); });
  for (const std::uint32_t count : {0u, 31u, 32u, 33u, 63u, 64u, 0x80000000u, 0xffffffffu}) {
    decides("ldx #" + std::to_string(count) + "\nld [args[0].lo]\nrsh x\nret a", edge_pairs(),
            [count](const SeccompData& d) { return low(d.args[0]) >> (count & 31); });
  }
}

// solana-labs/rbpf pull requests #89 and #124: shifts, multiplications and divisions overwrote rcx, or went wrong when
// their destination was in it. X lives there: it must survive, also where the shifted value comes from X.
TEST(UserSpaceJits, ShiftsLeaveTheCountAlone) {
  decides(load_pair + "lsh x\nadd x\nrsh x\nxor x\nmul x\nret a", edge_pairs(), [](const SeccompData& d) {
    const std::uint32_t x = low(d.args[1]);
    return ((((low(d.args[0]) << (x & 31)) + x) >> (x & 31)) ^ x) * x;
  });
  decides("ld [args[0].lo]\ntax\nlsh x\nret a", edge_pairs(), [](const SeccompData& d) {
    const std::uint32_t a = low(d.args[0]);
    return a << (a & 31);
  });
  decides(load_pair + "st M[0]\ntxa\nldx M[0]\nlsh x\ntax\nld M[0]\nrsh x\nret a", edge_pairs(),
          [](const SeccompData& d) {
            const std::uint32_t a = low(d.args[0]), x = low(d.args[1]) << (a & 31);
            return a >> (x & 31);
          });
}

// solana-labs/rbpf pull request #129: "mul r0, 0" was compiled as "mul r0, r0".
TEST(UserSpaceJits, MultiplicationByZero) {
  decides("ld [args[0].lo]\nmul #0\nret a", edge_pairs(), [](const SeccompData&) { return 0u; });
  decides("ldx #0\nld [args[0].lo]\nmul x\nadd #5\nret a", edge_pairs(), [](const SeccompData&) { return 5u; });
}

// solana-labs/rbpf pull request #124: a division by a constant tested a register for zero.
TEST(UserSpaceJits, DivisionByConstantIgnoresX) {
  decides("ldx #0\nld [args[0].lo]\ndiv #3\nret a", edge_pairs(),
          [](const SeccompData& d) { return low(d.args[0]) / 3; });
  decides("ld [args[1].lo]\ntax\nld [args[0].lo]\ndiv #3\nadd x\nret a", edge_pairs(),
          [](const SeccompData& d) { return low(d.args[0]) / 3 + low(d.args[1]); });
}

// solana-labs/rbpf pull request #124: a multiplication of two registers took the constant that the instruction carries.
// Classic BPF ignores k, jt and jf where an instruction does not use them.
TEST(UserSpaceJits, UnusedFieldsAreIgnored) {
  const std::vector<Insn> filter = {
      {0x20, 7, 9, 24}, {0x07, 1, 1, 0xdead}, {0x20, 255, 255, 16},        {0x2c, 3, 4, 77},
      {0x0c, 1, 2, 5},  {0x84, 9, 9, 9},      {0x16, 200, 200, 0xffffffff}};
  decides(program(std::span<const Insn>(filter)), edge_pairs(),
          [](const SeccompData& d) { return 0 - (low(d.args[0]) * low(d.args[1]) + low(d.args[1])); });
}

// solana-labs/rbpf pull request #124: MOV32 moved 64 bits, so that upper halves reappeared.
TEST(UserSpaceJits, TransfersMove32Bits) {
  decides("ld [args[0].hi]\nmul #0xffffffff\ntax\nld #0\ntxa\nrsh #16\nret a", edge_pairs(),
          [](const SeccompData& d) { return high(d.args[0]) * 0xffffffffu >> 16; });
}

// solana-labs/rbpf pull request #124: 32-bit arithmetic with a negative constant.
TEST(UserSpaceJits, ArithmeticWithNegativeConstants) {
  for (const std::uint32_t k : {0xffffffffu, 0xffffff80u, 0xffffff7fu, 0x80000000u}) {
    const std::string number = " #" + std::to_string(k);
    decides("ld [args[0].lo]\nadd" + number + "\nor" + number + "\nxor" + number + "\nsub" + number + "\nrsh #3\nret a",
            edge_pairs(), [k](const SeccompData& d) { return ((((low(d.args[0]) + k) | k) ^ k) - k) >> 3; });
  }
}

// qmonnet/rbpf issue #96: whether the divisor is zero was asked of 64 bits, and the division was done with 32.
TEST(UserSpaceJits, DivisorIsZeroIn32Bits) {
  decides("ld [args[1].lo]\nlsh #16\nmul #0x10000\ntax\nld [args[0].lo]\ndiv x\nret #0x7fff0000", edge_pairs(),
          [](const SeccompData&) { return 0u; });
}

// golang/go issue #16109: NEG was missing.
TEST(UserSpaceJits, Neg) {
  decides("ld [args[0].lo]\nneg\nret a", edge_pairs(), [](const SeccompData& d) { return 0 - low(d.args[0]); });
}

// golang/go issue #80214: results of 0x80000000 and more became negative on 32-bit machines.
TEST(UserSpaceJits, ResultsAreUnsigned) {
  decides("ld [args[0].lo]\nor #0x80000000\nret a", edge_pairs(),
          [](const SeccompData& d) { return low(d.args[0]) | 0x80000000u; });
}

// --- libpcap's optimiser, whose filters were wrong only when optimised

// the-tcpdump-group/libpcap pull request #1698: "jset #0xffffffff" was taken for always true.
TEST(PcapOptimiser, JsetOfAllBitsIsNotAlwaysTrue) {
  decides("ld [args[0].lo]\njset #0xffffffff, yes\nret #1\nyes: ret #2", edge_pairs(),
          [](const SeccompData& d) { return low(d.args[0]) != 0 ? 2u : 1u; });
}

// libpcap issue #434: (len >= 0x80000000 & 0x80000000) or (len < 0 | 0x80000000).
TEST(PcapOptimiser, FoldedConstantsKeepTheirComparisons) {
  decides(
      "ld #0x80000000\nand #0x80000000\ntax\nld len\njge x, yes\n"
      "ld #0\nor #0x80000000\ntax\nld len\njge x, no, yes\nyes: ret #2\nno: ret #1",
      edge_pairs(), [](const SeccompData&) { return 2u; });
}

// libpcap issue #437: (1 = 0) or (1 / 0xffffffff = 0) and (0 & 0xffffffff = 0).
TEST(PcapOptimiser, FoldedDivisionByTheLargestConstant) {
  decides(
      "ld #1\njeq #0, and\nld #1\ndiv #0xffffffff\njeq #0, and, no\nand: ld #0\nand #0xffffffff\njeq #0, yes, no\n"
      "yes: ret #2\nno: ret #1",
      edge_pairs(), [](const SeccompData&) { return 2u; });
  decides("ld [args[0].lo]\ndiv #0xffffffff\nret a", edge_pairs(),
          [](const SeccompData& d) { return low(d.args[0]) == 0xffffffff ? 1u : 0u; });
}

// libpcap issue #436: 1 == 1 and 1 << 31 == 0x80000000 and 3 << 31 == 0x80000000.
TEST(PcapOptimiser, FoldedShifts) {
  decides(
      "ldx #31\nld #1\nlsh x\njeq #0x80000000, next, no\nnext: ld #3\nlsh x\njeq #0x80000000, yes, no\n"
      "yes: ret #2\nno: ret #1",
      edge_pairs(), [](const SeccompData&) { return 2u; });
}

// libpcap issue #42: x >= 79 and x <= 81 became two comparisons with the same X.
TEST(PcapOptimiser, EachComparisonHasItsOwnX) {
  decides("ld [args[0].lo]\nldx #79\njge x, next, no\nnext: ldx #81\njgt x, no\nret #2\nno: ret #1",
          {call(78), call(79), call(80), call(81), call(82), call(0xffffffff)},
          [](const SeccompData& d) { return low(d.args[0]) >= 79 && low(d.args[0]) <= 81 ? 2u : 1u; });
}

// libpcap issue #33: of (a, b) == (1, 2) or (a, b) == (3, 4) the second pair was lost where only b of the first
// differed.
TEST(PcapOptimiser, AlternativesOfPairs) {
  std::vector<SeccompData> inputs;
  for (std::uint32_t a = 0; a < 5; ++a) {
    for (std::uint32_t b = 0; b < 6; ++b) inputs.push_back(call(a, b));
  }
  decides(
      "ld [args[0].lo]\njeq #1, first\nother: ld [args[0].lo]\njeq #3, second\nld [args[0].lo]\njeq #1, third, no\n"
      "first: ld [args[1].lo]\njeq #2, yes, no\nsecond: ld [args[1].lo]\njeq #4, yes, no\n"
      "third: ld [args[1].lo]\njeq #5, yes, no\nyes: ret #2\nno: ret #1",
      inputs, [](const SeccompData& d) {
        return (d.args[0] == 1 && d.args[1] == 2) || (d.args[0] == 3 && d.args[1] == 4) ? 2u : 1u;
      });
}

// libpcap issue #1670: a test whose two ways are the same was dropped with the stores before it, which the target
// needs.
TEST(PcapOptimiser, StoresBeforeATestWithoutEffect) {
  decides("ld [args[0].lo]\nst M[0]\nadd #1\nst M[1]\njeq #5, 5, 5\nldx M[0]\nld M[1]\nsub x\nadd x\nret a",
          edge_pairs(), [](const SeccompData& d) { return low(d.args[0]) + 1; });
}

// libpcap issue #1699: operands with the same value were taken for the same register, so that A > X became A > A.
TEST(PcapOptimiser, EqualConstantsFromDifferentExpressions) {
  decides(
      "ld #1\ndiv #2\ntax\nld #1\ndiv #3\njeq x, a, no\na: ld #4\ndiv #5\ntax\nld #1\njgt x, b, no\n"
      "b: ld #6\ndiv #7\ntax\nld #1\njgt x, yes, no\nyes: ret #2\nno: ret #1",
      edge_pairs(), [](const SeccompData&) { return 2u; });
}

// libpcap issue #25: x > 0 was compiled as a comparison of x − 0 with 0x80000000, as if it were signed.
TEST(PcapOptimiser, ComparisonsAreUnsigned) {
  decides(load_pair + "jgt x, yes\nret #1\nyes: ret #2", edge_pairs(),
          [](const SeccompData& d) { return low(d.args[0]) > low(d.args[1]) ? 2u : 1u; });
  decides(load_pair + "sub x\njgt #0x80000000, yes\nret #1\nyes: ret #2", edge_pairs(),
          [](const SeccompData& d) { return low(d.args[0]) - low(d.args[1]) > 0x80000000 ? 2u : 1u; });
}

}  // namespace
}  // namespace callgate::test
