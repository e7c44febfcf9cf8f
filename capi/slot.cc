#include "capi/slot.h"

#include <new>
#include <utility>

#include "capi/chain_handle.h"
#include "dispatch/placed_node.h"

// A chain that was replaced. The list grows at its head only, but for reclaim(), which takes all of it.
struct callgate_retired {
  const callgate_image* image;  // an owned reference
  callgate_retired* older;
  std::size_t count;  // of the list from here
  bool on_heap;       // else in the memory of the chain that replaced it
};

namespace callgate::capi {
namespace {

using detail::BorrowedChain;
using detail::ChainHandle;

void retire(callgate_slot& slot, callgate_retired& chain) noexcept {
  chain.older = __atomic_load_n(&slot.retired, __ATOMIC_ACQUIRE);
  do {
    chain.count = chain.older == nullptr ? 1 : chain.older->count + 1;
  } while (
      !__atomic_compare_exchange_n(&slot.retired, &chain.older, &chain, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
}

// Where to keep what `desired` replaces: in a chain that lies in the caller's memory there is room for it once.
callgate_retired* make_record(const Chain& desired) noexcept {
  const auto* const layer = detail::PlacedNode::of(ChainHandle::image(desired));
  if (layer != nullptr && __atomic_exchange_n(&layer->is_room_taken, 1, __ATOMIC_ACQ_REL) == 0) {
    static_assert(sizeof(callgate_retired) <= sizeof layer->room);
    return new (layer->room) callgate_retired{};
  }
  auto* const record = new (std::nothrow) callgate_retired{};
  if (record != nullptr) record->on_heap = true;
  return record;
}

void drop_record(callgate_retired* record, const Chain& desired) noexcept {
  if (record->on_heap) {
    delete record;
  } else {
    __atomic_store_n(&detail::PlacedNode::of(ChainHandle::image(desired))->is_room_taken, 0, __ATOMIC_RELEASE);
  }
}

}  // namespace

callgate_slot slot_of(Chain first) noexcept { return {ChainHandle::release(std::move(first)), nullptr, 0}; }

void destroy(callgate_slot& slot) noexcept {
  reclaim(slot);
  ChainHandle::adopt(slot.current);
}

Chain current(const callgate_slot& slot) noexcept { return *BorrowedChain(callgate_slot_current(&slot)); }

// The expected chain is referenced by the caller, so that no other chain can have its address meanwhile.
Exchange exchange(callgate_slot& slot, const Chain& expected, Chain desired) noexcept {
  auto* const replaced = make_record(desired);
  if (replaced == nullptr) return Exchange::out_of_memory;
  const callgate_image* now = ChainHandle::image(expected);
  const callgate_image* const next = ChainHandle::image(desired);
  if (!__atomic_compare_exchange_n(&slot.current, &now, next, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
    drop_record(replaced, desired);
    return Exchange::changed;
  }
  ChainHandle::release(std::move(desired));
  replaced->image = now;
  retire(slot, *replaced);
  return Exchange::done;
}

std::size_t retired(const callgate_slot& slot) noexcept {
  const callgate_retired* const newest = __atomic_load_n(&slot.retired, __ATOMIC_ACQUIRE);
  return newest == nullptr ? 0 : newest->count;
}

std::size_t reclaim(callgate_slot& slot) noexcept {
  callgate_retired* chain = __atomic_exchange_n(&slot.retired, nullptr, __ATOMIC_ACQUIRE);
  const std::size_t count = chain == nullptr ? 0 : chain->count;
  while (chain != nullptr) {
    callgate_retired* const retired = std::exchange(chain, chain->older);
    ChainHandle::adopt(retired->image);
    if (retired->on_heap) delete retired;
  }
  return count;
}

}  // namespace callgate::capi
