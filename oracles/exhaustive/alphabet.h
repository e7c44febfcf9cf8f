// The instructions of which all small programs are made.
#pragma once

#include <cstdint>
#include <vector>

#include "callgate/insn.hpp"

namespace callgate::oracles {

enum class AlphabetSize : std::uint8_t {
  tiny,   // a few of each kind
  small,  // every opcode, constants at the ends of the range
  full,   // every opcode, constants where processors and code generators change their mind
};

// Every instruction here is valid somewhere in a program of three instructions; jumps skip 0 or 1. The returns, of
// which one must be the last instruction, are also among `all`.
struct Alphabet {
  std::vector<Insn> all;
  std::vector<Insn> returns;
};
Alphabet alphabet_of(AlphabetSize size);

// Inputs for such programs: pairs of edge values in args[0] and args[1], different numbers and architectures.
std::vector<SeccompData> small_program_inputs();

}  // namespace callgate::oracles
