#include "callgate/chain_slot.hpp"

#include <utility>

#include "capi/chain_handle.h"
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

std::optional<AttachError> ChainSlot::attach_in(std::span<std::byte> memory, std::span<const Insn> filter) noexcept {
  while (true) {
    const Chain below = chain();
    auto attached = below.attach_in(memory, filter);
    if (!attached) return attached.error();
    if (capi::exchange(slot_, below, std::move(*attached)) == Exchange::done) return std::nullopt;
  }
}

std::optional<AttachError> ChainSlot::promote() noexcept {
  while (true) {
    const Chain now = chain();
    auto promoted = now.promote();
    if (!promoted) return promoted.error();
    if (detail::ChainHandle::image(*promoted) == detail::ChainHandle::image(now)) return std::nullopt;
    const Exchange end = capi::exchange(slot_, now, std::move(*promoted));
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
