#include "bench/peers/peers.h"

namespace callgate::bench {

std::vector<Peer> all_peers() {
  std::vector<Peer> peers{libpcap_peer(), dpdk_peer()};
  for (Peer& peer : compiled_c_peers()) peers.push_back(std::move(peer));
  return peers;
}

}  // namespace callgate::bench
