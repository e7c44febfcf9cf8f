// ChainSlot: the chain that decides now, for readers that never wait.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "callgate/chain.hpp"
#include "callgate/export.hpp"
#include "callgate/slot.h"

namespace CALLGATE_API callgate {

// One atomic pointer to an immutable chain. Filters are put on top of it while other threads decide by it.
//
// Readers (evaluate(), match() and their like) load the pointer once, with acquire order, and write nothing: they never
// wait, and are async-signal-safe, also in the child of vfork() and in a handler that interrupted a writer.
//
// Writers (attach(), set()) may come from any thread. Each puts its filters on what the others left: they take effect
// one after another, and none is lost. They take no lock: a writer whose chain was replaced while it compiled compiles
// again, so the child of fork() may write whatever other threads were doing. They allocate: not in handlers, nor in the
// child of vfork(), which would write for its parent.
//
// A chain that was replaced retires into the slot, as readers may still be inside, and goes with it. Filters only grow,
// so there are few: each attach() adds at least 9 converted instructions to the path, and with the kernel's path limit
// of 32768 at most 3,641 chains retire, each with one sealed mapping and at most Options::code_limit bytes of code.
// What set() replaces, and chains without a path limit, have no such bound: reclaim() frees them.
//
// fork(): the child has its own slot from there on. Destroying a slot needs what reclaim() needs.
class ChainSlot {
 public:
  // A slot in which `first` decides.
  explicit ChainSlot(Chain first) noexcept;
  ~ChainSlot();
  ChainSlot(const ChainSlot&) = delete;
  ChainSlot& operator=(const ChainSlot&) = delete;

  // As the same functions of the chain that decides now.
  std::uint32_t evaluate(const SeccompData& data) const noexcept { return callgate_decide(image(), &data); }
  std::uint32_t evaluate_frame(const void* frame) const noexcept { return callgate_decide_frame(image(), frame); }
  Match match(const SeccompData& data) const noexcept;
  Match match_frame(const void* frame) const noexcept;

  // The chain that decides now: a reference of the caller's own, which may outlive the slot. Async-signal-safe but for
  // the end of the Chain, as long as the slot does not reclaim.
  Chain chain() const noexcept;

  // Puts filters on top of the chain that decides now. As Chain::attach(); on failure nothing is changed.
  std::optional<AttachError> attach(const Program& filter) noexcept { return attach(std::span(&filter, 1)); }
  std::optional<AttachError> attach(std::span<const Program> oldest_first) noexcept;

  // As Chain::attach_in(): in handlers too. The memory is free again when the slot has reclaimed the chain after
  // promote(), attach() or set(), and nobody else has it.
  std::optional<AttachError> attach_in(std::span<std::byte> memory, std::span<const Insn> filter) noexcept;

  // Copies and compiles what attach_in() left in callers' memory, if there is something: not in handlers.
  std::optional<AttachError> promote() noexcept;

  // Replaces the chain that decides now. False if there is no memory to retire it: nothing is changed then.
  bool set(Chain chain) noexcept;

  // The same if the chain that decides now is still `expected`. False if it is not, or as set().
  bool replace(const Chain& expected, Chain chain) noexcept;

  // How many chains were replaced and are not reclaimed. Not while reclaim() runs.
  std::size_t retired() const noexcept;

  // Frees the chains that were replaced, and returns how many. Only when the caller knows that no other thread, handler
  // or child of vfork() is in a function of this slot, or uses what callgate_slot_current() said.
  std::size_t reclaim() noexcept;

  // As C has it: valid as long as this object.
  const callgate_slot* handle() const noexcept { return &slot_; }

 private:
  const callgate_image* image() const noexcept { return callgate_slot_current(&slot_); }

  callgate_slot slot_;
};

}  // namespace callgate
