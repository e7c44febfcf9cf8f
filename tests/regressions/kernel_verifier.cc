// Bugs of filter verifiers: the kernel's own, and those that other projects repaired after it. What was let through
// must be refused here, and what was wrongly understood must mean what it means in the kernel.
#include "callgate/chain.hpp"
#include "tests/regressions/meaning.h"

namespace callgate::test {
namespace {

constexpr Insn ret_a = {0x16, 0, 0, 0};

// CVE-2010-4158, "filter: make sure filters dont read uninitialized memory" (57fe93b374a6): scratch memory that was
// read before it was written held the kernel's stack.
TEST(KernelVerifier, ScratchIsWrittenBeforeItIsRead) {
  EXPECT_EQ(refused(insns("ld M[0]\nret a")), VerifyErrc::scratch_uninitialised);
  EXPECT_EQ(refused(insns("ldx M[15]\ntxa\nret a")), VerifyErrc::scratch_uninitialised);
  EXPECT_EQ(refused(insns("st M[1]\nld M[0]\nret a")), VerifyErrc::scratch_uninitialised);
  EXPECT_EQ(refused(insns("ld [0]\njeq #1, 3\nst M[3]\nld M[3]\nret a")), VerifyErrc::scratch_uninitialised);
  decides("ld [args[0].lo]\nst M[3]\njeq #1, 4\nst M[3]\nld M[3]\nret a", edge_pairs(),
          [](const SeccompData& d) { return low(d.args[0]); });
}

// A load that the kernel's linear pass lets through although nothing ever wrote the slot must read 0, never what the
// stack holds: a load that no path reaches, here behind a JA, is accepted (check_load_and_stores() in
// net/core/filter.c).
TEST(KernelVerifier, UnreachableReadsOfScratchAreAccepted) {
  decides("ja 2\nld M[5]\nld [args[0].lo]\nret a", edge_pairs(), [](const SeccompData& d) { return low(d.args[0]); });
}

// "net: bpf: reject invalid shifts" (229394e8e62a), libpcap pull request #1687: a constant shift of 32 or more.
TEST(KernelVerifier, ConstantShiftsOf32OrMoreAreRefused) {
  for (const std::uint16_t code : {std::uint16_t{0x64}, std::uint16_t{0x74}}) {
    for (const std::uint32_t k : {32u, 33u, 63u, 64u, 0x80000000u, 0xffffffffu}) {
      EXPECT_EQ(refused({{code, 0, 0, k}, ret_a}), VerifyErrc::shift_too_large);
    }
  }
}

// CVE-2014-3144 and CVE-2014-3145: loads of the netlink extensions (SKF_AD_OFF + 12, 16) read outside the packet.
// seccomp has none of the extensions, nor loads of bytes, halves or computed addresses.
TEST(KernelVerifier, NoAncillaryOrIndirectLoads) {
  for (std::uint32_t extension = 0; extension <= 64; extension += 4) {
    EXPECT_EQ(refused({{0x20, 0, 0, 0xfffff000 + extension}, ret_a}), VerifyErrc::load_offset);
  }
  for (const std::uint16_t code : {std::uint16_t{0x28}, std::uint16_t{0x30}, std::uint16_t{0x40}, std::uint16_t{0x48},
                                   std::uint16_t{0x50}, std::uint16_t{0xb1}}) {
    EXPECT_EQ(refused({{code, 0, 0, 0}, ret_a}), VerifyErrc::unknown_opcode);
  }
}

// CVE-2026-0799 (libpcap): the index of a scratch slot was not checked, so that 16 GiB around the stack could be read
// and written.
TEST(KernelVerifier, ScratchIndexIsChecked) {
  for (const std::uint16_t code :
       {std::uint16_t{0x02}, std::uint16_t{0x03}, std::uint16_t{0x60}, std::uint16_t{0x61}}) {
    for (const std::uint32_t k : {16u, 17u, 0x7fffffffu, 0x80000000u, 0xfffffff0u, 0xffffffffu}) {
      EXPECT_EQ(refused({{0x02, 0, 0, 0}, {code, 0, 0, k}, ret_a}), VerifyErrc::scratch_slot);
    }
  }
}

// libpcap issue #1730, ubpf issue #431: pc + 1 + k wraps around for a huge k, and the target looks fine.
TEST(KernelVerifier, HugeJumpsDoNotWrapAround) {
  for (const std::uint32_t k : {3u, 0x7fffffffu, 0x80000000u, 0xfffffffdu, 0xfffffffeu, 0xffffffffu}) {
    EXPECT_EQ(refused({{0x84, 0, 0, 0}, {0x05, 0, 0, k}, {0x84, 0, 0, 0}, ret_a}), VerifyErrc::jump_out_of_program);
  }
}

// The loops that libpcap's "protochain" makes by a JA with a negative k (cloudflare/cbpfc pull request #36).
TEST(KernelVerifier, NoJumpBackwards) {
  EXPECT_EQ(refused({{0x84, 0, 0, 0}, {0x05, 0, 0, static_cast<std::uint32_t>(-2)}, ret_a}),
            VerifyErrc::jump_out_of_program);
}

// qmonnet/rbpf issue #96 in its constant form: a divisor of 0 is refused, whatever else the instruction carries.
TEST(KernelVerifier, DivisionByConstantZeroIsRefused) {
  EXPECT_EQ(refused({{0x34, 0, 0, 0}, ret_a}), VerifyErrc::division_by_zero);
  EXPECT_EQ(refused({{0x34, 255, 255, 0}, ret_a}), VerifyErrc::division_by_zero);
  EXPECT_TRUE(verify(std::vector<Insn>{{0x3c, 0, 0, 0}, ret_a})) << "DIV X ignores k";
}

// Codes are compared whole: a verifier that looks at the low byte alone takes eBPF for classic BPF (0x8006, 0x0116).
TEST(KernelVerifier, UpperByteOfTheCodeCounts) {
  for (const std::uint16_t code : {std::uint16_t{0x0106}, std::uint16_t{0x8006}, std::uint16_t{0xff16}}) {
    EXPECT_EQ(refused({{code, 0, 0, 0}, ret_a}), VerifyErrc::unknown_opcode);
  }
}

// golang.org/x/net/bpf and others once took such programs: one whose last instruction is no return runs off its end.
TEST(KernelVerifier, NothingRunsOffTheEnd) {
  EXPECT_EQ(refused({ret_a, {0x84, 0, 0, 0}}), VerifyErrc::no_return_at_end);
  EXPECT_EQ(refused({{0x05, 0, 0, 0}, {0x00, 0, 0, 0}}), VerifyErrc::no_return_at_end);
}

// "seccomp: cap SECCOMP_RET_ERRNO data to MAX_ERRNO" (580c57f10768): the cap is what the kernel does with the decision.
// The decision itself keeps its data, also when an older filter gives the capped value.
TEST(KernelVerifier, ErrnoKeepsItsDataInTheDecision) {
  const std::vector<Program> filters = {program("ret #0x00050fff"), program("ret #0x0005ffff")};
  for (const MergeRule rule : {MergeRule::first_non_allow, MergeRule::most_restrictive}) {
    const auto chain = Chain::create({.rule = rule})->attach(filters);
    ASSERT_TRUE(chain);
    EXPECT_EQ(chain->evaluate(call()), 0x0005ffffu);
  }
  ASSERT_AGREE(filters, 1, 4);
}

}  // namespace
}  // namespace callgate::test
