#include "bpf/formats.h"

#include <gtest/gtest.h>

#include <bit>

#include "tests/support/filters.h"

namespace callgate::bpf {
namespace {

using namespace std::string_literals;

const std::vector<Insn> sample = {{0x20, 0, 0, 4}, {0x15, 1, 0, 0xc000003e}, {0x06, 0, 0, 0}, {0x06, 0, 0, 0x7fff0000}};

std::string error_of(const std::string& content, Format format) {
  const auto result = read_filter(content, format);
  return result ? "read " + std::to_string(result->size()) + " instructions" : result.error();
}

TEST(Formats, raw_is_the_array_in_memory) {
  const std::string bytes = write_raw(sample);
  ASSERT_EQ(bytes.size(), 32u);
  if (std::endian::native == std::endian::little) {
    EXPECT_EQ(bytes.substr(8, 8), "\x15\x00\x01\x00\x3e\x00\x00\xc0"s);
  }
  EXPECT_EQ(*read_filter(bytes, Format::raw), sample);
  EXPECT_TRUE(read_filter("", Format::raw)->empty());
  EXPECT_EQ(write_raw({}), "");
}

TEST(Formats, raw_of_a_wrong_length) {
  EXPECT_EQ(error_of(std::string(13, '\0'), Format::raw),
            "13 bytes are not a whole number of instructions (8 bytes each): byte 8 begins an incomplete one");
  for (std::size_t size = 0; size < 40; ++size) {
    EXPECT_EQ(read_filter(std::string(size, 'x'), Format::raw).has_value(), size % 8 == 0) << size;
  }
}

TEST(Formats, ddd) {
  EXPECT_EQ(write_ddd(sample), "4\n32 0 0 4\n21 1 0 3221225534\n6 0 0 0\n6 0 0 2147418112\n");
  EXPECT_EQ(*read_filter(write_ddd(sample), Format::ddd), sample);
  EXPECT_EQ(*read_filter("1\r\n6 0 0 7\r\n\r\n", Format::ddd), (std::vector<Insn>{{0x06, 0, 0, 7}}));
  EXPECT_EQ(*read_filter("  1\n\t6  0\t0   7", Format::ddd), (std::vector<Insn>{{0x06, 0, 0, 7}}));
  EXPECT_EQ(*read_filter("1\n65535 255 255 4294967295\n", Format::ddd),
            (std::vector<Insn>{{0xffff, 255, 255, 0xffffffff}}));
  EXPECT_TRUE(read_filter("0\n", Format::ddd)->empty());
}

TEST(Formats, ddd_errors) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "line 1: count: '' is not a decimal number"},
      {"one\n", "line 1: count: 'one' is not a decimal number"},
      {"-1\n", "line 1: count: '-1' is not a decimal number"},
      {"4294967296\n", "line 1: count: '4294967296' is more than 4294967295"},
      {"2\n6 0 0 0\n", "line 1: the count is 2, but 1 instructions follow"},
      {"4294967295\n6 0 0 0\n", "line 1: the count is 4294967295, but 1 instructions follow"},
      {"1\n6 0 0 0\n6 0 0 0\n", "line 1: the count is 1, but 2 instructions follow"},
      {"1\n6 0 0\n", "line 2: k is missing"},
      {"2\n6 0 0 0\n\n6 0 0 0\n", "line 3: code is missing"},
      {"1\n6 0 0 0 0\n", "line 2: '0' after the four numbers code, jt, jf, k"},
      {"1\n65536 0 0 0\n", "line 2: code: '65536' is more than 65535"},
      {"1\n6 256 0 0\n", "line 2: jt: '256' is more than 255"},
      {"1\n6 0 999 0\n", "line 2: jf: '999' is more than 255"},
      {"1\n6 0 0 4294967296\n", "line 2: k: '4294967296' is more than 4294967295"},
      {"1\n6 0 0 99999999999999999999999\n", "line 2: k: '99999999999999999999999' is more than 4294967295"},
      {"1\n6 0 0 0x10\n", "line 2: k: '0x10' is not a decimal number"},
      {"1\n6 0 0 -1\n", "line 2: k: '-1' is not a decimal number"},
      {"1\n6 0 0 \x01\n", "line 2: k: '\\x01' is not a decimal number"},
  };
  for (const auto& [content, message] : cases) EXPECT_EQ(error_of(content, Format::ddd), message) << content;
}

