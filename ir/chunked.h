// A vector that grows without moving what it has: for tables whose size nobody knows beforehand. A growing std::vector
// writes everything again at each doubling, into memory that is new, and a page that is touched for the first time
// costs as much as a hundred of the specialiser's steps.
#pragma once

#include <cstddef>
#include <vector>

namespace callgate::ir {

// Items keep their address.
template <class T>
class Chunked {
 public:
  void push_back(const T& item) {
    if (size_ % per_chunk == 0) chunks_.emplace_back().reserve(per_chunk);
    chunks_.back().push_back(item);
    ++size_;
  }
  const T& operator[](std::size_t i) const { return chunks_[i / per_chunk][i % per_chunk]; }
  std::size_t size() const { return size_; }

 private:
  static constexpr std::size_t per_chunk = 256;  // a power of two: indices are taken apart often

  std::vector<std::vector<T>> chunks_;
  std::size_t size_ = 0;
};

}  // namespace callgate::ir
