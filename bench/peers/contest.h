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
  std::vector<Absence> absent;

  // Those that really decide: all but the empty call.
  std::span<const std::unique_ptr<Decider>> deciding() const { return std::span(deciders).subspan(1); }
};

// Who takes part: everybody, or callgate's engines alone (compilers of C take seconds).
enum class Field { everybody, engines };
Contest make_contest(std::span<const Program> oldest_first, Field field);

}  // namespace callgate::bench
