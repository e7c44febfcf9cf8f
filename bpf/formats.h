// Files that hold a filter: raw sock_filter arrays, tcpdump -ddd decimal, hex digits, initialisers of a C array, text.
// What is written here is read here. (OCI JSON needs libseccomp: profiles/.)
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bpf/assembler.h"
#include "callgate/expected.hpp"
#include "callgate/insn.hpp"

namespace callgate::bpf {

enum class Format : std::uint8_t {
  raw,      // an array of struct sock_filter in native byte order
  ddd,      // tcpdump -ddd: a count, then "code jt jf k" in decimal, one instruction a line
  text,     // bpf/assembler.h
  c,        // initialisers of an array of struct sock_filter: "{ 0x20, 0, 0, 4 }," and so on, declared or not
  hex,      // hex digits of the array's bytes, one filter
  table,    // bpf/listings.h: the rows of seccomp-tools and scmp_bpf_disasm
  tcpdump,  // tcpdump -d
  macros,   // BPF_STMT and BPF_JUMP
  string,   // bytes as a string with escapes
  oci,      // OCI / container-engine seccomp JSON: recognised by detect_format(), not read by read_filter()
};

// Guesses from the content: the braces of JSON or of C, a lone decimal count on the first line, many hex digits,
// printable text, or raw.
Format detect_format(std::string_view content);

// Names what the content seems to be, if it is no filter: "an ELF file", "a minijail policy"; empty if nobody knows.
// `by_magic`: only what has an unmistakable first few bytes, which no filter has.
std::string_view foreign_format(std::string_view content, bool by_magic);

// The text without a UTF-8 byte order mark.
std::string_view without_byte_order_mark(std::string_view text) noexcept;

// The instructions in `content`. Errors carry the place in the message ("byte 12: …", "line 3: …").
Expected<std::vector<Insn>, std::string> read_filter(std::string_view content, Format format);

// Instructions from hex digits (16 an instruction, as in a memory dump of the array).
Expected<std::vector<Insn>, std::string> read_hex(std::string_view digits);

std::string write_raw(std::span<const Insn> program);
std::string write_ddd(std::span<const Insn> program);
std::string write_c_array(std::span<const Insn> program);  // "{ 0x20, 0, 0, 0x00000000 }," lines

}  // namespace callgate::bpf
