// What each spelling stands for. The codes are written out as in the kernel's headers (linux/bpf_common.h), not
// taken from the opcode table that the assembler uses.
#include "bpf/assembler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "callgate/action.hpp"
#include "tests/support/filters.h"

namespace callgate {

namespace {

using test::insns;
using testing::ElementsAre;

struct Spelling {
  const char* text;
  Insn insn;
};

void expect_instructions(std::initializer_list<Spelling> spellings) {
  for (const auto& [text, insn] : spellings) EXPECT_THAT(insns(text), ElementsAre(insn)) << text;
}

TEST(Assembler, loads) {
  expect_instructions({{"ld #5", {0x00, 0, 0, 5}},
                       {"ldi 5", {0x00, 0, 0, 5}},
                       {"ldi #5", {0x00, 0, 0, 5}},
                       {"ldx #5", {0x01, 0, 0, 5}},
                       {"ldxi 5", {0x01, 0, 0, 5}},
                       {"ldxi #5", {0x01, 0, 0, 5}},
                       {"ld [4]", {0x20, 0, 0, 4}},
                       {"ld [0x3c]", {0x20, 0, 0, 60}},
                       {"ld M[3]", {0x60, 0, 0, 3}},
                       {"ldx M[3]", {0x61, 0, 0, 3}},
                       {"ld m[15]", {0x60, 0, 0, 15}},
                       {"ld len", {0x80, 0, 0, 0}},
                       {"ld #len", {0x80, 0, 0, 0}},
                       {"ld #pktlen", {0x80, 0, 0, 0}},
                       {"ld pktlen", {0x80, 0, 0, 0}},
                       {"ldx len", {0x81, 0, 0, 0}},
                       {"ldx #pktlen", {0x81, 0, 0, 0}},
                       {"st M[7]", {0x02, 0, 0, 7}},
                       {"stx M[7]", {0x03, 0, 0, 7}}});
}

TEST(Assembler, arithmetic) {
  expect_instructions({{"add #1", {0x04, 0, 0, 1}},
                       {"add x", {0x0c, 0, 0, 0}},
                       {"sub #1", {0x14, 0, 0, 1}},
                       {"sub %x", {0x1c, 0, 0, 0}},
                       {"mul #1", {0x24, 0, 0, 1}},
                       {"mul x", {0x2c, 0, 0, 0}},
                       {"div #1", {0x34, 0, 0, 1}},
                       {"div X", {0x3c, 0, 0, 0}},
                       {"or #1", {0x44, 0, 0, 1}},
                       {"or x", {0x4c, 0, 0, 0}},
                       {"and #1", {0x54, 0, 0, 1}},
                       {"and x", {0x5c, 0, 0, 0}},
                       {"lsh #1", {0x64, 0, 0, 1}},
                       {"lsh x", {0x6c, 0, 0, 0}},
                       {"rsh #1", {0x74, 0, 0, 1}},
                       {"rsh x", {0x7c, 0, 0, 0}},
                       {"neg", {0x84, 0, 0, 0}},
                       {"xor #1", {0xa4, 0, 0, 1}},
                       {"xor x", {0xac, 0, 0, 0}},
                       {"tax", {0x07, 0, 0, 0}},
                       {"txa", {0x87, 0, 0, 0}},
                       {"NEG", {0x84, 0, 0, 0}},
                       {".insn 0x94, 1, 0xff, 7", {0x94, 1, 255, 7}}});
}

TEST(Assembler, returns) {
  expect_instructions({{"ret a", {0x16, 0, 0, 0}},
                       {"ret %A", {0x16, 0, 0, 0}},
                       {"ret #7", {0x06, 0, 0, 7}},
                       {"ret #ALLOW", {0x06, 0, 0, 0x7fff0000}},
                       {"ret #LOG", {0x06, 0, 0, 0x7ffc0000}},
                       {"ret #TRACE(65535)", {0x06, 0, 0, 0x7ff0ffff}},
                       {"ret #USER_NOTIF", {0x06, 0, 0, 0x7fc00000}},
                       {"ret #ERRNO(13)", {0x06, 0, 0, 0x0005000d}},
                       {"ret #ERRNO", {0x06, 0, 0, 0x00050000}},
                       {"ret #TRAP(0x1f)", {0x06, 0, 0, 0x0003001f}},
                       {"ret #KILL_THREAD", {0x06, 0, 0, 0}},
                       {"ret #KILL_PROCESS", {0x06, 0, 0, 0x80000000}}});
}

// The rest of bpf_asm's instructions: the verifier says why they are refused.
TEST(Assembler, instructions_of_other_filters) {
  expect_instructions({{"mod #7", {0x94, 0, 0, 7}},
                       {"mod x", {0x9c, 0, 0, 0}},
                       {"ldh [12]", {0x28, 0, 0, 12}},
                       {"ldb [23]", {0x30, 0, 0, 23}},
                       {"ld [x+4]", {0x40, 0, 0, 4}},
                       {"ld [ x + 0x10 ]", {0x40, 0, 0, 16}},
                       {"ldh [%x+2]", {0x48, 0, 0, 2}},
                       {"ldb [X+0]", {0x50, 0, 0, 0}},
                       {"ldxb 4*([14]&0xf)", {0xb1, 0, 0, 14}},
                       {"ldx 4 * ( [ 14 ] & 15 )", {0xb1, 0, 0, 14}},
                       {"ret x", {0x0e, 0, 0, 0}}});
}

TEST(Assembler, numbers) {
  expect_instructions({{"ld #0", {0x00, 0, 0, 0}},
                       {"ld #-0", {0x00, 0, 0, 0}},
                       {"ld #+9", {0x00, 0, 0, 9}},
                       {"ld #4294967295", {0x00, 0, 0, 0xffffffff}},
                       {"ld #0xFFFFFFFF", {0x00, 0, 0, 0xffffffff}},
                       {"ld #0x000000000000000001", {0x00, 0, 0, 1}},
                       {"ld #017", {0x00, 0, 0, 15}},
                       {"ld #0b1101", {0x00, 0, 0, 13}},
                       {"ld #0B1", {0x00, 0, 0, 1}},
                       {"ld #-1", {0x00, 0, 0, 0xffffffff}},
                       {"ld #-2147483648", {0x00, 0, 0, 0x80000000}},
                       {"ld #ARCH_X86_64", {0x00, 0, 0, 0xc000003e}},
                       {"ld #ARCH_I386", {0x00, 0, 0, 0x40000003}},
                       {"ld #ARCH_AARCH64", {0x00, 0, 0, 0xc00000b7}}});
}

TEST(Assembler, fields) {
  expect_instructions({{"ld [nr]", {0x20, 0, 0, 0}},
                       {"ld [arch]", {0x20, 0, 0, 4}},
                       {"ld [ip.lo]", {0x20, 0, 0, 8}},
                       {"ld [ip.hi]", {0x20, 0, 0, 12}},
                       {"ld [args[0].lo]", {0x20, 0, 0, 16}},
                       {"ld [args[0].hi]", {0x20, 0, 0, 20}},
                       {"ld [ args [ 5 ] .hi ]", {0x20, 0, 0, 60}}});
}

// jt, jf of a jump in front of three returns, which are one, two and three instructions behind it.
struct JumpSpelling {
  const char* text;
  std::uint16_t code;
  std::uint32_t k;
  std::uint8_t jt;
  std::uint8_t jf;
};

void expect_jumps(std::initializer_list<JumpSpelling> spellings) {
  for (const JumpSpelling& jump : spellings) {
    const auto program = insns(std::string(jump.text) + "\nr0: ret #0\nr1: ret #1\nr2: ret #2");
    EXPECT_EQ(program.front(), (Insn{jump.code, jump.jt, jump.jf, jump.k})) << jump.text;
  }
}

TEST(Assembler, jumps) {
  expect_jumps({{"ja r1", 0x05, 1, 0, 0},
                {"jmp r2", 0x05, 2, 0, 0},
                {"ja 3", 0x05, 2, 0, 0},
                {"jeq #9, r1, r2", 0x15, 9, 1, 2},
                {"jeq #9, r1", 0x15, 9, 1, 0},
                {"jeq x, r1, r2", 0x1d, 0, 1, 2},
                {"jeq %x, r2", 0x1d, 0, 2, 0},
                {"jeq #9, 3, 2", 0x15, 9, 2, 1},
                {"jeq #9, r0, 0x3", 0x15, 9, 0, 2},
                {"jneq #9, r1", 0x15, 9, 0, 1},
                {"jne x, r1", 0x1d, 0, 0, 1},
                {"jne #9, r1, r2", 0x15, 9, 2, 1},
                {"jgt #9, r1, r2", 0x25, 9, 1, 2},
                {"jgt x, r1, r2", 0x2d, 0, 1, 2},
                {"jge #9, r1", 0x35, 9, 1, 0},
                {"jge %x, r1", 0x3d, 0, 1, 0},
                {"jlt #9, r2", 0x35, 9, 0, 2},
                {"jlt x, r2", 0x3d, 0, 0, 2},
                {"jle #9, r2", 0x25, 9, 0, 2},
                {"jle %x, r2", 0x2d, 0, 0, 2},
                {"jset #-1, r1, r2", 0x45, 0xffffffff, 1, 2},
                {"jset x, r1", 0x4d, 0, 1, 0},
                {".insn 0x1d, 7, 200, 5", 0x1d, 5, 7, 200},
                {".insn 5, 1, 2, 0xffffffff", 0x05, 0xffffffff, 1, 2},
                {"ja 99", 0x05, 98, 0, 0}});
}

TEST(Assembler, labels_and_layout_are_free) {
  const Insn ret{0x06, 0, 0, 1};
  const Insn jeq{0x15, 0, 1, 1};
  for (const char* text : {
           "jeq #1, a, x\na: ret #1\nx: ret #1",
           "jeq #1,a,x\r\na:\r\n\r\nret #1\r\nx:ret #1\r\n",
           "jeq #1, one, two ; done\none: first:\n  ret #1 // yes\n\n# no\n\t# never\ntwo:\nlast: ret /* 1 */ #1",
           "/* a\n b */ jeq #1 /* over\nlines */, ld, st\nld: ret #1\nst: ret #1",
           "jeq # 1 , ALLOW , M ; ret #5\nALLOW : RET # 1\nM: Ret #1",
       }) {
    EXPECT_THAT(insns(text), ElementsAre(jeq, ret, ret)) << text;
  }
}

TEST(Assembler, labels_keep_their_case) {
  EXPECT_THAT(insns("ja end\nEnd: neg\nend: neg"),
              ElementsAre(Insn{0x05, 0, 0, 1}, Insn{0x84, 0, 0, 0}, Insn{0x84, 0, 0, 0}));
}

TEST(Assembler, text_without_instructions_is_an_empty_program) {
  for (const char* text : {"", "\n\n", "; nothing", "# nothing", "/* nothing */", " \t\r\n"})
    EXPECT_TRUE(insns(text).empty());
}

TEST(Assembler, makes_no_check_of_meaning) { EXPECT_EQ(insns("ld [63]\nld M[99]\nlsh #77\ndiv #0\nneg").size(), 5u); }

TEST(Assembler, names_that_the_disassembler_shows) {
  constexpr std::uint32_t eperm = 1;
  expect_instructions({{"ret ALLOW", {0x06, 0, 0, action::allow}},
                       {"ret #SECCOMP_RET_ALLOW", {0x06, 0, 0, action::allow}},
                       {"ret SECCOMP_RET_KILL_PROCESS", {0x06, 0, 0, action::kill_process}},
                       {"ret ERRNO(EPERM)", {0x06, 0, 0, action::errno_ | eperm}},
                       {"ret #ERRNO(EPERM)", {0x06, 0, 0, action::errno_ | eperm}},
                       {"ret ERRNO(38)", {0x06, 0, 0, action::errno_ | 38}},
                       {"ret ERRNO(EWOULDBLOCK)", {0x06, 0, 0, action::errno_ | 11}},
                       {"ret TRAP(5)", {0x06, 0, 0, action::trap | 5}},
                       {"ret UNKNOWN(0x12345678)", {0x06, 0, 0, 0x12345678}},
                       {"ld #AUDIT_ARCH_X86_64", {0x00, 0, 0, 0xc000003e}}});
}

// The number that the first jump of a text compares with, but for architectures.
std::uint32_t compared(std::string_view text) {
  for (const Insn& insn : insns(text)) {
    if (insn.code == 0x15 && insn.k != 0xc000003e && insn.k != 0x40000003) return insn.k;
  }
  return ~0u;
}

TEST(Assembler, kill_is_the_old_name_of_kill_thread) {
  for (const char* text : {"ret KILL", "ret #KILL", "ret SECCOMP_RET_KILL", "ret #SECCOMP_RET_KILL"}) {
    EXPECT_EQ(insns(text), (std::vector<Insn>{{0x06, 0, 0, 0}})) << text;
  }
}

TEST(Assembler, a_call_is_a_number_of_the_path) {
  EXPECT_EQ(compared("ld [nr]\njeq #getppid, 2\nret #0"), 110u);
  EXPECT_EQ(compared("ld [arch]\njneq #ARCH_I386, end\nld [nr]\njeq #getppid, end\nend: ret #0"), 64u);
  EXPECT_EQ(compared("ld [nr]\njeq #i386.getppid, 2\nret #0"), 64u);
  EXPECT_EQ(compared("ld [nr]\njeq #x32.read, 2\nret #0"), 0x40000000u);
  EXPECT_EQ(compared("ld [nr]\njneq #close, 2\nret #0"), 3u) << "other spellings of jumps, too";
}

}  // namespace
}  // namespace callgate
