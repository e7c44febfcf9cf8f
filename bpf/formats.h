// Files that hold a filter: raw sock_filter arrays, tcpdump -ddd decimal, text. (OCI JSON needs libseccomp: profiles/.)
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
  raw,   // an array of struct sock_filter in native byte order
  ddd,   // tcpdump -ddd: a count, then "code jt jf k" in decimal, one instruction a line
  text,  // bpf/assembler.h
  oci,   // OCI / container-engine seccomp JSON: recognised by detect_format(), not read by read_filter()
};

// Guesses from the content: JSON's opening brace, a lone decimal count on the first line, printable text, or raw.
Format detect_format(std::string_view content);

// The instructions in `content`. Errors carry the place in the message ("byte 12: …", "line 3: …").
Expected<std::vector<Insn>, std::string> read_filter(std::string_view content, Format format);

// Instructions from hex digits (16 an instruction, as in a memory dump of the array).
Expected<std::vector<Insn>, std::string> read_hex(std::string_view digits);

std::string write_raw(std::span<const Insn> program);
std::string write_ddd(std::span<const Insn> program);
std::string write_c_array(std::span<const Insn> program);  // "{ 0x20, 0, 0, 0x00000000 }," lines

}  // namespace callgate::bpf
