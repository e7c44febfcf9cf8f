#include "oracles/kernel/socket_verdicts.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "bpf/opcode.h"
#include "oracles/generator/program_generator.h"
#include "oracles/kernel/listing.h"
#include "oracles/shrink/shrink.h"

namespace callgate::kernel {
namespace {

// MOD K and X, LD H and B ABS, LD W, H and B IND, LDX B MSH.
constexpr std::uint16_t socket_only[] = {0x94, 0x9c, 0x28, 0x30, 0x40, 0x48, 0x50, 0xb1};

// Long programs with many packet loads do not fit into the 16 bits of a converted jump: that is a socket's own rule.
constexpr std::uint32_t max_length = 400;

bool differs(int error, bool accepted) { return error == 0 ? !accepted : error != EINVAL || accepted; }

Filter random_filter(oracles::ProgramGenerator& generator, std::uint32_t i) {
  switch (i % 4) {
    case 0: return generator.valid(max_length);
    case 1: return generator.random_bytes(max_length);
    default: return generator.mutated(generator.valid(max_length));
  }
}

std::string report(SocketRunner& sockets, const Filter& filter, const Accepts& accepts) {
  const Filter smallest =
      oracles::shrink(filter,
                      [&](std::span<const Insn> candidate) {
                        return both_agree_on(candidate) && differs(sockets.attach(candidate), accepts(candidate));
                      },
                      {.max_questions = 4000});
  const int error = sockets.attach(smallest);
  return std::string("a socket ") + (error == 0 ? "accepts" : std::string("answers ") + std::strerror(error) + " to") +
         " this filter, callgate " + (accepts(smallest) ? "accepts it\n" : "rejects it\n") + listing(smallest);
}

}  // namespace

bool both_agree_on(std::span<const Insn> filter) {
  constexpr auto ld_abs = static_cast<std::uint16_t>(bpf::Opcode::ld_abs);
  return std::none_of(filter.begin(), filter.end(), [](const Insn& in) {
    if (std::find(std::begin(socket_only), std::end(socket_only), in.code) != std::end(socket_only)) return true;
    return in.code == ld_abs && (in.k >= sizeof(SeccompData) || in.k % 4 != 0);
  });
}

std::optional<std::string> compare_socket_verdicts(SocketRunner& sockets, std::uint64_t seed, std::uint32_t count,
                                                   SocketTally& tally, const Accepts& accepts) {
  oracles::ProgramGenerator generator(seed);
  for (std::uint32_t i = 0; tally.accepted + tally.rejected < count; ++i) {
    const Filter filter = random_filter(generator, i);
    if (!both_agree_on(filter)) continue;
    const int error = sockets.attach(filter);
    if (error == ENOMEM) {
      if (++tally.left_out > 100 + count) return "the kernel has no memory for socket filters";
      continue;
    }
    if (differs(error, accepts(filter))) return report(sockets, filter, accepts);
    ++(error == 0 ? tally.accepted : tally.rejected);
  }
  return std::nullopt;
}

}  // namespace callgate::kernel
