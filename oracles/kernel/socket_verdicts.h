// The verifier against SO_ATTACH_FILTER, for filters of which a socket asks the same as seccomp(2).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "oracles/kernel/runners.h"
#include "oracles/kernel/verdicts.h"

namespace callgate::kernel {

struct SocketTally {
  std::uint32_t accepted = 0;
  std::uint32_t rejected = 0;
  std::uint32_t left_out = 0;  // over the memory that a socket may use
};

// Whether a socket filter and a seccomp filter with these instructions are valid or invalid together: no instruction
// that only sockets have (packet loads, MOD), and no load that only packets have.
bool both_agree_on(std::span<const Insn> filter);

// `count` random filters that both agree on. Nothing, or a report of the first difference with the smallest filter
// found.
std::optional<std::string> compare_socket_verdicts(SocketRunner& sockets, std::uint64_t seed, std::uint32_t count,
                                                   SocketTally& tally, const Accepts& accepts = verifier_accepts);

}  // namespace callgate::kernel