TEST(Formats, text) {
  EXPECT_EQ(*read_filter("ret #7\n", Format::text), (std::vector<Insn>{{0x06, 0, 0, 7}}));
  EXPECT_EQ(error_of("ret #7\nrot", Format::text), "line 2: unknown instruction 'rot'");
}

TEST(Formats, oci_is_not_read_here) {
  EXPECT_EQ(error_of("{}", Format::oci), "an OCI profile is no filter yet: it has to be compiled through libseccomp");
}

TEST(Formats, hex) {
  EXPECT_EQ(*read_hex("06000000ffFF0aA0"), *read_filter("\x06\0\0\0\xff\xff\x0a\xa0"s, Format::raw));
  EXPECT_EQ(*read_hex(" 06 00 00 00\n0000\t0000\r\n"), *read_hex("0600000000000000"));
  EXPECT_TRUE(read_hex("")->empty());
  EXPECT_EQ(read_hex("060000000000000").error(), "an odd number of hex digits");
  EXPECT_EQ(read_hex("060000").error(),
            "3 bytes are not a whole number of instructions (8 bytes each): byte 0 begins an incomplete one");
  EXPECT_EQ(read_hex("06 0x").error(), "character 4: 'x' is not a hex digit");
  EXPECT_EQ(read_hex("\xff").error(), "character 0: '\\xff' is not a hex digit");
}

TEST(Formats, c_array) {
  EXPECT_EQ(write_c_array(sample),
            "{ 0x20, 0, 0, 0x00000004 },\n{ 0x15, 1, 0, 0xc000003e },\n{ 0x06, 0, 0, 0x00000000 },\n{ 0x06, 0, 0, "
            "0x7fff0000 },\n");
}

TEST(Formats, what_is_written_is_read) {
  const std::string hex =
      "2000000004000000150001003e0000c006000000000000000600000000"
      "00ff7f\n";
  const std::pair<std::string, Format> written[] = {{write_raw(sample), Format::raw},
                                                    {write_ddd(sample), Format::ddd},
                                                    {write_c_array(sample), Format::c},
                                                    {hex, Format::hex}};
  for (const auto& [content, format] : written) {
    EXPECT_EQ(detect_format(content), format) << content;
    const auto back = read_filter(content, format);
    ASSERT_TRUE(back) << back.error();
    EXPECT_EQ(*back, sample);
    if (format == Format::raw) continue;
    const std::string marked = "\xef\xbb\xbf" + content;
    EXPECT_EQ(detect_format(marked), format) << content;
    EXPECT_EQ(*read_filter(marked, format), sample);
  }
}

TEST(Formats, c_in_a_declaration) {
  const std::string text = "/* made by callgate */\nstatic const struct sock_filter filter[] = {\n  " +
                           write_c_array(sample) + "};  // end\n";
  EXPECT_EQ(detect_format(text), Format::c);
  EXPECT_EQ(*read_filter(text, Format::c), sample);
  EXPECT_EQ(*read_filter("{6,0,0,0x7fff0000U}", Format::c), (std::vector<Insn>{{0x06, 0, 0, 0x7fff0000}}));
}

TEST(Formats, c_errors) {
  const std::pair<std::string, std::string> cases[] = {
      {"{ 0x06, 0, 0 },", "line 1: '}' where ',' is expected"},
      {"{ 0x06, 0, 0, 0 },\n{ x, 0, 0, 0 }", "line 2: 'x' is not a number"},
      {"{ 0x06, 256, 0, 0 }", "line 1: '256' is more than 255"},
      {"{ 0x06, 0, 0, 0x100000000 }", "line 1: '0x100000000' is more than 4294967295"},
      {"{ 0x06, 0, 0, 0", "line 1: '' where '}' is expected"},
      {"{ 0x06, 0, 0, 0 }\n{ 0x06, 0, 0, 0 }", "line 2: '{' where the next instruction or the end is expected"},
      {"struct sock_filter f[] = {\n{ 6, 0, 0, 0 },\n", "line 3: '' where '}' is expected"},
      {"/* no end", "read 0 instructions"},
  };
  for (const auto& [content, message] : cases) EXPECT_EQ(error_of(content, Format::c), message) << content;
}

