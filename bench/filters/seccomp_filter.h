// A filter built with libseccomp, from rules to a verified program.
#pragma once

#include <seccomp.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bench/filters/workload.h"

namespace callgate::bench {

// Rules are checked as they are added; every function throws std::runtime_error that names the filter and the rule.
class SeccompFilter {
 public:
  // A filter for `arches` (SCMP_ARCH_*) that answers `default_action` (SCMP_ACT_*) where no rule applies.
  SeccompFilter(std::string name, std::uint32_t default_action, const std::vector<std::uint32_t>& arches);

  // What calls of other architectures get; libseccomp's own choice is to kill the thread.
  SeccompFilter& other_arches(std::uint32_t action);

  // Number comparisons as a balanced tree instead of a ladder.
  SeccompFilter& tree();

  // `action` for calls of `name` for which all of `arguments` hold.
  SeccompFilter& rule(std::uint32_t action, const char* name, const std::vector<scmp_arg_cmp>& arguments = {});
  SeccompFilter& rules(std::uint32_t action, const std::vector<const char*>& names);

  NamedFilter build() const;

 private:
  struct Release {
    void operator()(void* context) const noexcept { seccomp_release(context); }
  };
  void check(int result, const std::string& what) const;

  std::string name_;
  std::unique_ptr<void, Release> context_;
};

// A verified program, or std::runtime_error that names the filter.
NamedFilter verified(std::string name, std::span<const Insn> instructions);

}  // namespace callgate::bench
