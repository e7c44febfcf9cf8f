// Values by id.
#pragma once

#include <vector>

#include "ir/id.h"

namespace callgate::ir {

// A vector that takes ids of one kind for indices, and no others.
template <class Id, class T>
class IdMap : public std::vector<T> {
  using Base = std::vector<T>;

 public:
  using Base::Base;

  typename Base::reference operator[](Id id) { return Base::operator[](id.index()); }
  typename Base::const_reference operator[](Id id) const { return Base::operator[](id.index()); }
};

}  // namespace callgate::ir