TEST(Formats, hex_holds_one_filter) {
  EXPECT_EQ(*read_filter("2000000004000000\n060000000000ff7f\n", Format::hex),
            (std::vector<Insn>{{0x20, 0, 0, 4}, {0x06, 0, 0, 0x7fff0000}}));
  EXPECT_EQ(error_of("060000000000ff7f\n0600000000000000\n", Format::hex),
            "line 2: another filter; a file holds one of them");
}

TEST(Formats, foreign_formats_have_names) {
  const std::pair<std::string, std::string> by_magic[] = {
      {"\x7f"
       "ELF\2\1\1\0"s,
       "an ELF file (a program or a library)"},
      {"\x1f\x8b\x08\0\0\0\0\0"s, "gzip-compressed data"},
      {"\xff\xfer\0e\0t\0"s, "UTF-16 text"},
  };
  for (const auto& [content, name] : by_magic) EXPECT_EQ(foreign_format(content, true), name);
  const std::pair<std::string, std::string> by_text[] = {
      {"# policy\nread: 1\nwrite: 1\n", "a minijail policy"},
      {"ioctl: arg1 == 0x5401 || arg1 == 0x5413\n", "a minijail policy"},
      {"@frequency ./freq\nread: 1\n", "a minijail policy"},
      {"socket: return EPERM\n", "a minijail policy"},
      {"---\ndefaultAction: SCMP_ACT_ERRNO\n", "YAML"},
      {"apiVersion: security-profiles-operator.x-k8s.io/v1beta1\nkind: SeccompProfile\n", "YAML"},
      {"A = arch\nif (A != ARCH_X86_64) goto dead\nreturn ALLOW\n",
       "text of seccomp-tools asm (seccomp-tools asm -f raw makes a filter of it)"},
      {"#\n# pseudo filter code start\n#\n# filter for arch x86_64 (3221225534)\n",
       "pseudo code of libseccomp (seccomp_export_pfc)"},
      {"[{\"names\": []}]", "a JSON array"},
      {"[]", "a JSON array"},
      {"[1]\n", "a JSON array"},
      {"[Service]\nSystemCallFilter=read\n", "a unit file of systemd, or an INI file"},
      {"00000000: 2000 0000 0400 0000 0600 0000 0000 ff7f   ...............\n",
       "a hex dump (xxd); xxd -p gives the bytes alone"},
      {"static const struct sock_filter f[1] = { { .code = 6, .k = 0 } };",
       "C source with designators (compile it, or give its array's numbers)"},
      {"<!DOCTYPE html>\n<html>", "a web page"},
      {"#!/bin/sh\necho\n", "a script"},
      {"struct sock_filter f[] = { BPF_STMT(BPF_RET | BPF_K, 0) };",
       "C source (compile it, or give its array's numbers)"},
      {"ld [0]\nret #0\n", ""},
      {"start: ld [0]\nlod [4]\nret #0\n", ""},
      {"", ""},
  };
  for (const auto& [content, name] : by_text) {
    EXPECT_EQ(foreign_format(content, false), name) << content;
    EXPECT_EQ(foreign_format(content, true), "") << content;
  }
}

