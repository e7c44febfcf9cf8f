// A Chain as C has it: the pointer to its image, which stands for one reference.
#pragma once

#include <utility>

#include "callgate/chain.hpp"

namespace callgate {
namespace CALLGATE_HIDDEN detail {

struct ChainHandle {
  // The reference of the chain, which is the caller's from here on.
  static const callgate_image* release(Chain chain) noexcept {
    union Kept {
      explicit Kept(Chain&& from) noexcept : chain(std::move(from)) {}
      ~Kept() {}
      Chain chain;
    };
    return Kept(std::move(chain)).chain.image_;
  }

  // The chain that owns the reference.
  static Chain adopt(const callgate_image* image) noexcept { return Chain(image); }

  // As it stands, without a reference.
  static const callgate_image* image(const Chain& chain) noexcept { return chain.image_; }

  // Whether frames of the kind may be decided.
  static bool takes(const Chain& chain, FrameKind kind) noexcept { return chain.takes(kind); }
};

// The chain behind a pointer, without a reference of its own.
class BorrowedChain {
 public:
  explicit BorrowedChain(const callgate_image* image) noexcept : chain_(ChainHandle::adopt(image)) {}
  BorrowedChain(const BorrowedChain&) = delete;
  BorrowedChain& operator=(const BorrowedChain&) = delete;
  ~BorrowedChain() {}  // NOLINT(modernize-use-equals-default): the reference is not ours to release

  const Chain& operator*() const noexcept { return chain_; }
  const Chain* operator->() const noexcept { return &chain_; }

 private:
  union {
    Chain chain_;
  };
};

}  // namespace detail
}  // namespace callgate
