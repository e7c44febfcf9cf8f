// Every way in which this process can decide a call through a Chain.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "callgate/chain.hpp"

namespace callgate::kernel {

struct Decider {
  Engine engine;
  Optimize optimize;

  std::string name() const;

  // The filters under this engine and `rule`. Throws if they cannot be attached, or if another engine than the one
  // asked for took over.
  Chain chain(std::span<const Program> oldest_first, MergeRule rule) const;
};

struct Deciders {
  std::vector<Decider> available;
  std::vector<std::string> left_out;  // with the reason: not in this build, not on this machine
};
Deciders deciders();

}  // namespace callgate::kernel