// What other tools show of one filter, each told apart by its content.
TEST(Formats, listings) {
  const std::vector<Insn> filter =
      test::insns("ld [4]\njeq #0xc000003e, n, d\nn: ld [0]\njeq #59, d\nret #0x7fff0000\nd: ret #0x50001");
  const std::pair<std::string, Format> texts[] = {
      {" line  CODE  JT   JF      K\n=================================\n 0000: 0x20 0x00 0x00 0x00000004  A = arch\n"
       " 0001: 0x15 0x00 0x03 0xc000003e  if (A != ARCH_X86_64) goto 0005\n 0002: 0x20 0x00 0x00 0x00000000  A = "
       "sys_number\n"
       " 0003: 0x15 0x01 0x00 0x0000003b  if (A == execve) goto 0005\n 0004: 0x06 0x00 0x00 0x7fff0000  return ALLOW\n"
       " 0005: 0x06 0x00 0x00 0x00050001  return ERRNO(1)\n",
       Format::table},
      {" line  CODE\n \x1b[1;34m0000: 0x20 0x00 0x00 0x00000004\x1b[0m  A\n 0001: 0x15 0x00 0x03 0xc000003e\n"
       " 0002: 0x20 0x00 0x00 0x00000000\n 0003: 0x15 0x01 0x00 0x0000003b\n 0004: 0x06 0x00 0x00 0x7fff0000\n"
       " 0005: 0x06 0x00 0x00 0x00050001\n",
       Format::table},
      {"(000) ld       [4]\n(001) jeq      #0xc000003e      jt 2\tjf 5\n(002) ld       [0]\n(003) jeq      #0x3b       "
       "     jt 5\tjf 4\n"
       "(004) ret      #2147418112\n(005) ret      #327681\n",
       Format::tcpdump},
      {"seccomp(SECCOMP_SET_MODE_FILTER, 0, {len=6, filter=[BPF_STMT(BPF_LD|BPF_W|BPF_ABS, 0x4), "
       "BPF_JUMP(BPF_JMP|BPF_K|BPF_JEQ, 0xc000003e, 0, 0x3), BPF_STMT(BPF_LD|BPF_W|BPF_ABS, 0), "
       "BPF_JUMP(BPF_JMP|BPF_K|BPF_JEQ, 0x3b, 0x1, 0), BPF_STMT(BPF_RET|BPF_K, SECCOMP_RET_ALLOW), "
       "BPF_STMT(BPF_RET|BPF_K, SECCOMP_RET_ERRNO|0x1)]}) = 0\n",
       Format::macros},
      {"struct sock_filter filter[] = {\n  BPF_STMT(BPF_LD + BPF_W + BPF_ABS, (offsetof(struct seccomp_data, arch))),\n"
       "  BPF_JUMP(BPF_JMP + BPF_JEQ + BPF_K, AUDIT_ARCH_X86_64, 0, 3), // other\n"
       "  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),\n"
       "  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_execve, 1, 0), /* no */\n"
       "  BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),\n  BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (EPERM & "
       "SECCOMP_RET_DATA)),\n};\n",
       Format::macros},
      {"\"\\x20\\x00\\x00\\x00\\x04\\x00\\x00\\x00\\x15\\x00\\x00\\x03>\\x00\\x00\\xc0 \\0\\0\\0\\0\\0\\0\\0"
       "\\x15\\x00\\x01\\x00;"
       "\\x00\\x00\\x00\\x06\\x00\\x00\\x00\\x00\\x00\\xFF\\x7F\\x06\\x00\\x00\\x00\\x01\\x00\\x05\\x00\"\n",
       Format::string},
  };
  for (const auto& [text, format] : texts) {
    EXPECT_EQ(detect_format(text), format) << text;
    const auto program = read_filter(text, format);
    ASSERT_TRUE(program) << program.error() << text;
    EXPECT_EQ(*program, filter) << text;
  }
}

