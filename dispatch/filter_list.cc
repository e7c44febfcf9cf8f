#include <new>

#include "dispatch/filter_list.h"

namespace callgate::detail {

FilterList::FilterList(const FilterList& other) noexcept : newest_(other.newest_) {
  if (newest_ != nullptr) newest_->references.acquire();
}

FilterList::~FilterList() {
  while (newest_ != nullptr && newest_->references.release()) {
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
