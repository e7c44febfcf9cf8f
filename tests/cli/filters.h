// Small filters as text, and as the bytes that the command must make of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bpf/assembler.h"
#include "bpf/formats.h"
#include "callgate/insn.hpp"

namespace callgate::test {

// execve fails with EACCES, a first argument of 7 kills, all else is allowed.
inline constexpr std::string_view guard_text = R"(
        ld [0]
        jeq #59, deny
        ld [16]
        jeq #7, kill
        ret #0x7fff0000
deny:   ret #0x0005000d
kill:   ret #0x80000000
)";

inline std::string raw(std::string_view text) { return bpf::write_raw(*bpf::assemble(text)); }

// One instruction that answers `result` to everything.
inline std::string raw_return(std::uint32_t result) {
  const std::vector<Insn> program{{0x06, 0, 0, result}};
  return bpf::write_raw(program);
}

}  // namespace callgate::test
