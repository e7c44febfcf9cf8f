// The list of filters behind a chain.
#pragma once

#include <cstdint>
#include <utility>

#include "callgate/program.hpp"
#include "verifier/reference_count.h"

namespace callgate {
namespace CALLGATE_HIDDEN detail {

// A filter and those below it. Chains share these, and nothing else: a chain's code goes when the chain goes, even
// while chains that were attached to it live on.
struct FilterLink {
  ReferenceCount references;
  FilterLink* older = nullptr;  // owned reference
  Program program;

  explicit FilterLink(Program filter) noexcept : program(std::move(filter)) {}
};

// An owned reference to the newest filter of a list. Releasing is iterative: a million filters need no deep stack.
class FilterList {
 public:
  FilterList() noexcept = default;
  FilterList(const FilterList& other) noexcept;
  FilterList(FilterList&& other) noexcept : newest_(std::exchange(other.newest_, nullptr)) {}
  FilterList& operator=(FilterList other) noexcept {
    std::swap(newest_, other.newest_);
    return *this;
  }
  ~FilterList();

  // False if memory ran out; the list is then unchanged.
  bool push(const Program& filter) noexcept;

  const FilterLink* newest() const noexcept { return newest_; }

 private:
  FilterLink* newest_ = nullptr;
};

}  // namespace detail
}  // namespace callgate
