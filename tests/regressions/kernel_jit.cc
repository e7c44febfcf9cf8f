// Bugs that were found in the kernel's BPF JITs. Each comment cites the commit that repaired one.
#include "tests/regressions/meaning.h"

namespace callgate::test {
namespace {

constexpr Insn ld(std::uint32_t offset) { return {0x20, 0, 0, offset}; }
constexpr Insn ret(std::uint32_t k) { return {0x06, 0, 0, k}; }

std::vector<SeccompData> first_arguments(const std::vector<std::uint32_t>& values) {
  std::vector<SeccompData> inputs;
  for (const std::uint32_t value : values) inputs.push_back(call(value));
  return inputs;
}

// "bpf,x64: Pad NOPs to make images converge more easily" (93c5aecc35c6): jumps that lie in each other's way, so that
// making one long makes the next long.
TEST(KernelJit, JumpSizesThatDependOnEachOther) {
  for (std::size_t reach = 14; reach < 34; reach += 3) {
    std::string text = "ld [args[0].lo]\n";
    const std::size_t count = 40;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t own = i * 2 + 1;
      text += "jeq #" + std::to_string(i) + ", " + std::to_string(std::min(own + 2 * reach, 2 * count + 1)) + "\n";
      text += "add #" + std::to_string(0x10000 * (i % 2)) + "\n";
    }
    text += "ret a\nret #7\n";
    const std::vector<Program> filters = {program(text)};
    ASSERT_AGREE(filters, 5, 48);
  }
}

// "net: bpf_jit: fix an off-one bug in x86_64 cond jump target" (2012): a conditional jump followed by a long jump was
// counted as 2 or 6 bytes and is 2 or 5, so the target was missed by one byte.
TEST(KernelJit, ConditionalJumpOverALongJump) {
  for (std::size_t near = 0; near < 3; ++near) {
    for (std::size_t far = 20; far < 70; ++far) {
      decides("ld [args[0].lo]\njeq #5, near, far\n" + lines(near, "neg") + "near: ret #0x7fff0000\n" +
                  lines(far, "xor #0x12345678") + "far: ret #0x00050001",
              first_arguments({4, 5, 6}),
              [](const SeccompData& d) { return low(d.args[0]) == 5 ? 0x7fff0000u : 0x00050001u; });
    }
  }
}

// "bpf_jit: fix a bug in emitting the 16-bit immediate operand of AND" (2012): with K >= 0xffff0000 only the low byte
// of the operand was emitted.
TEST(KernelJit, AndWithUpperHalfSet) {
  for (const std::uint32_t k : {0xffff0000u, 0xffff0001u, 0xffff1234u, 0xffffff00u, 0xffffff7fu, 0xffff8000u}) {
    decides("ld [args[0].lo]\nand #" + std::to_string(k) + "\nret a",
            first_arguments({0x12345678, 0xffffffff, 0x0000ffff, 0x89abcdef, 0xffff0000}),
            [k](const SeccompData& d) { return low(d.args[0]) & k; });
  }
}

// CVE-2021-29154, "bpf, x86: Validate computation of branch displacements for x86-64" (e4d4d456436b): displacements
// were trusted although the image had not converged. Every jump here is as far as 8 bits reach, over code of several
// KiB.
TEST(KernelJit, BranchDisplacementsOfTheLongestJumps) {
  std::vector<Insn> filter = {ld(16)};
  while (filter.size() + 257 < max_program_length) {
    filter.push_back({0x15, 255, 0, static_cast<std::uint32_t>(filter.size())});
    filter.insert(filter.end(), 3, Insn{0x24, 0, 0, 0x01000193});  // mul
  }
  while (filter.size() + 1 < max_program_length) filter.push_back({0xa4, 0, 0, 0x55aa55aa});  // xor
  filter.push_back({0x16, 0, 0, 0});
  const std::vector<Program> filters = {program(std::span<const Insn>(filter))};
  ASSERT_AGREE(filters, 3, 24);
}

// CVE-2021-38300, "bpf, mips: Validate conditional branch offsets" (37cb28ec7d3a): in long programs a conditional
// branch reached further than its 18 bits, and the offset was cut.
TEST(KernelJit, ConditionalBranchesAcrossTheLongestProgram) {
  std::vector<Insn> filter = {ld(16), {0x25, 1, 0, 1000}, {0x05, 0, 0, 4091}};
  while (filter.size() + 2 < max_program_length) filter.push_back({0x34, 0, 0, 3});  // div: expands most
  filter.push_back(ret(0x00050001));
  filter.push_back(ret(0x7fff0000));
  ASSERT_EQ(filter[2].k + 3, filter.size() - 2);
  decides(program(std::span<const Insn>(filter)), first_arguments({0, 1000, 1001, 0xffffffff}),
          [](const SeccompData&) { return 0x00050001u; });
  filter[2].k += 1;
  decides(program(std::span<const Insn>(filter)), first_arguments({0, 1000, 1001, 0xffffffff}),
          [](const SeccompData& d) { return low(d.args[0]) > 1000 ? 0x00050001u : 0x7fff0000u; });
}

// "bpf: add also cbpf long jump test cases with heavy expansion" (2021): a JA over everything, where every instruction
// in its way becomes many.
TEST(KernelJit, JumpOverHeavyExpansion) {
  std::vector<Insn> filter = {ld(16), {0x05, 0, 0, max_program_length - 3}};
  const Insn heavy[] = {{0x3c, 0, 0, 0}, {0x6c, 0, 0, 0}, {0x4d, 1, 0, 0}, {0x02, 0, 0, 15}};
  while (filter.size() + 1 < max_program_length) {
    filter.push_back(max_program_length - filter.size() < 4 ? heavy[0] : heavy[filter.size() % 4]);
  }
  filter.push_back({0x16, 0, 0, 0});
  decides(program(std::span<const Insn>(filter)), first_arguments({0, 1, 0x80000000}),
          [](const SeccompData& d) { return low(d.args[0]); });
}

// "x86: bpf_jit: fix compilation of large bpf programs" (3f7352bf21f8): programs above 32 KiB of code did not converge.
TEST(KernelJit, LargeProgramsCompile) {
  std::vector<Insn> filter;
  while (filter.size() + 4 < max_program_length) {
    const auto n = static_cast<std::uint32_t>(filter.size());
    filter.push_back(ld(n % 16 * 4));
    filter.push_back({0x15, 1, 0, n * 977});
    filter.push_back({0x15, 0, 0, 0x12345678});
    filter.push_back({0x25, 0, static_cast<std::uint8_t>(n % 3 == 0), 0xfffffffe});
  }
  while (filter.size() < max_program_length) filter.push_back(ret(0x7fff0000));
  decides(program(std::span<const Insn>(filter)), first_arguments({0, 1, 977, 0xffffffff}),
          [](const SeccompData&) { return 0x7fff0000u; });
}

// "bpf, x32: Fix bug with ALU64 {LSH, RSH, ARSH} BPF_K shift by 0" (6fa632e719ee), and "arm: bpf: Fix bugs with ALU64
// {RSH, ARSH} BPF_K shift by 0" (bb9562cf5c67).
TEST(KernelJit, ShiftByConstantZero) {
  decides("ld [args[0].lo]\nlsh #0\nrsh #0\nret a", edge_pairs(), [](const SeccompData& d) { return low(d.args[0]); });
  decides("ld [args[0].lo]\nrsh #0\njgt #0x7fffffff, big\nret #1\nbig: ret #2", edge_pairs(),
          [](const SeccompData& d) { return low(d.args[0]) > 0x7fffffff ? 2u : 1u; });
}

// "bpf, x32: Fix bug with ALU64 {LSH, RSH, ARSH} BPF_X shift by 0" (68a8357ec15b).
TEST(KernelJit, ShiftByZeroInX) {
  for (const std::string shift : {"lsh", "rsh"}) {
    decides("ldx #0\nld [args[0].lo]\n" + shift + " x\nret a", edge_pairs(),
            [](const SeccompData& d) { return low(d.args[0]); });
    decides("ld [args[1].lo]\nand #0xffffffe0\ntax\nld [args[0].lo]\n" + shift + " x\nret a", edge_pairs(),
            [](const SeccompData& d) { return low(d.args[0]); });
  }
}

// "bpf, x86_32: Fix clobbering of dst for BPF_JSET" (50fe7ebb6475): JSET left A & X in A.
TEST(KernelJit, JsetLeavesAAlone) {
  decides(load_pair + "jset x, yes\nyes: ret a", edge_pairs(), [](const SeccompData& d) { return low(d.args[0]); });
  decides(load_pair + "jset #0x80000001, yes, no\nyes: xor x\nret a\nno: add x\nret a", edge_pairs(),
          [](const SeccompData& d) {
            const std::uint32_t a = low(d.args[0]);
            return (a & 0x80000001) != 0 ? a ^ low(d.args[1]) : a + low(d.args[1]);
          });
  decides(load_pair + "jset x, yes, no\nyes: txa\nret a\nno: sub x\nret a", edge_pairs(), [](const SeccompData& d) {
    const std::uint32_t a = low(d.args[0]), x = low(d.args[1]);
    return (a & x) != 0 ? x : a - x;
  });
}

// "bpf, x32: Fix bug with JMP32 JSET BPF_X checking upper bits" (80f1f8503635): bits beyond 32 took part in the test.
TEST(KernelJit, JsetLooksAt32Bits) {
  decides(
      "ld [args[0].hi]\nmul #0x80000000\nadd #0xffffffff\nld [args[1].hi]\nmul #0xffffffff\ntax\n"
      "ld [args[0].lo]\nlsh #31\njset x, yes\nret #1\nyes: ret #2",
      edge_pairs(), [](const SeccompData& d) {
        const std::uint32_t x = high(d.args[1]) * 0xffffffffu;
        return (low(d.args[0]) << 31 & x) != 0 ? 2u : 1u;
      });
}

// "bpf, x86: Fix encoding for lower 8-bit registers in BPF_STX BPF_B" (aee194b14dd2): without a REX prefix the byte
// registers 4 to 7 are ah, ch, dh and bh. Tests of one byte are where a compiler may use them.
TEST(KernelJit, TestsOfSingleBytes) {
  for (const std::uint32_t mask : {0x80u, 0x7fu, 0xffu, 0x8000u, 0xff00u, 0x100u, 0x800000u, 0xff000000u}) {
    decides(load_pair + "jset #" + std::to_string(mask) + ", yes\ntxa\nand #" + std::to_string(mask) +
                "\njeq #0, no\nret #1\nyes: ret #2\nno: ret #3",
            edge_pairs(), [mask](const SeccompData& d) {
              if ((low(d.args[0]) & mask) != 0) return 2u;
              return (low(d.args[1]) & mask) == 0 ? 3u : 1u;
            });
  }
}

// "bpf: do not use reciprocal divide" (aee636c4809f): A / K by a rounded reciprocal was off by one for large values.
TEST(KernelJit, DivisionByAConstantIsExact) {
  for (const std::uint32_t k :
       {3u, 7u, 10u, 641u, 0x7fffu, 0x10001u, 0x7fffffffu, 0x80000001u, 0xfffffffeu, 0xffffffffu}) {
    std::vector<std::uint32_t> values;
    for (const std::uint32_t n : {0u, 1u, 2u, 0xffffffffu / k, 0xffffffffu / k - 1}) {
      for (const std::uint32_t d : {0u, 1u, 0xffffffffu}) values.push_back(n * k + d);
    }
    decides("ld [args[0].lo]\ndiv #" + std::to_string(k) + "\nret a", first_arguments(values),
            [k](const SeccompData& d) { return low(d.args[0]) / k; });
  }
}

// "reciprocal_divide: update/correction of the algorithm" (809fa972fd90): a division by 1 gave 0.
TEST(KernelJit, DivisionByOne) {
  decides("ld [args[0].lo]\ndiv #1\nret a", edge_pairs(), [](const SeccompData& d) { return low(d.args[0]); });
  decides("ldx #1\nld [args[0].lo]\ndiv x\nret a", edge_pairs(), [](const SeccompData& d) { return low(d.args[0]); });
}

// "s390/bpf,jit: fix 32 bit divisions, use unsigned divide instructions" (2014).
TEST(KernelJit, DivisionIsUnsigned) {
  decides("ld [args[1].lo]\nor #1\ntax\nld [args[0].lo]\ndiv x\nret a", edge_pairs(),
          [](const SeccompData& d) { return low(d.args[0]) / (low(d.args[1]) | 1); });
  decides("ld [args[0].lo]\ndiv #0x80000000\nret a", edge_pairs(),
          [](const SeccompData& d) { return low(d.args[0]) >> 31; });
}

// "arm64: bpf: fix div-by-zero case" (14e589ff4aa3): the program must end with 0, not A become 0.
TEST(KernelJit, DivisionByZeroEndsTheProgram) {
  decides(load_pair + "div x\nor #0x7fff0000\nret a", edge_pairs(), [](const SeccompData& d) {
    return low(d.args[1]) == 0 ? 0u : low(d.args[0]) / low(d.args[1]) | 0x7fff0000u;
  });
}

// "bpf, arm: Fix register clobbering in div/mod implementation" (2021).
TEST(KernelJit, DivisionKeepsXAndTheSlots) {
  std::string text = "ld [args[0].lo]\nst M[0]\nst M[15]\n" + load_pair + "or #1\nst M[7]\nld [args[0].lo]\n";
  text += "div #3\nst M[1]\ntxa\nldx M[7]\ndiv x\nldx M[1]\nadd x\nldx M[15]\nxor x\nldx M[0]\nxor x\nret a";
  decides(text, edge_pairs(), [](const SeccompData& d) {
    const std::uint32_t a = low(d.args[0]);
    return low(d.args[1]) / (a | 1) + a / 3;
  });
}

// "powerpc/bpf: Fix BPF_SUB when imm == 0x80000000" (5855c4c1f415), "s390/bpf: Fix 64-bit subtraction of the
// -0x80000000 constant" (6e61dc9da0b7): negating the constant to add it does not work for this one.
TEST(KernelJit, SubtractionOfTheSmallestNegativeConstant) {
  decides("ld [args[0].lo]\nsub #0x80000000\nret a", edge_pairs(),
          [](const SeccompData& d) { return low(d.args[0]) - 0x80000000u; });
  decides("ld [args[0].lo]\nsub #0x80000000\njge #0x80000000, yes\nret #1\nyes: ret #2", edge_pairs(),
          [](const SeccompData& d) { return low(d.args[0]) - 0x80000000u >= 0x80000000u ? 2u : 1u; });
}

// "bpf, riscv: clear high 32 bits for ALU32 add/sub/neg/lsh/rsh/arsh" (1e692f09e091): what overflows 32 bits must not
// come back by a shift, a comparison or a division.
TEST(KernelJit, NothingComesBackFromBeyond32Bits) {
  for (const std::string op : {"add #0xffffffff", "sub #1", "neg", "lsh #31", "mul #0xffffffff", "mul #0x10001"}) {
    const auto apply = [op](std::uint32_t a) -> std::uint32_t {
      if (op == "neg" || op == "mul #0xffffffff") return 0 - a;
      if (op == "lsh #31") return a << 31;
      return op == "mul #0x10001" ? a * 0x10001 : a - 1;
    };
    decides("ld [args[0].lo]\n" + op + "\nrsh #1\nret a", edge_pairs(),
            [=](const SeccompData& d) { return apply(low(d.args[0])) >> 1; });
    decides("ld [args[0].lo]\n" + op + "\njgt #0x7fffffff, yes\ndiv #7\nret a\nyes: ret #9", edge_pairs(),
            [=](const SeccompData& d) {
              const std::uint32_t a = apply(low(d.args[0]));
              return a > 0x7fffffff ? 9 : a / 7;
            });
  }
}

}  // namespace
}  // namespace callgate::test
