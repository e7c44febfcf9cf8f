// Bad text: the line and the message, word for word.
#include <gtest/gtest.h>

#include "bpf/assembler.h"

namespace callgate::bpf {
namespace {

struct Case {
  std::string text;
  std::string message;
};

void expect_errors(std::initializer_list<Case> cases) {
  for (const auto& [text, message] : cases) {
    const auto result = assemble(text);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(to_string(result.error()), message) << text;
  }
}

TEST(AssemblerErrors, instructions) {
  expect_errors({{"neg\nlod [0]", "line 2: unknown instruction 'lod'"},
                 {"mod M[1]", "line 1: 'mod' does not take a scratch slot (M[k])"},
                 {"ldb #1", "line 1: 'ldb' does not take a constant (#k)"},
                 {"ldh", "line 1: 'ldh' needs an operand"},
                 {"ldx [x+4]", "line 1: 'ldx' does not take a word at X ([x+k])"},
                 {"ld 4*([1]&0xf)", "line 1: 'ld' does not take a header's length (4*([k]&0xf))"},
                 {"ldxb 4*([1]&7)", "line 1: there is no other such load than 4*([k]&0xf)"},
                 {"ldxb 2*([1]&15)", "line 1: there is no other such load than 4*([k]&0xf)"},
                 {"ldxb 4*([1]&0xf", "line 1: ')' is missing at the end of the line"},
                 {"ldxb 4*", "line 1: '(' is missing at the end of the line"},
                 {"ld [%a+4]", "line 1: 'a' where x is expected"},
                 {"ld [%x]", "line 1: ']' where '+' is expected"},
                 {"ld [x+", "line 1: a number is missing at the end of the line"},
                 {"ld [x-4]", "line 1: unknown field 'x-4'"},
                 {"ld #cpu", "line 1: unknown constant 'cpu'"},
                 {"ret\n", "line 1: 'ret' needs an operand"},
                 {"ret [0]", "line 1: 'ret' does not take a word of the input ([k])"},
                 {"st #1", "line 1: 'st' does not take a constant (#k)"},
                 {"ldx [0]", "line 1: 'ldx' does not take a word of the input ([k])"},
                 {"add a", "line 1: 'add' does not take the register a"},
                 {"add len", "line 1: 'add' does not take the length (len)"},
                 {"neg #1", "line 1: '#' where the end of the line is expected"},
                 {"tax x", "line 1: 'x' where the end of the line is expected"},
                 {"jeq M[1], here", "line 1: 'jeq' does not take a scratch slot (M[k])"},
                 {"jeq", "line 1: 'jeq' needs an operand"},
                 {"ld", "line 1: 'ld' needs an operand"},
                 {"ldi x", "line 1: 'x' where a number is expected"},
                 {"ldxi M[1]", "line 1: 'M' where a number is expected"},
                 {"ld foo", "line 1: 'foo' where an operand is expected"},
                 {"add 5", "line 1: '5' where an operand is expected"},
                 {"ld %y", "line 1: 'y' where x or a is expected"},
                 {"ld M[1", "line 1: ']' is missing at the end of the line"},
                 {"ld M1", "line 1: 'M1' where an operand is expected"},
                 {"ld M(1)", "line 1: '(' where '[' is expected"},
                 {"ld [nr\n", "line 1: ']' is missing at the end of the line"},
                 {"ld []", "line 1: unknown field ''"},
                 {"ld [args[6].lo]", "line 1: unknown field 'args[6].lo'"},
                 {"ld [args[0]]", "line 1: unknown field 'args[0]'"},
                 {"ld [x]", "line 1: unknown field 'x'"},
                 {"ret #ALLOW ret", "line 1: 'ret' where the end of the line is expected"},
                 {"neg neg", "line 1: 'neg' where the end of the line is expected"},
                 {"5", "line 1: '5' where an instruction or a label is expected"},
                 {"here: 5", "line 1: '5' where an instruction or a label is expected"},
                 {"neg\n@", "line 2: '@' where an instruction or a label is expected"},
                 {"neg\n\x1b[2J", "line 2: '\\x1b' where an instruction or a label is expected"},
                 {"neg /* \n\n", "line 1: the comment has no end"},
                 {"\nneg\n/*/", "line 3: the comment has no end"},
                 {std::string("ne\0g", 4), "line 1: unknown instruction 'ne'"}});
}

TEST(AssemblerErrors, constants) {
  expect_errors({{"ret #", "line 1: a constant is expected after '#'"},
                 {"ret #[", "line 1: a constant is expected after '#'"},
                 {"ret #NEVER", "line 1: unknown constant 'NEVER'"},
                 {"ret #allow", "line 1: unknown constant 'allow'; did you mean ALLOW?"},
                 {"ld #ARCH_PDP11", "line 1: unknown constant 'ARCH_PDP11'"},
                 {"ret #ERRNO(65536)", "line 1: '65536' is more than 65535"},
                 {"ret #ERRNO(-1)", "line 1: '-1' is negative"},
                 {"ret #ERRNO(13", "line 1: ')' is missing at the end of the line"},
                 {"ret #ERRNO()", "line 1: ')' where a number is expected"},
                 {"ld #4294967296", "line 1: '4294967296' does not fit in 32 bits"},
                 {"ld #0x100000000", "line 1: '0x100000000' does not fit in 32 bits"},
                 {"ld #99999999999999999999999999999999999999999999",
                  "line 1: '9999999999999999999999999999999999999999…' does not fit in 32 bits"},
                 {"ld #-2147483649", "line 1: '-2147483649' does not fit in 32 bits"},
                 {"ld [-4]", "line 1: '-4' is negative"},
                 {"ld M[-1]", "line 1: '-1' is negative"},
                 {"ld #0x", "line 1: '0x' is not a number"},
                 {"ld #0b2", "line 1: '0b2' is not a number"},
                 {"ld #08", "line 1: '08' is not a number"},
                 {"ld #12ab", "line 1: '12ab' is not a number"},
                 {"ld #0x1g", "line 1: '0x1g' is not a number"},
                 {"ld #-x", "line 1: a constant is expected after '#'"},
                 {".insn 0x10000, 0, 0, 0", "line 1: '0x10000' is more than 65535"},
                 {".insn 6, 256, 0, 0", "line 1: '256' is more than 255"},
                 {".insn 6, 0, 256, 0", "line 1: '256' is more than 255"},
                 {".insn 6, 0, 0, -1", "line 1: '-1' is negative"},
                 {".insn 6, 0, 0", "line 1: ',' is missing at the end of the line"},
                 {".insn 6 0 0 0", "line 1: '0' where ',' is expected"},
                 {".insn", "line 1: a number is missing at the end of the line"}});
}

TEST(AssemblerErrors, jumps) {
  expect_errors(
      {{"ja\n", "line 1: a label or an instruction's index is missing at the end of the line"},
       {"neg\nja nowhere\nret a", "line 2: unknown label 'nowhere'"},
       {"jeq #1, here, there\nhere: ret a", "line 1: unknown label 'there'"},
       {"jeq #1", "line 1: ',' is missing at the end of the line"},
       {"jeq #1 here", "line 1: 'here' where ',' is expected"},
       {"jeq #1,", "line 1: a label or an instruction's index is missing at the end of the line"},
       {"jeq #1, here,\nhere: ret a", "line 1: a label or an instruction's index is missing at the end of the line"},
       {"jeq #1, #2", "line 1: '#' where a label or an instruction's index is expected"},
       {"back: neg\nneg\nja back", "line 3: the jump to 'back' goes back; jumps only go forward"},
       {"self: jeq #1, self", "line 1: the jump to 'self' goes back; jumps only go forward"},
       {"neg\nja 1", "line 2: the jump to 1 goes back; jumps only go forward"},
       {"ja -1", "line 1: '-1' is negative"},
       {"ja 4294967296", "line 1: '4294967296' does not fit in 32 bits"},
       {"here: neg\nret a\nhere: ret a", "line 3: label 'here' is already defined in line 1"},
       {"ja end\nneg\nend:\n\n", "line 3: no instruction follows label 'end'"}});
}

TEST(AssemblerErrors, long_text) {
  expect_errors({{std::string(max_text_size + 1, ' '), "line 1: the text is longer than 16777216 bytes"},
                 {std::string(1000, 'y'), "line 1: unknown instruction 'yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy…'"}});
}

TEST(AssemblerErrors, names) {
  expect_errors(
      {{"ret ERRNO(EWHAT)", "line 1: unknown error 'EWHAT'"},
       {"ret TRAP(EPERM)", "line 1: 'EPERM' where a number is expected"},
       {"ret UNKNOWN(0x7fff0000)", "line 1: '0x7fff0000' is not unknown: it is ALLOW"},
       {"ret UNKNOWN", "line 1: '(' is missing at the end of the line"},
       {"ret #kill", "line 1: unknown constant 'kill'; did you mean KILL?"},
       {"ret ALOW", "line 1: unknown constant 'ALOW'; did you mean ALLOW?"},
       {"ret #SECCOMP_RET_ERNO(1)", "line 1: unknown constant 'SECCOMP_RET_ERNO'; did you mean ERRNO?"},
       {"ld #read", "line 1: unknown constant 'read'"},
       {"ld [nr]\njeq #raed, 2\nret #0", "line 2: unknown constant 'raed'"},
       {"ld [nr]\njeq #arm.read, 2\nret #0", "line 2: 'read' has no number that is known on arm"},
       {"ld [nr]\njeq #vax.read, 2\nret #0", "line 2: unknown architecture in 'vax.read'"},
       {"ld [nr]\njeq #mmap2, 2\nret #0", "line 2: 'mmap2' has no number that is known on x86_64"},
       {"ld [args[0].lo]\njeq #read, 2\nret #0", "line 2: 'read' names a system call, but args[0].lo is compared here"},
       {"ld [arch]\njeq #ARCH_I386, 3\nneg\nld [nr]\njeq #read, 5\nret #0",
        "line 5: calls of several architectures get here: write x86_64.read or i386.read for 'read'"},
       {"ld [arch]\njeq #ARCH_I386, 3\njneq #ARCH_X86_64, 5\nld [nr]\njeq #read, 5\nret #0",
        "line 5: calls of several architectures get here: write x86_64.read or i386.read for 'read'"}});
}

}  // namespace
}  // namespace callgate::bpf
