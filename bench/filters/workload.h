// What the demo and the benchmarks decide calls with: chains of real and realistic filters.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "callgate/program.hpp"

namespace callgate::bench {

struct NamedFilter {
  std::string name;
  Program program;
};

struct Workload {
  std::string name;
  std::string description;           // one line
  std::vector<NamedFilter> filters;  // oldest first

  std::vector<Program> programs() const;
};

// A container engine's default profile for x86_64 with its compat architectures (x86, x32), as libseccomp lays it
// out. `profile` is a path to OCI seccomp JSON.
enum class Layout { linear, tree };
inline constexpr const char* container_profile = "/usr/share/containers/seccomp.json";
Workload container(Layout layout, const std::string& profile = container_profile);

Workload hardening();       // a dozen small filters, of the kind that service managers install
Workload sshd_like();       // a hand-written ladder, as in a network daemon's privilege-separated child
Workload argument_heavy();  // an allow-list whose rules look at arguments: almost 1,000 instructions
Workload maximum();         // exactly max_program_length instructions

// Both through libseccomp, as most programs make theirs.
Workload conjunctions();  // an allow-list whose rules ask for two to four things of an argument each
Workload value_lists();   // the same, and lists of 64-bit values: nearly max_program_length instructions

// The container profile below the dozen hardening filters: what a service in a container runs under.
Workload service(const std::string& profile = container_profile);

// All of the above, by the names that their workloads have, to be made one by one.
struct WorkloadMaker {
  const char* name;
  Workload (*make)();
};
std::span<const WorkloadMaker> workload_makers();

// All of the above. Every function here throws std::runtime_error with the reason if a workload cannot be built.
std::vector<Workload> all_workloads();

}  // namespace callgate::bench