TEST(Formats, bad_listings) {
  const std::pair<std::string, std::string> cases[] = {
      {" 0000: 0x20 0x00 0x00 0x00000004\n 0002: 0x06 0x00 0x00 0x0\n", "line 2: row 0002 where 1 is expected"},
      {" 0000: 0x20 0x100 0x00 0x00000004\n", "line 1: jt: '0x100' is more than 255"},
      {" 0000: 0x20 0x00\n", "line 1: jf: '' is not a number"},
      {" 0000: 0x20 0x00 0x00 0x0\nA = 5\n", "line 2: 'A = 5' is no row of the table"},
      {"(000) ld [4]\n(002) ret #0\n", "line 2: '(002) ret #0' where instruction 1 is expected"},
      {"(000) lod [4]\n", "line 1: unknown instruction 'lod'"},
      {"BPF_STMT(BPF_RET|BPF_K, SECCOMP_RET_NOTHING)", "line 1: 'SECCOMP_RET_NOTHING' is no name that is known here"},
      {"BPF_STMT(BPF_RET|BPF_K 5)", "line 1: '5' where ',' is expected"},
      {"BPF_STMT(BPF_RET|BPF_K, 0x1ffffffff)", "line 1: '0x1ffffffff' is no number of 32 bits"},
      {"BPF_JUMP(0x15, 0, 256, 0)", "line 1: the value is more than 255"},
      {"BPF_STMT(0x06, offsetof(struct x, y))", "line 1: 'y' is no field of struct seccomp_data"},
      {"filter=[BPF_STMT(0x6, 0), ...]",
       "line 1: \"...\": not all instructions are there (strace -e abbrev=none writes them)"},
      {"BPF_STMT(0x20, 0),\nALLOW(read),\nBPF_STMT(0x6, 0)",
       "line 2: 'ALLOW' stands between instructions; one filter is read, of BPF_STMT and BPF_JUMP alone"},
      {"BPF_STMT(0x6, 0)]} = 0\nfilter=[BPF_STMT(0x6, 0)]",
       "line 1: ']} = 0' stands between instructions; one filter is read, of BPF_STMT and BPF_JUMP alone"},
      {"BPF_STMT(0x6, ", "line 1: '' where a number or a name is expected"},
      {"\"\\x20\\x00\"", "2 bytes are not a whole number of instructions (8 bytes each)"},
      {"\"\\x20\\x0", "the quote is not closed"},
      {"\"\\x20\\q\"", "character 4: '\\q' is no escape"},
  };
  for (const auto& [text, error] : cases) EXPECT_EQ(error_of(text, detect_format(text)), error) << text;
}

TEST(Formats, detection) {
  EXPECT_EQ(detect_format(write_raw(sample)), Format::raw);
  EXPECT_EQ(detect_format(write_raw(test::insns("ret a"))), Format::raw);
  EXPECT_EQ(detect_format("\x7b\0\0\0"s), Format::raw);
  EXPECT_EQ(detect_format(write_ddd(sample)), Format::ddd);
  EXPECT_EQ(detect_format("12\r\n6 0 0 0"), Format::ddd);
  EXPECT_EQ(detect_format("12"), Format::ddd);
  EXPECT_EQ(detect_format("12 34\n"), Format::text);
  EXPECT_EQ(detect_format("ret #ALLOW ; déjà vu\n"), Format::text);
  EXPECT_EQ(detect_format("# comment"), Format::text);
  EXPECT_EQ(detect_format(""), Format::text);
  EXPECT_EQ(detect_format("{\"defaultAction\": 1}"), Format::oci);
  EXPECT_EQ(detect_format("\xef\xbb\xbf\n\t {}"), Format::oci);
}

TEST(Formats, random_bytes_never_crash_a_reader) {
  std::uint32_t state = 1;
  for (int round = 0; round < 2000; ++round) {
    std::string content(static_cast<std::size_t>(round % 97), '\0');
    for (char& c : content) {
      state = state * 1664525 + 1013904223;
      c = static_cast<char>(state >> 24);
    }
    for (const Format format : {Format::raw, Format::ddd, Format::text, Format::c, Format::hex, Format::table,
                                Format::tcpdump, Format::macros, Format::string, Format::oci}) {
      const auto result = read_filter(content, format);
      EXPECT_TRUE(result || !result.error().empty());
    }
    const auto from_hex = read_hex(content);
    EXPECT_TRUE(from_hex || !from_hex.error().empty());
    static_cast<void>(foreign_format(content, round % 2 == 0));
    const Format guess = detect_format(content);
    EXPECT_TRUE(content.find('\0') == content.npos || guess == Format::raw);
  }
}

}  // namespace
}  // namespace callgate::bpf
