// Text to instructions, in the syntax of bpf_asm (tools/bpf in the Linux sources), with labels.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "callgate/expected.hpp"
#include "callgate/insn.hpp"

namespace callgate::bpf {

// Where and why a text is not a program.
struct TextError {
  std::uint32_t line;  // counted from 1
  std::string message;
};
std::string to_string(const TextError& error);  // "line 3: unknown instruction 'lod'"

// How a conditional jump over more than 255 instructions is treated.
enum class LongJumps : std::uint8_t {
  reject,  // an error that names the line
  bridge,  // by way of a JA put in behind the jump
};

// The instructions that `text` stands for. Makes no check of the program's meaning: that is the verifier's.
Expected<std::vector<Insn>, TextError> assemble(std::string_view text, LongJumps long_jumps = LongJumps::reject);

}  // namespace callgate::bpf
