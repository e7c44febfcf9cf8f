#include "callgate/chain_slot.hpp"

#include <utility>

#include "capi/slot.h"

namespace callgate {

using capi::Exchange;

ChainSlot::ChainSlot(Chain first) noexcept : slot_(capi::slot_of(std::move(first))) {}

ChainSlot::~ChainSlot() { capi::destroy(slot_); }

Chain ChainSlot::chain() const noexcept { return capi::current(slot_); }

std::optional<AttachError> ChainSlot::attach(std::span<const Program> oldest_first) noexcept {
  if (oldest_first.empty()) return std::nullopt;
  while (true) {
    const Chain below = chain();
    auto attached = below.attach(oldest_first);
    if (!attached) return attached.error();
    const Exchange end = capi::exchange(slot_, below, std::move(*attached));
    if (end == Exchange::done) return std::nullopt;
    if (end == Exchange::out_of_memory) return AttachError{AttachErrc::out_of_memory};
  }
}

bool ChainSlot::replace(const Chain& expected, Chain chain) noexcept {
  return capi::exchange(slot_, expected, std::move(chain)) == Exchange::done;
}

bool ChainSlot::set(Chain chain) noexcept {
  while (true) {
    const Exchange end = capi::exchange(slot_, this->chain(), chain);
    if (end != Exchange::changed) return end == Exchange::done;
  }
}

std::size_t ChainSlot::retired() const noexcept { return capi::retired(slot_); }

std::size_t ChainSlot::reclaim() noexcept { return capi::reclaim(slot_); }

}  // namespace callgate
