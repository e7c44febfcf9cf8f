// One test per item of the list in verifier/verify.cc, with its name: the last value that is accepted, the first one
// that is not, and the message.
#include <gtest/gtest.h>

#include <set>

#include "tests/support/filters.h"
#include "verifier/verify.h"

namespace callgate {
namespace {

std::string verdict(const std::vector<Insn>& instructions) {
  const auto program = verify(instructions);
  EXPECT_EQ(verifier::check(instructions).has_value(), !program.has_value());
  return program ? "accepted" : to_string(program.error());
}

std::string verdict(std::string_view text) { return verdict(test::insns(text)); }

constexpr Insn ret{0x06, 0, 0, 0};
constexpr Insn neg{0x84, 0, 0, 0};

// `count` instructions, the last of which is a return.
std::vector<Insn> padded(std::vector<Insn> head, std::size_t count) {
  head.resize(count - 1, neg);
  head.push_back(ret);
  return head;
}

TEST(Verifier, length) {
  EXPECT_EQ(verdict(std::vector<Insn>{}), "at 0: the program is empty");
  EXPECT_EQ(verdict(padded({}, 1)), "accepted");
  EXPECT_EQ(verdict(padded({}, 4095)), "accepted");
  EXPECT_EQ(verdict(padded({}, 4096)), "accepted");
  EXPECT_EQ(verdict(padded({}, 4097)), "at 4096: the program is too long (length 4097, at most 4096)");
  if constexpr (sizeof(std::size_t) > 4) {  // a length is told in 32 bits; of so long a program nothing is read
    const Insn insn{};
    const auto error = verifier::check(std::span(&insn, static_cast<std::size_t>(std::uint64_t{1} << 32)));
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->code, VerifyErrc::too_long);
    EXPECT_EQ(error->length, 0xffffffffu);
  }
  EXPECT_EQ(verdict(padded({}, 70'000)), "at 4096: the program is too long (length 70000, at most 4096)");
}

TEST(Verifier, opcode) {
  const std::set<std::uint32_t> accepted = {
      0x04, 0x0c, 0x14, 0x1c, 0x24, 0x2c, 0x34, 0x3c, 0x44, 0x4c, 0x54, 0x5c, 0x64,
      0x6c, 0x74, 0x7c, 0xa4,                                                        // arithmetic
      0xac, 0x84, 0x00, 0x01, 0x60, 0x61, 0x02, 0x03, 0x07, 0x87, 0x80, 0x81, 0x20,  // loads, stores
      0x05, 0x15, 0x1d, 0x25, 0x2d, 0x35, 0x3d, 0x45, 0x4d, 0x06, 0x16};             // jumps, returns
  ASSERT_EQ(accepted.size(), 41u);
  constexpr Insn st{0x02, 0, 0, 0};  // so that loads of M[0] are fine
  for (std::uint32_t code = 0; code <= 0xffff; ++code) {
    const std::uint32_t k = code == 0x34 ? 1 : 0;  // the divisor
    const std::vector<Insn> program = {st, {static_cast<std::uint16_t>(code), 0, 0, k}, ret};
    const auto error = verifier::check(program);
    ASSERT_EQ(!error.has_value(), accepted.contains(code)) << std::hex << code;
    if (!error) continue;
    ASSERT_EQ(error->code, VerifyErrc::unknown_opcode) << std::hex << code;
    ASSERT_EQ(error->pc, 1u);
  }
  EXPECT_EQ(verdict("neg\n.insn 0x94, 0, 0, 7\nret a"), "at 1: opcode is not allowed in a seccomp filter (code 0x94)");
  EXPECT_EQ(verdict(".insn 0x8006, 0, 0, 0"), "at 0: opcode is not allowed in a seccomp filter (code 0x8006)");
}

TEST(Verifier, unused_fields_are_ignored) {
  EXPECT_EQ(verdict(".insn 0x84, 255, 255, 0xffffffff\n"  // NEG
                    ".insn 0x80, 1, 2, 63\n"              // LD LEN
                    ".insn 0x3c, 9, 9, 0\n"               // DIV X: its k is not the divisor
                    ".insn 0x6c, 9, 9, 32\n"              // LSH X: its k is not the shift
                    ".insn 0x07, 9, 9, 99\n"              // TAX
                    ".insn 0x1d, 0, 0, 0xffffffff\n"      // JEQ X
                    ".insn 0x05, 255, 255, 0\n"           // JA uses only k
                    ".insn 0x16, 255, 255, 0xffffffff"),  // RET A
            "accepted");
}

TEST(Verifier, load_offset) {
  for (std::uint32_t k = 0; k < 64; ++k) {
    const std::string expected =
        "at 0: load outside seccomp_data or not aligned to 4 bytes (k=" + std::to_string(k) + ")";
    EXPECT_EQ(verdict("ld [" + std::to_string(k) + "]\nret a"), k % 4 == 0 ? "accepted" : expected);
  }
  EXPECT_EQ(verdict("ld [60]\nret a"), "accepted");
  EXPECT_EQ(verdict("ld [61]\nret a"), "at 0: load outside seccomp_data or not aligned to 4 bytes (k=61)");
  EXPECT_EQ(verdict("ld [64]\nret a"), "at 0: load outside seccomp_data or not aligned to 4 bytes (k=64)");
  EXPECT_EQ(verdict("ld [0xfffff000]\nret a"),
            "at 0: load outside seccomp_data or not aligned to 4 bytes (k=4294963200)");
  EXPECT_EQ(verdict("ld [0xfffffffc]\nret a"),
            "at 0: load outside seccomp_data or not aligned to 4 bytes (k=4294967292)");
}

TEST(Verifier, division_by_zero) {
  EXPECT_EQ(verdict("neg\ndiv #0\nret a"), "at 1: division by the constant 0");
  EXPECT_EQ(verdict("neg\ndiv #1\nret a"), "accepted");
  EXPECT_EQ(verdict("neg\ndiv #0xffffffff\nret a"), "accepted");
  EXPECT_EQ(verdict("ldx #0\ndiv x\nret a"), "accepted");
}

TEST(Verifier, shift_too_large) {
  for (const std::string shift : {"lsh", "rsh"}) {
    EXPECT_EQ(verdict(shift + " #0\nret a"), "accepted");
    EXPECT_EQ(verdict(shift + " #31\nret a"), "accepted");
    EXPECT_EQ(verdict(shift + " #32\nret a"), "at 0: shift by 32 or more (k=32)");
    EXPECT_EQ(verdict(shift + " #0xffffffff\nret a"), "at 0: shift by 32 or more (k=4294967295)");
    EXPECT_EQ(verdict("ldx #32\n" + shift + " x\nret a"), "accepted");
  }
}

TEST(Verifier, scratch_slot) {
  for (const std::string access : {"st", "stx", "ld", "ldx"}) {
    EXPECT_EQ(verdict("st M[15]\n" + access + " M[15]\nret a"), "accepted");
    EXPECT_EQ(verdict("neg\n" + access + " M[16]\nret a"), "at 1: no such scratch slot (M[16])");
    EXPECT_EQ(verdict(access + " M[0xffffffff]\nret a"), "at 0: no such scratch slot (M[4294967295])");
  }
}

TEST(Verifier, jump_out_of_program) {
  // A JA in the first of 14 instructions: 12 behind it before the last one.
  EXPECT_EQ(verdict(padded({{0x05, 0, 0, 12}}, 14)), "accepted");
  EXPECT_EQ(verdict(padded({{0x05, 0, 0, 13}}, 14)), "at 0: jump leaves the program (k=13, length 14)");
  EXPECT_EQ(verdict(padded({{0x05, 0, 0, 0x7fffffff}}, 14)), "at 0: jump leaves the program (k=2147483647, length 14)");
  // These would come back into the program if pc + 1 + k wrapped around.
  EXPECT_EQ(verdict(padded({{0x05, 0, 0, 0xffffffff}}, 14)), "at 0: jump leaves the program (k=4294967295, length 14)");
  EXPECT_EQ(verdict(padded({neg, neg, neg, {0x05, 0, 0, 0xfffffffd}}, 14)),
            "at 3: jump leaves the program (k=4294967293, length 14)");
  EXPECT_EQ(verdict(padded({{0x05, 0, 0, 4094}}, 4096)), "accepted");
  EXPECT_EQ(verdict(padded({{0x05, 0, 0, 4095}}, 4096)), "at 0: jump leaves the program (k=4095, length 4096)");

  std::vector<Insn> program = padded({}, 14);
  for (const int code : {0x15, 0x1d, 0x25, 0x2d, 0x35, 0x3d, 0x45, 0x4d}) {
    const auto with_branch = [&](std::uint8_t jt, std::uint8_t jf) {
      program[4] = {static_cast<std::uint16_t>(code), jt, jf, 1};
      return verdict(program);
    };
    EXPECT_EQ(with_branch(8, 8), "accepted");
    EXPECT_EQ(with_branch(9, 8), "at 4: jump leaves the program (jt=9, length 14)");
    EXPECT_EQ(with_branch(0, 9), "at 4: jump leaves the program (jf=9, length 14)");
    EXPECT_EQ(with_branch(9, 255), "at 4: jump leaves the program (jt=9, jf=255, length 14)");
  }
  EXPECT_EQ(verdict(padded({{0x15, 255, 255, 0}}, 257)), "accepted");
  EXPECT_EQ(verdict(padded({{0x15, 255, 255, 0}}, 256)), "at 0: jump leaves the program (jt=255, jf=255, length 256)");
}

TEST(Verifier, no_return_at_end) {
  EXPECT_EQ(verdict("ret a"), "accepted");
  EXPECT_EQ(verdict("ret #0"), "accepted");
  EXPECT_EQ(verdict("ret a\nneg"), "at 1: the last instruction is not a return (code 0x84)");
  EXPECT_EQ(verdict("ld [0]"), "at 0: the last instruction is not a return (code 0x20)");
  // A jump cannot be last: it would have to leave the program.
  EXPECT_EQ(verdict(".insn 0x05, 0, 0, 0"), "at 0: jump leaves the program (k=0, length 1)");
  EXPECT_EQ(verdict("ret a\n.insn 0x15, 0, 0, 0"), "at 1: jump leaves the program (jt=0, jf=0, length 2)");
}

TEST(Verifier, scratch_uninitialised) {
  EXPECT_EQ(verdict("ld M[3]\nret a"), "at 0: scratch slot is read before it is written (M[3])");
  EXPECT_EQ(verdict("ldx M[0]\nret a"), "at 0: scratch slot is read before it is written (M[0])");
  EXPECT_EQ(verdict("st M[3]\nld M[3]\nret a"), "accepted");
  EXPECT_EQ(verdict("stx M[3]\nldx M[3]\nret a"), "accepted");
  EXPECT_EQ(verdict("st M[3]\nld M[4]\nret a"), "at 1: scratch slot is read before it is written (M[4])");
}

TEST(ScratchPass, a_slot_counts_after_a_join_if_both_sides_wrote_it) {
  EXPECT_EQ(verdict("jeq #1, yes, no\nyes: st M[0]\nja join\nno: st M[0]\njoin: ld M[0]\nret a"), "accepted");
  EXPECT_EQ(verdict("jeq #1, yes, no\nyes: st M[0]\nja join\nno: st M[1]\njoin: ld M[0]\nret a"),
            "at 4: scratch slot is read before it is written (M[0])");
  EXPECT_EQ(verdict("jeq #1, yes, join\nyes: st M[0]\njoin: ld M[0]\nret a"),
            "at 2: scratch slot is read before it is written (M[0])");
}

TEST(ScratchPass, what_was_written_before_a_jump_counts_at_both_targets) {
  EXPECT_EQ(verdict("st M[0]\njeq #1, yes, no\nyes: ld M[0]\nret a\nno: ldx M[0]\nret a"), "accepted");
  EXPECT_EQ(verdict("st M[0]\nja on\nneg\non: ld M[0]\nret a"), "accepted");
}

// Every real path stores first, but the pass carries the set of a RET into the next instruction.
TEST(ScratchPass, a_load_behind_a_return_inherits_its_set) {
  EXPECT_EQ(verdict("jeq #1, yes, no\nyes: st M[0]\nja on\nno: ret #0\non: ld M[0]\nret a"),
            "at 4: scratch slot is read before it is written (M[0])");
  EXPECT_EQ(verdict("st M[0]\nret #0\nld M[0]\nret a"), "accepted");  // unreachable; the set has M[0]
  EXPECT_EQ(verdict("ret #0\nld M[0]\nret a"), "at 1: scratch slot is read before it is written (M[0])");
}

TEST(ScratchPass, an_unreachable_load_behind_a_jump_is_accepted) {
  EXPECT_EQ(verdict("ja on\nld M[5]\non: ret a"), "accepted");
  EXPECT_EQ(verdict("jeq #1, on, on\nldx M[5]\non: ret a"), "accepted");
  // What that load "proves" does not reach the target.
  EXPECT_EQ(verdict("ja on\nld M[5]\non: ld M[5]\nret a"), "at 2: scratch slot is read before it is written (M[5])");
}

TEST(ScratchPass, slots_are_independent) {
  for (std::uint32_t written = 0; written < 16; ++written) {
    for (std::uint32_t read = 0; read < 16; ++read) {
      const std::string text =
          "st M[" + std::to_string(written) + "]\nja on\non: ld M[" + std::to_string(read) + "]\nret a";
      EXPECT_EQ(verdict(text) == "accepted", written == read) << text;
    }
  }
}

TEST(Verifier, the_first_violation_in_program_order_is_reported) {
  EXPECT_EQ(verdict("ld [2]\ndiv #0\nneg"), "at 0: load outside seccomp_data or not aligned to 4 bytes (k=2)");
  EXPECT_EQ(verdict("neg\ndiv #0\nneg"), "at 1: division by the constant 0");
}

}  // namespace
}  // namespace callgate
