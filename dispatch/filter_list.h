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

  // A list with a reference of its own to the link, and one that takes the reference that is given.
  static FilterList sharing(FilterLink* link) noexcept {
    if (link != nullptr) link->references.acquire();
    return adopting(link);
  }
  static FilterList adopting(FilterLink* link) noexcept {
    FilterList list;
    list.newest_ = link;
    return list;
  }
  // The reference, which is the caller's from here on.
  FilterLink* release() noexcept { return std::exchange(newest_, nullptr); }

 private:
  FilterLink* newest_ = nullptr;
};

}  // namespace detail
}  // namespace callgate
