#include "bench/filters/workload.h"

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

std::span<const WorkloadMaker> workload_makers() {
  static constexpr WorkloadMaker makers[] = {
      {"container", [] { return container(Layout::linear); }},
      {"container-tree", [] { return container(Layout::tree); }},
      {"hardening", hardening},
      {"service", [] { return service(); }},
      {"sshd-like", sshd_like},
      {"argument-heavy", argument_heavy},
      {"maximum", maximum},
      {"conjunctions", conjunctions},
      {"value-lists", value_lists},
  };
  return makers;
}

std::vector<Workload> all_workloads() {
  std::vector<Workload> workloads;
  for (const WorkloadMaker& maker : workload_makers()) workloads.push_back(maker.make());
  return workloads;
}

}  // namespace callgate::bench
