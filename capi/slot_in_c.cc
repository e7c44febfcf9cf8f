// Slots in C.
#include <cstdint>
#include <new>
#include <utility>

#include "capi/chain_handle.h"
#include "capi/filters.h"
#include "capi/slot.h"

using namespace callgate;
using callgate::capi::Exchange;
using callgate::capi::Report;
using callgate::detail::BorrowedChain;
using callgate::detail::ChainHandle;

namespace {

int create(Chain first, std::uint32_t state, callgate_slot** out) noexcept {
  auto* const slot = new (std::nothrow) callgate_slot{};
  if (slot == nullptr) return CALLGATE_OUT_OF_MEMORY;
  *slot = capi::slot_of(std::move(first));
  slot->state = state;
  *out = slot;
  return CALLGATE_OK;
}

}  // namespace

int callgate_slot_create(const callgate_chain* first, callgate_slot** out) noexcept {
  if (out != nullptr) *out = nullptr;
  if (first == nullptr || out == nullptr) return CALLGATE_NULL_POINTER;
  return create(*BorrowedChain(first), 0, out);
}

int callgate_slot_inherit(const callgate_slot* parent, callgate_slot** out) noexcept {
  if (out != nullptr) *out = nullptr;
  if (parent == nullptr || out == nullptr) return CALLGATE_NULL_POINTER;
  return create(capi::current(*parent), __atomic_load_n(&parent->state, __ATOMIC_ACQUIRE), out);
}

void callgate_slot_destroy(callgate_slot* slot) noexcept {
  if (slot == nullptr) return;
  capi::destroy(*slot);
  delete slot;
}

const callgate_chain* callgate_slot_chain(const callgate_slot* slot) noexcept {
  return slot == nullptr ? nullptr : ChainHandle::release(capi::current(*slot));
}

int callgate_slot_attach(callgate_slot* slot, const callgate_filter* oldest_first, std::size_t count,
                         callgate_error* error) noexcept {
  Report report(error);
  if (!report.is_usable()) return CALLGATE_BAD_SIZE;
  if (slot == nullptr) return report.misuse(CALLGATE_NULL_POINTER, "slot");
  if (oldest_first == nullptr && count != 0) return report.misuse(CALLGATE_NULL_POINTER, "oldest_first");
  if (count > PTRDIFF_MAX / sizeof *oldest_first) return report.misuse(CALLGATE_BAD_COUNT, "count");
  return capi::without_exceptions(report, [&] {
    capi::Programs programs;
    if (const int code = capi::verify_all(oldest_first, count, programs, report)) return code;
    while (!programs.empty()) {
      const Chain below = capi::current(*slot);
      auto attached = below.attach(programs);
      if (!attached) return capi::refuse(attached.error(), below, programs, report);
      const Exchange end = capi::exchange(*slot, below, std::move(*attached));
      if (end == Exchange::out_of_memory) return report.out_of_memory();
      if (end == Exchange::done) break;
    }
    return report.ok();
  });
}

int callgate_slot_set(callgate_slot* slot, const callgate_chain* chain) noexcept {
  if (slot == nullptr || chain == nullptr) return CALLGATE_NULL_POINTER;
  while (true) {
    const Exchange end = capi::exchange(*slot, capi::current(*slot), Chain(*BorrowedChain(chain)));
    if (end == Exchange::done) return CALLGATE_OK;
    if (end == Exchange::out_of_memory) return CALLGATE_OUT_OF_MEMORY;
  }
}

int callgate_slot_follow(callgate_slot* slot, const callgate_slot* leader, const callgate_chain* chain) noexcept {
  if (leader == nullptr) return CALLGATE_NULL_POINTER;
  if (const int code = callgate_slot_set(slot, chain)) return code;
  __atomic_fetch_or(&slot->state, __atomic_load_n(&leader->state, __ATOMIC_ACQUIRE), __ATOMIC_ACQ_REL);
  return CALLGATE_OK;
}

std::size_t callgate_slot_retired(const callgate_slot* slot) noexcept {
  return slot == nullptr ? 0 : capi::retired(*slot);
}

std::size_t callgate_slot_reclaim(callgate_slot* slot) noexcept { return slot == nullptr ? 0 : capi::reclaim(*slot); }
