#include <new>

#include "dispatch/filter_list.h"

namespace callgate::detail {

FilterList::FilterList(const FilterList& other) noexcept : newest_(other.newest_) {
  if (newest_ != nullptr) newest_->references.fetch_add(1, std::memory_order_relaxed);
}

FilterList::~FilterList() {
  while (newest_ != nullptr && newest_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    delete std::exchange(newest_, newest_->older);
  }
}

bool FilterList::push(const Program& filter) noexcept {
  auto* link = new (std::nothrow) FilterLink(filter);
  if (link == nullptr) return false;
  link->older = newest_;
  newest_ = link;
  return true;
}

}  // namespace callgate::detail
