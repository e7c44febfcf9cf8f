// What callgate is compared with: other ways to decide the same calls by the same filters.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/measure/decider.h"
#include "callgate/program.hpp"

namespace callgate::bench {

// Why a peer takes no part, for the reader of the figures.
struct Absent : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Peer {
  std::string name;

  // The peer's decider for a chain. Throws Absent if it is not installed or refuses the chain.
  std::function<std::unique_ptr<Decider>(std::span<const Program> oldest_first)> make;

  std::size_t fewest_filters = 1;  // of a shorter chain another peer's decider would be the very same
};

// In the order of the tables.
std::vector<Peer> all_peers();

std::vector<Peer> compiled_c_peers();  // generated C through clang and gcc
Peer libpcap_peer();
Peer dpdk_peer();

}  // namespace callgate::bench
