// How the results of filters become the result of a chain.
#pragma once

#include <cstdint>
#include <optional>

#include "callgate/chain.hpp"

namespace callgate::detail {

// Folds the results of filters, newest first, into the chain's.
class Merge {
 public:
  Merge(MergeRule rule, std::uint32_t filters) noexcept : rule_(rule), filter_(filters) {}

  // Takes the result of the next older filter. False once the chain is decided.
  bool take(std::uint32_t result) noexcept {
    --filter_;
    if (rule_ == MergeRule::most_restrictive) {
      if (is_stricter(result, match_.result)) match_ = {result, filter_};
      return true;
    }
    if (action_of(result) == action::allow) return true;
    match_ = {result, filter_};
    return false;
  }

  const Match& match() const noexcept { return match_; }

 private:
  MergeRule rule_;
  std::uint32_t filter_;
  Match match_{action::allow, std::nullopt};
};

// The filters of a chain that stays on the heap, newest first (dispatch/seal.h). False once the chain is decided.
struct Published;
bool take_list(Merge& merge, const SeccompData& data, const Published& chain) noexcept;

}  // namespace callgate::detail
