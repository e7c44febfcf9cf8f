// One chain, and everything that is to decide calls by it.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bench/measure/decider.h"
#include "callgate/program.hpp"

namespace callgate::bench {

// A peer that takes no part, and why.
struct Absence {
  std::string name;
  std::string reason;
};

struct Contest {
  std::vector<std::unique_ptr<Decider>> deciders;  // the empty call first, then callgate's engines, then the peers
  std::size_t engine_count = 0;
  std::vector<Absence> absent;

  // Those that really decide: all but the empty call.
  std::span<const std::unique_ptr<Decider>> deciding() const { return std::span(deciders).subspan(1); }
  // Those of callgate.
  std::span<const std::unique_ptr<Decider>> engines() const { return deciding().first(engine_count); }
};

// Who takes part: everybody, or callgate's engines alone (compilers of C take seconds).
enum class Field { everybody, engines };
Contest make_contest(std::span<const Program> oldest_first, Field field);

// Why the decider can take no part in deciding these calls: its first wrong answer, or that it crashes or hangs. Empty
// if it is right about all. It decides them in a child of this process.
std::string why_out(std::span<const Program> oldest_first, const std::unique_ptr<Decider>& decider,
                    std::span<const SeccompData> calls);

}  // namespace callgate::bench
