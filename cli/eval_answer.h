// What callgate eval answers about one call.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bpf/kernel.h"
#include "callgate/options.hpp"
#include "callgate/program.hpp"
#include "calls/call.h"
#include "cli/outcomes.h"

namespace callgate::cli {

struct Answer {
  // Empty if the decision depends on what is not known of the call.
  std::optional<std::uint32_t> result;
  std::vector<Outcome> outcomes;  // every one that is possible; empty if there are too many
  bool is_unfiltered = false;     // the kernel lets the call pass without asking a filter
  bool assumes_zero = false;      // the decision depends on an argument that was left out
  std::vector<std::string> notes;

  // If all outcomes have the same.
  std::optional<std::uint32_t> filter() const;
  std::optional<std::uint32_t> instruction() const;
};

class Judge {
 public:
  // `kernel`: the one that is asked about, if any.
  Judge(std::span<const Program> oldest_first, MergeRule rule, std::optional<bpf::KernelVersion> kernel)
      : filters_(oldest_first), rule_(rule), kernel_(kernel) {}

  // `decided` is the engine's decision on call.data. Throws Failure (failed) if it is none that the filters can give.
  Answer judge(const calls::Call& call, std::uint32_t decided, const char* engine) const;

 private:
  std::vector<Outcome> outcomes(const SeccompData& data, const SeccompData& unknown) const {
    return possible_outcomes(filters_, rule_, data, unknown);
  }
  std::string what_matters(const calls::Call& call, const SeccompData& mask) const;
  void note_omitted(const calls::Call& call, Answer& answer) const;
  void note_negative(const calls::Call& call, Answer& answer) const;
  void note_kernel(const calls::Call& call, Answer& answer) const;

  std::span<const Program> filters_;
  MergeRule rule_;
  std::optional<bpf::KernelVersion> kernel_;
};

}  // namespace callgate::cli
