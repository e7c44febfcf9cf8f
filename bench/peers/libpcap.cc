// libpcap's interpreter, bpf_filter(): a packet filter, so it loads words in network byte order. Its input is swapped
// beforehand. (Shifts by X of 32 and more give 0, where the kernel shifts by the lowest five bits.)
#include "bench/peers/peers.h"

#if CALLGATE_BENCH_HAVE_PCAP

#include <pcap/pcap.h>

#include <array>
#include <cstring>

namespace callgate::bench {
namespace {

struct Packet {
  std::array<std::uint32_t, 16> words;
};
static_assert(sizeof(bpf_insn) == sizeof(Insn));

Packet swapped(const SeccompData& data) {
  Packet packet;
  std::memcpy(&packet, &data, sizeof packet);
  for (std::uint32_t& word : packet.words) word = __builtin_bswap32(word);
  return packet;
}

struct ByLibpcap {
  Program program;
  std::uint32_t operator()(const Packet& packet) const {
    const auto* instructions = reinterpret_cast<const bpf_insn*>(program.instructions().data());
    return bpf_filter(instructions, reinterpret_cast<const u_char*>(&packet), sizeof packet, sizeof packet);
  }
};

}  // namespace

Peer libpcap_peer() {
  static const std::string name = "libpcap bpf_filter";
  return {name, [](std::span<const Program> oldest_first) -> std::unique_ptr<Decider> {
            std::vector<ByLibpcap> filters;
            for (std::size_t i = oldest_first.size(); i-- > 0;) filters.push_back({oldest_first[i]});
            return decider_of_filters<Packet>({name}, swapped, std::move(filters));
          }};
}

}  // namespace callgate::bench

#else

callgate::bench::Peer callgate::bench::libpcap_peer() {
  return {"libpcap bpf_filter", [](std::span<const Program>) -> std::unique_ptr<Decider> {
            throw Absent("libpcap-dev was not there when callgate was built");
          }};
}

#endif
