// Whatever the bytes, their text stands for the same bytes, and the text of those is the same text.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bpf/disassembler.h"
#include "bpf/opcode.h"
#include "bpf/syscalls.h"
#include "oracles/generator/random.h"
#include "tests/support/filters.h"

namespace callgate {
namespace {

using test::insns;
using testing::HasSubstr;

Insn insn(int code, int jt, int jf, std::uint32_t k) {
  return {static_cast<std::uint16_t>(code), static_cast<std::uint8_t>(jt), static_cast<std::uint8_t>(jf), k};
}

// A whole program, with and without comments.
void expect_round_trip(const std::vector<Insn>& program) {
  for (const bool annotate : {false, true}) {
    for (const bool names : {false, true}) {
      const bpf::DisassemblyOptions options{.annotate = annotate, .names_in_place = names};
      const std::string text = bpf::disassemble(program, options);
      const auto back = insns(text);
      ASSERT_EQ(back, program) << text;
      ASSERT_EQ(bpf::disassemble(back, options), text);
    }
  }
}

// One instruction at index `pc`, in a text that has `pc` instructions before it.
void expect_alone(const Insn& insn, std::uint32_t pc) {
  std::string text;
  for (std::uint32_t i = 0; i < pc; ++i) text += "neg\n";
  text += bpf::disassemble(insn, pc);
  ASSERT_EQ(insns(text).back(), insn) << text;
}

// Every combination of used and unused fields for the codes below 256, where all accepted ones are, in a program long
// enough for their jumps; the other codes only have the one spelling.
TEST(RoundTrip, every_code_with_fields_zero_or_not) {
  for (int code = 0; code <= 0xffff; ++code) {
    if (code >= 0x100) {
      expect_alone(insn(code, 1, 2, 3), 0);
      continue;
    }
    for (unsigned fields = 0; fields < 8; ++fields) {
      const Insn one = insn(code, fields & 1 ? 1 : 0, fields & 2 ? 2 : 0, fields & 4 ? 3 : 0);
      expect_alone(one, 0);
      expect_round_trip(std::vector<Insn>(8, one));
    }
  }
}

TEST(RoundTrip, accepted_opcodes_have_a_spelling_of_their_own) {
  for (const bpf::OpcodeInfo& info : bpf::opcode_table) {
    const Insn insn{static_cast<std::uint16_t>(info.opcode), 0, 0, 0};
    EXPECT_TRUE(bpf::disassemble(insn, 0).starts_with(info.mnemonic)) << info.mnemonic;
  }
}

TEST(RoundTrip, edges_of_jumps) {
  for (const int code : {0x05, 0x15, 0x1d, 0x25, 0x45, 0x4d}) {
    for (const std::uint32_t k :
         {0u, 1u, 254u, 255u, 256u, 0x7fffffffu, 0x80000000u, 0xfffffffdu, 0xfffffffeu, 0xffffffffu}) {
      for (const int jt : {0, 1, 254, 255}) {
        for (const int jf : {0, 1, 254, 255}) {
          for (const std::uint32_t pc : {0u, 1u, 2u, 20u}) expect_alone(insn(code, jt, jf, k), pc);
        }
      }
    }
  }
}

Insn random_insn(oracles::Random& random) {
  const std::uint32_t fields = random.word();
  return {static_cast<std::uint16_t>(random.word()), static_cast<std::uint8_t>(fields),
          static_cast<std::uint8_t>(fields >> 8), random.word()};
}

// Mostly accepted opcodes, half of them with jt and jf 0, half with a small k.
std::vector<Insn> random_program(oracles::Random& random) {
  std::vector<Insn> program(random.between(1, 400));
  for (Insn& insn : program) {
    insn = random_insn(random);
    const auto& info = random.pick(std::span<const bpf::OpcodeInfo>(bpf::opcode_table));
    if (random.chance(90)) insn.code = static_cast<std::uint16_t>(info.opcode);
    if (random.chance(50)) insn.jt = insn.jf = 0;
    if (random.chance(50)) insn.k = random.below(70);
  }
  return program;
}

TEST(RoundTrip, random_programs) {
  oracles::Random random(3);
  for (int round = 0; round < 200; ++round) ASSERT_NO_FATAL_FAILURE(expect_round_trip(random_program(random))) << round;
}

TEST(RoundTrip, random_bytes) {
  oracles::Random random(4);
  for (int round = 0; round < 500; ++round) {
    std::vector<Insn> program(random.between(1, 100));
    for (Insn& insn : program) insn = random_insn(random);
    ASSERT_NO_FATAL_FAILURE(expect_round_trip(program)) << round;
  }
}

TEST(RoundTrip, empty_program) { EXPECT_EQ(bpf::disassemble(std::vector<Insn>{}), ""); }

// Text that is not made by the disassembler: whatever comes, an answer and no crash, and every error has a line.
TEST(RandomText, gives_a_program_or_an_error_with_a_line) {
  constexpr const char* pieces[] = {
      "ld",   "ldx", "ret",        "jeq",        "ja",          "add", "neg",   "st",    ".insn", "#",
      "[",    "]",   "(",          ")",          ",",           ":",   "%",     "x",     "a",     "M",
      "len",  "nr",  "args",       ".lo",        "0",           "1",   "-1",    "0x",    "*",     "&",
      "ldxb", "mod", "4*([0]&15)", "0xffffffff", "99999999999", "l",   "ALLOW", "ERRNO", "\n",    "\n",
      "\n",   " ",   "/*",         "*/",         "//",          ";",   "\\",    "\x80",  "'",     "+"};
  oracles::Random random(5);
  std::size_t accepted = 0;
  for (int round = 0; round < 50'000; ++round) {
    std::string text;
    std::uint32_t lines = 1;
    for (std::uint32_t i = random.between(1, 12); i > 0; --i)
      text += random.pick(pieces) + std::string(random.chance(70) ? " " : "");
    for (const char c : text) lines += c == '\n' ? 1 : 0;
    const auto result = bpf::assemble(text, random.chance(50) ? bpf::LongJumps::bridge : bpf::LongJumps::reject);
    if (result) {
      ++accepted;
      ASSERT_EQ(insns(bpf::disassemble(*result)), *result) << text;
    } else {
      ASSERT_GE(result.error().line, 1u) << text;
      ASSERT_LE(result.error().line, lines) << text;
      ASSERT_FALSE(result.error().message.empty()) << text;
    }
  }
  EXPECT_GT(accepted, 100u);
}

// The disassembler's comments.
TEST(Annotation, names_what_the_last_load_makes_of_a_constant) {
  const auto name = [](std::uint32_t nr, std::uint32_t arch) {
    return "call" + std::to_string(nr) + (arch == arch::x86_32 ? "_i386" : "");
  };
  const auto text = bpf::disassemble(insns("ld [nr]\njeq #5, end\n"
                                           "ld [arch]\njeq #ARCH_I386, end\n"
                                           "ld [nr]\ntax\nst M[0]\njge #6, end\n"
                                           "and #0xff\njeq #7, end\n"
                                           "end: ret #TRACE(9)"),
                                     {.annotate = true, .syscall_name = name});
  EXPECT_EQ(text,
            "        ld [0]                          ; nr\n"
            "        jeq #0x5, L10                   ; call5\n"
            "        ld [4]                          ; arch\n"
            "        jeq #0x40000003, L10            ; i386\n"
            "        ld [0]                          ; nr\n"
            "        tax\n"
            "        st M[0]\n"
            "        jge #0x6, L10                   ; call6\n"
            "        and #0xff\n"
            "        jeq #0x7, L10\n"
            "L10:    ret #0x7ff00009                 ; TRACE(9)\n");
}

std::string named(std::string_view text) {
  const auto name = [](std::uint32_t nr, std::uint32_t arch) {
    return std::string(bpf::syscall_name(nr, arch == 0 ? arch::x86_64 : arch));
  };
  return bpf::disassemble(insns(text), {.annotate = true, .syscall_name = name});
}

// Android's filters and runc's stub compare both architectures first.
TEST(Annotation, numbers_are_those_of_the_path) {
  const std::string text = named(
      "ld [arch]\njeq #ARCH_X86_64, wide\njeq #ARCH_I386, narrow, kill\n"
      "wide: ld [nr]\njeq #59, kill, both\n"
      "narrow: ld [nr]\njeq #11, kill, both\n"
      "both: jeq #3, kill\njeq #20, kill\nret #ALLOW\nkill: ret #KILL_PROCESS");
  EXPECT_THAT(text, HasSubstr("jeq #0x3b, L10, L7              ; execve\n"));
  EXPECT_THAT(text, HasSubstr("jeq #0xb, L10                   ; execve\n"));
  EXPECT_THAT(text, HasSubstr("jeq #0x3, L10                   ; close (x86_64), read (i386)\n"));
  EXPECT_THAT(text, HasSubstr("jeq #0x14, L10                  ; writev (x86_64), getpid (i386)\n"));
}

// Others lead there, too, but the filter has told i386 from x86_64.
TEST(Annotation, numbers_have_both_names_where_both_architectures_meet) {
  const std::string text = named(
      "ld [arch]\njeq #ARCH_I386, narrow\nld [nr]\njeq #59, kill, both\n"
      "narrow: ld [nr]\nboth: jeq #11, kill\nret #ALLOW\nkill: ret #KILL_PROCESS");
  EXPECT_THAT(text, HasSubstr("jeq #0x3b, L7, L5               ; execve\n"));
  EXPECT_THAT(text, HasSubstr("jeq #0xb, L7                    ; munmap (x86_64), execve (i386)\n"));
  EXPECT_THAT(named("ld [arch]\njeq #ARCH_AARCH64, end\nld [nr]\njeq #1, end\nend: ret #0"), HasSubstr("; write\n"));
}

TEST(Annotation, what_is_ruled_out_gives_no_name) {
  EXPECT_THAT(named("ld [arch]\njeq #ARCH_X86_64, end\nld [nr]\njeq #1, end\nend: ret #0"),
              HasSubstr("jeq #0x1, L4\n"));
  EXPECT_THAT(named("ld [arch]\njeq #ARCH_I386, end\nld [nr]\njeq #1, end\nend: ret #0"),
              HasSubstr("jeq #0x1, L4                    ; write\n"));
}

TEST(Annotation, the_guard_of_x32_is_no_call) {
  for (const char* guard : {"jge #0x40000000", "jgt #0x3fffffff", "jset #0x40000000"}) {
    EXPECT_THAT(named(std::string("ld [nr]\n") + guard + ", end\nend: ret #0"), HasSubstr("; x32 calls\n")) << guard;
  }
  EXPECT_THAT(named("ld [nr]\njeq #0x40000000, end\nend: ret #0"), HasSubstr("; read (x32)\n"));
  EXPECT_THAT(named("ld [arch]\njneq #ARCH_I386, end\nld [nr]\njge #0x40000000, end\nend: ret #0"),
              HasSubstr("jge #0x40000000, L4\n"));
}

TEST(Annotation, follows_words_through_registers_and_slots) {
  EXPECT_THAT(named("ld [nr]\nst M[3]\nld [arch]\ntax\nld M[3]\njeq #1, end\ntxa\njeq #ARCH_I386, end\nend: ret #0"),
              testing::AllOf(HasSubstr("; write\n"), HasSubstr("; i386\n")));
}

TEST(Annotation, errors_have_names) {
  EXPECT_THAT(named("ret #ERRNO(13)"), HasSubstr("; ERRNO(13) EACCES\n"));
  EXPECT_THAT(named("ret #ERRNO(4095)"), HasSubstr("; ERRNO(4095)\n"));
}

TEST(NamesInPlace, are_read_as_the_same_numbers) {
  const auto program = insns(
      "ld [4]\njeq #0xc000003e, wide\njeq #0x40000003, narrow, kill\n"
      "wide: ld [0]\njge #0x40000000, x32\njeq #110, kill, both\n"
      "x32: jeq #0x40000000, kill, both\n"
      "narrow: ld [0]\njeq #64, kill, both\n"
      "both: jeq #3, kill\nret #0x50001\nkill: ret #0x30005\nret #0x12345678");
  const std::string text = bpf::disassemble(program, {.annotate = false, .names_in_place = true});
  for (const char* name :
       {"ld [arch]", "jeq #AUDIT_ARCH_X86_64,", "jeq #AUDIT_ARCH_I386,", "ld [nr]", "#getppid, ", "#x32.read, ",
        "jeq #0x3, ", "ret #ERRNO(EPERM)", "ret #TRAP(5)", "ret #UNKNOWN(0x12345678)"}) {
    EXPECT_THAT(text, HasSubstr(name));
  }
  EXPECT_EQ(insns(text), program);
}

TEST(Annotation, forgets_what_a_refused_instruction_overwrites) {
  const auto text = bpf::disassemble(insns("ld [arch]\nmod #7\njeq #ARCH_I386, end\nend: ret #0"));
  EXPECT_EQ(text,
            "        ld [4]                          ; arch\n"
            "        mod #0x7                        ; not an instruction of seccomp\n"
            "        jeq #0x40000003, L3\n"
            "L3:     ret #0x0                        ; KILL_THREAD\n");
}

TEST(Annotation, can_be_left_out) {
  EXPECT_EQ(bpf::disassemble(insns("ld [nr]\nret #ALLOW"), {.annotate = false}),
            "        ld [0]\n        ret #0x7fff0000\n");
}

TEST(OneInstructionText, shows_absolute_targets) {
  EXPECT_EQ(bpf::disassemble(Insn{0x15, 1, 4, 0x3b}, 2), "jeq #0x3b, 4, 7");
  EXPECT_EQ(bpf::disassemble(Insn{0x1d, 0, 0, 0}, 2), "jeq x, 3, 3");
  EXPECT_EQ(bpf::disassemble(Insn{0x05, 0, 0, 10}, 2), "ja 13");
  EXPECT_EQ(bpf::disassemble(Insn{0x05, 0, 0, 0xfffffffd}, 1), "ja 4294967295");
  EXPECT_EQ(bpf::disassemble(Insn{0x05, 0, 0, 0xfffffffe}, 1), ".insn 0x5, 0, 0, 0xfffffffe");
  EXPECT_EQ(bpf::disassemble(Insn{0x06, 0, 1, 0}, 0), ".insn 0x6, 0, 1, 0x0");
  EXPECT_EQ(bpf::disassemble(Insn{0x94, 0, 0, 2}, 0), "mod #0x2");
  EXPECT_EQ(bpf::disassemble(Insn{0x48, 0, 0, 2}, 0), "ldh [x+2]");
  EXPECT_EQ(bpf::disassemble(Insn{0xb1, 0, 0, 14}, 0), "ldxb 4*([14]&0xf)");
  EXPECT_EQ(bpf::disassemble(Insn{0xb1, 1, 0, 14}, 0), ".insn 0xb1, 1, 0, 0xe");
  EXPECT_EQ(bpf::disassemble(Insn{0xa0, 0, 0, 2}, 0), ".insn 0xa0, 0, 0, 0x2");
  EXPECT_EQ(bpf::disassemble(Insn{0x61, 0, 0, 2}, 0), "ldx M[2]");
}

}  // namespace
}  // namespace callgate
