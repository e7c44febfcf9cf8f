#include "bench/filters/workload.h"

#include <iterator>

namespace callgate::bench {

std::vector<Program> Workload::programs() const {
  std::vector<Program> programs;
  programs.reserve(filters.size());
  for (const NamedFilter& filter : filters) programs.push_back(filter.program);
  return programs;
}

Workload service(const std::string& profile) {
  Workload workload = container(Layout::linear, profile);
  workload.name = "service";
  workload.description = "the container profile, and the dozen hardening filters on top of it";
  for (NamedFilter& filter : hardening().filters) workload.filters.push_back(std::move(filter));
  return workload;
}

std::vector<Workload> all_workloads() {
  return {container(Layout::linear),
          container(Layout::tree),
          hardening(),
          service(),
          sshd_like(),
          argument_heavy(),
          maximum()};
}

}  // namespace callgate::bench
