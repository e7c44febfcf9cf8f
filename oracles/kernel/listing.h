// A filter as a C array, to paste into a test. Unlike a disassembly it shows invalid filters as they are.
#pragma once

#include <cstdio>
#include <span>
#include <string>

#include "callgate/insn.hpp"

namespace callgate::kernel {

inline std::string listing(std::span<const Insn> filter) {
  std::string text;
  char line[64];
  for (const Insn& in : filter) {
    std::snprintf(line, sizeof line, "  {0x%02x, %u, %u, 0x%x},\n", in.code, in.jt, in.jf, in.k);
    text += line;
  }
  return text;
}

}  // namespace callgate::kernel
