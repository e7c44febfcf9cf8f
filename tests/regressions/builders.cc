// Bugs of filter builders and of the filters that they gave out. Two things matter here: callgate's own assembler must
// not have them, and a flawed filter must be decided as it is written, not as it was meant: an optimiser that
// recognises what builders write (64-bit comparisons in halves, ladders, x32 guards) may be tempted.
#include "bpf/disassembler.h"
#include "tests/regressions/meaning.h"

namespace callgate::test {
namespace {

const std::vector<std::uint32_t> halves = {0, 1, 2, 3, 4, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};

// CVE-2019-9893, libseccomp issue #139: a > v was compiled as hi > v.hi, else lo > v.lo, without asking for hi == v.hi.
TEST(Builders, WideComparisonWithoutTheMiddleTest) {
  constexpr std::uint64_t v = 0x200000003;
  decides("ld [args[0].hi]\njgt #2, yes\nld [args[0].lo]\njgt #3, yes\nret #1\nyes: ret #2", wide_arguments(halves),
          [](const SeccompData& d) { return high(d.args[0]) > 2 || low(d.args[0]) > 3 ? 2u : 1u; });
  decides("ld [args[0].hi]\njgt #2, yes\njeq #2, next, no\nnext: ld [args[0].lo]\njgt #3, yes\nno: ret #1\nyes: ret #2",
          wide_arguments(halves), [](const SeccompData& d) { return d.args[0] > v ? 2u : 1u; });
}

// The same for the other three comparisons, in the forms that libseccomp 2.4 and later give.
TEST(Builders, WideComparisonsInHalves) {
  constexpr std::uint64_t v = 0x200000003;
  decides("ld [args[0].hi]\njgt #2, yes\njeq #2, next, no\nnext: ld [args[0].lo]\njge #3, yes\nno: ret #1\nyes: ret #2",
          wide_arguments(halves), [](const SeccompData& d) { return d.args[0] >= v ? 2u : 1u; });
  decides("ld [args[0].hi]\njgt #2, no\njeq #2, next, yes\nnext: ld [args[0].lo]\njgt #3, no\nyes: ret #2\nno: ret #1",
          wide_arguments(halves), [](const SeccompData& d) { return d.args[0] <= v ? 2u : 1u; });
  decides("ld [args[0].hi]\njge #1, no\nld [args[0].lo]\njge #3, no\nret #2\nno: ret #1", wide_arguments(halves),
          [](const SeccompData& d) { return d.args[0] < 3 ? 2u : 1u; });
}

// A comparison of halves of two different arguments looks like one of 64 bits.
TEST(Builders, HalvesOfDifferentArguments) {
  std::vector<SeccompData> inputs;
  for (const std::uint32_t a : halves) {
    for (const std::uint32_t b : halves) inputs.push_back(call(std::uint64_t{a} << 32 | b, std::uint64_t{b} << 32 | a));
  }
  decides("ld [args[0].hi]\njeq #2, next, no\nnext: ld [args[1].lo]\njeq #2, yes\nno: ret #1\nyes: ret #2", inputs,
          [](const SeccompData& d) { return high(d.args[0]) == 2 && low(d.args[1]) == 2 ? 2u : 1u; });
}

// CVE-2019-7303 (snapd) and CVE-2019-10063 (flatpak): the filter compares 64 bits of a command of which ioctl(2)
// uses 32.
TEST(Builders, IoctlCommandWithRubbishAbove) {
  constexpr std::uint64_t tiocsti = 0x5412;
  std::vector<SeccompData> inputs;
  for (const std::uint64_t upper : {0ull, 1ull, 0x80000000ull, 0xffffffffull}) {
    for (const std::uint64_t command : {tiocsti, tiocsti + 1}) {
      inputs.push_back({16, arch::x86_64, 0, {0, upper << 32 | command, 0, 0, 0, 0}});
    }
  }
  const std::string head = "ld [nr]\njeq #16, ioctl, ok\nioctl: ";
  const std::string tail = "ld [args[1].lo]\njeq #0x5412, deny\nok: ret #ALLOW\ndeny: ret #ERRNO(1)";
  decides(head + "ld [args[1].hi]\njeq #0, low, ok\nlow: " + tail, inputs,
          [](const SeccompData& d) { return d.args[1] == tiocsti ? 0x00050001u : 0x7fff0000u; });
  decides(head + tail, inputs,
          [](const SeccompData& d) { return low(d.args[1]) == tiocsti ? 0x00050001u : 0x7fff0000u; });
}

// firecracker issue #1206: constants with bit 31 set were sign-extended to 64 bits, so the upper half was expected all
// ones.
TEST(Builders, ConstantWithBit31AsSignedAndUnsigned) {
  const auto inputs = wide_arguments({0, 1, 0xffffffff, 0x8070ae9f, 0x4040ae77});
  decides("ld [args[0].hi]\njeq #0, lo, no\nlo: ld [args[0].lo]\njeq #0x8070ae9f, yes\nno: ret #1\nyes: ret #2", inputs,
          [](const SeccompData& d) { return d.args[0] == 0x8070ae9f ? 2u : 1u; });
  decides(
      "ld [args[0].hi]\njeq #0xffffffff, lo, no\nlo: ld [args[0].lo]\njeq #0x8070ae9f, yes\nno: ret #1\nyes: ret #2",
      inputs, [](const SeccompData& d) { return d.args[0] == 0xffffffff8070ae9f ? 2u : 1u; });
}

// shadow pull request #3034: a range of instruction pointers compared by the lower halves only, and by both.
TEST(Builders, InstructionPointerRangesAcross4GiB) {
  std::vector<SeccompData> inputs;
  for (const std::uint64_t ip : {0x1fffffff0ull, 0x1ffffffffull, 0x200000000ull, 0x200000010ull, 0x200000011ull,
                                 0x0fffffff0ull, 0x2fffffff0ull}) {
    inputs.push_back({1, arch::x86_64, ip, {}});
  }
  decides(
      "ld [ip.hi]\njeq #1, low\njeq #2, high, no\nlow: ld [ip.lo]\njge #0xfffffff0, yes, no\n"
      "high: ld [ip.lo]\njgt #0x10, no\nyes: ret #2\nno: ret #1",
      inputs, [](const SeccompData& d) {
        return d.instruction_pointer >= 0x1fffffff0 && d.instruction_pointer <= 0x200000010 ? 2u : 1u;
      });
  decides("ld [ip.lo]\njge #0xfffffff0, next, no\nnext: jgt #0x10, no\nret #2\nno: ret #1", inputs,
          [](const SeccompData&) { return 1u; });
}

// libseccomp issue #148 and release 2.4.1: blocks that only look alike were taken for duplicates of each other.
TEST(Builders, BlocksThatAreAlmostTheSame) {
  std::string text = "ld [nr]\njeq #13, a\njeq #14, b, deny\n";
  text +=
      "a: ld [args[0].hi]\njeq #0, alo, deny\nalo: ld [args[0].lo]\njeq #25, allow\njeq #17, allow\njeq #2, allow, "
      "deny\n";
  text +=
      "b: ld [args[0].hi]\njeq #0, blo, deny\nblo: ld [args[0].lo]\njeq #25, allow\njeq #1, allow\njeq #2, allow, "
      "deny\n";
  text += "deny: ret #ERRNO(1)\nallow: ret #ALLOW";
  std::vector<SeccompData> inputs;
  for (std::uint32_t nr = 12; nr < 16; ++nr) {
    for (const std::uint64_t a : {0ull, 1ull, 2ull, 17ull, 25ull, 26ull, 0x100000001ull}) {
      inputs.push_back({nr, arch::x86_64, 0, {a, 0, 0, 0, 0, 0}});
    }
  }
  decides(text, inputs, [](const SeccompData& d) {
    const std::uint64_t a = d.args[0];
    const bool allowed =
        (d.nr == 13 && (a == 25 || a == 17 || a == 2)) || (d.nr == 14 && (a == 25 || a == 1 || a == 2));
    return allowed ? 0x7fff0000u : 0x00050001u;
  });
}

// libseccomp issue #112: a ladder of a2 > 4 << i with other actions, of which the first that holds decides.
TEST(Builders, LaddersOfOverlappingRanges) {
  for (const bool ascending : {false, true}) {
    std::string text = "ld [args[2].hi]\njeq #0, 2, " + std::to_string(2 + 16) + "\nld [args[2].lo]\n";
    for (int i = 0; i < 8; ++i) {
      const int bit = ascending ? 5 + i : 12 - i;
      text += "jgt #" + std::to_string(4 << bit) + ", " + std::to_string(12 + i) + "\n";
    }
    text += "ret #ALLOW\n";
    for (int i = 0; i < 8; ++i) text += "ret #ERRNO(" + std::to_string(ascending ? 5 + i : 12 - i) + ")\n";
    std::vector<SeccompData> inputs;
    for (const std::uint64_t size : {0ull, 64ull, 128ull, 129ull, 8000ull, 16384ull, 16385ull, 1ull << 40}) {
      inputs.push_back(call(0, 0, size));
    }
    const Program filter = program(text);
    for (const SeccompData& data : inputs) {
      std::uint32_t expected = 0x7fff0000;
      for (int i = 0; i < 8 && high(data.args[2]) == 0; ++i) {
        const int bit = ascending ? 5 + i : 12 - i;
        if (data.args[2] <= (4ull << bit)) continue;
        expected = 0x00050000u + static_cast<std::uint32_t>(bit);
        break;
      }
      if (high(data.args[2]) == 0) {
        EXPECT_EQ(interpret(filter, data), expected) << data.args[2];
      }
    }
    const std::vector<Program> filters = {filter};
    ASSERT_AGREE(filters, inputs);
  }
}

// canonical/snapd pull request #6681: the tests of one argument were joined with those of another.
TEST(Builders, TheSameConstantForTwoArguments) {
  std::vector<SeccompData> inputs;
  for (std::uint64_t a = 0; a < 3; ++a) {
    for (std::uint64_t b = 0; b < 3; ++b) inputs.push_back({214, arch::x86_32, 0, {a, 0, b, 0, 0, 0}});
  }
  decides(
      "ld [nr]\njeq #214, set, deny\nset: ld [args[0].lo]\njeq #1, allow, other\nother: ld [args[2].lo]\n"
      "jeq #0, allow, deny\ndeny: ret #ERRNO(1)\nallow: ret #ALLOW",
      inputs, [](const SeccompData& d) { return d.args[0] == 1 || d.args[2] == 0 ? 0x7fff0000u : 0x00050001u; });
}

// netblue30/firejail issue #87, elastic/go-seccomp-bpf pull request #7: x32 calls have arch x86_64 and another number.
TEST(Builders, X32NumbersPassAListOfNumbers) {
  std::vector<SeccompData> inputs;
  for (const std::uint32_t nr : {101u, 102u, 0x3fffffffu, 0x40000000u, 0x40000065u, 0x7fffffffu, 0xffffffffu}) {
    inputs.push_back({nr, arch::x86_64, 0, {}});
  }
  decides(
      "ld [arch]\njeq #ARCH_X86_64, native, kill\nnative: ld [nr]\njeq #101, kill\nret #ALLOW\nkill: ret #KILL_PROCESS",
      inputs, [](const SeccompData& d) { return d.nr == 101 ? 0x80000000u : 0x7fff0000u; });
  decides(
      "ld [arch]\njeq #ARCH_X86_64, native, kill\nnative: ld [nr]\njge #0x40000000, kill\njeq #101, kill\n"
      "ret #ALLOW\nkill: ret #KILL_PROCESS",
      inputs, [](const SeccompData& d) { return d.nr == 101 || d.nr >= 0x40000000 ? 0x80000000u : 0x7fff0000u; });
}

// elastic/ml-cpp pull request #3080, lxc issue #571: numbers compared without the architecture mean other calls in
// i386.
TEST(Builders, NumbersWithoutArchitecture) {
  std::vector<SeccompData> inputs;
  for (const std::uint32_t arch_value : {arch::x86_64, arch::x86_32, 0xc00000b7u, 0u}) {
    for (const std::uint32_t nr : {102u, 103u}) inputs.push_back({nr, arch_value, 0, {}});
  }
  decides("ld [nr]\njeq #102, ok\nret #ERRNO(13)\nok: ret #ALLOW", inputs,
          [](const SeccompData& d) { return d.nr == 102 ? 0x7fff0000u : 0x0005000du; });
  decides("ld [arch]\njeq #ARCH_X86_64, n, deny\nn: ld [nr]\njeq #102, ok\ndeny: ret #ERRNO(13)\nok: ret #ALLOW",
          inputs,
          [](const SeccompData& d) { return d.arch == arch::x86_64 && d.nr == 102 ? 0x7fff0000u : 0x0005000du; });
}

// moby pull request #52494: "not this family" and "not that family" in two rules allow both.
TEST(Builders, AlternativesOfInequalities) {
  std::vector<SeccompData> inputs;
  for (std::uint64_t family = 37; family < 42; ++family) inputs.push_back(call(family));
  decides("ld [args[0].lo]\njeq #38, next, allow\nnext: jeq #40, deny, allow\ndeny: ret #ERRNO(1)\nallow: ret #ALLOW",
          inputs, [](const SeccompData&) { return 0x7fff0000u; });
  decides(
      "ld [args[0].lo]\njge #38, next, allow\nnext: jeq #39, allow\njgt #40, allow\nret #ERRNO(1)\nallow: ret #ALLOW",
      inputs, [](const SeccompData& d) { return d.args[0] == 38 || d.args[0] == 40 ? 0x00050001u : 0x7fff0000u; });
}

// google/kafel pull request #1: type & 3 != 0 got the two ways of its JSET exchanged.
TEST(Builders, MaskedArgumentsNotEqualToZero) {
  for (const bool exchanged : {false, true}) {
    decides(std::string("ld [args[1].lo]\njset #3, ") + (exchanged ? "no, yes" : "yes, no") +
                "\nyes: ret #ERRNO(22)\nno: ret #ALLOW",
            edge_pairs(), [exchanged](const SeccompData& d) {
              return ((low(d.args[1]) & 3) != 0) != exchanged ? 0x00050016u : 0x7fff0000u;
            });
  }
}

// seccomp-tools issue #244, elastic/go-seccomp-bpf pull request #9, falcosecurity/pdig pull request #6, twtiger/gosecco
// issue #8: jumps over more than 255 instructions were cut to 8 bits. The assembler refuses or bridges them.
TEST(Builders, LongConditionalJumpsAreNotCut) {
  for (const std::size_t distance : {std::size_t{255}, std::size_t{256}, std::size_t{257}, std::size_t{600}}) {
    const std::string text = "ld [args[0].lo]\njeq #0, kill, allow\n" + lines(distance - 1, "ld #0") +
                             "allow: ret #ALLOW\nkill: ret #KILL_PROCESS";
    EXPECT_EQ(bpf::assemble(text).has_value(), distance <= 255) << distance;
    decides(program(text, bpf::LongJumps::bridge), {call(0), call(1), call(0xffffffff)},
            [](const SeccompData& d) { return low(d.args[0]) == 0 ? 0x80000000u : 0x7fff0000u; });
  }
}

// seccomp-tools pull request #50: labels behind the jump gave distances below 0.
TEST(Builders, NoJumpBackwards) {
  EXPECT_FALSE(bpf::assemble("again: ld [nr]\njeq #1, again\nret #ALLOW"));
  EXPECT_FALSE(bpf::assemble("again: ja again\nret #ALLOW"));
}

// libseccomp issue #101: the disassembler wrote comparisons with X as comparisons with k.
TEST(Builders, DisassemblerTellsXFromK) {
  const std::string text = bpf::disassemble(std::vector<Insn>{{0x1d, 1, 0, 0}, {0x2c, 0, 0, 0}, {0x06, 0, 0, 0}});
  EXPECT_NE(text.find("jeq x"), std::string::npos) << text;
  EXPECT_NE(text.find("mul x"), std::string::npos) << text;
  // With a k that means nothing the bytes are shown as they are, so that assembling gives them back.
  const std::vector<Insn> filter = {{0x1d, 1, 0, 11}, {0x2c, 0, 0, 11}, {0x06, 0, 0, 0}};
  EXPECT_EQ(bpf::disassemble(filter).find("jeq #"), std::string::npos);
  EXPECT_EQ(insns(bpf::disassemble(filter)), filter);
}

}  // namespace
}  // namespace callgate::test
