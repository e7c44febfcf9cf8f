// Chains in the caller's memory.
#include "callgate/core.h"
#include "dispatch/layer.h"
#include "dispatch/merge.h"
#include "dispatch/portable.h"

using namespace callgate;

// Images of the core have no list on the heap.
bool detail::take_list(Merge& merge, const SeccompData&, const Published&) noexcept {
  merge = Merge(MergeRule::first_non_allow, 1);
  merge.take(action::kill_process);
  return false;
}

std::size_t callgate_core_attach_size(std::size_t count) noexcept {
  return detail::layer_bytes(count < max_program_length ? count : max_program_length) + detail::layer_alignment - 1;
}

int callgate_core_attach(void* memory, std::size_t bytes, const callgate_image* below, std::uint32_t rule,
                         const callgate_insn* instructions, std::size_t count, const callgate_image** image) noexcept {
  if (image == nullptr) return CALLGATE_CORE_NULL_POINTER;
  *image = nullptr;
  if (memory == nullptr) return CALLGATE_CORE_NULL_POINTER;
  if (rule > static_cast<std::uint32_t>(MergeRule::most_restrictive)) return CALLGATE_CORE_BAD_VALUE;
  const detail::Published* const base = below == nullptr ? nullptr : &detail::Published::of(below);
  if (base != nullptr && base->rule != static_cast<MergeRule>(rule)) return CALLGATE_CORE_BAD_VALUE;
  if (const int code = callgate_core_verify(instructions, count, nullptr)) return code;
  void* const start = detail::aligned_start(memory, bytes, detail::layer_bytes(count));
  if (start == nullptr) return CALLGATE_CORE_NO_ROOM;
  const std::span filter(reinterpret_cast<const Insn*>(instructions), count);
  *image = &detail::make_layer(start, base, static_cast<MergeRule>(rule), filter);
  return 0;
}

int callgate_core_adopt(void* memory, std::size_t bytes, const callgate_image** image) noexcept {
  if (image == nullptr) return CALLGATE_CORE_NULL_POINTER;
  *image = memory == nullptr ? nullptr : detail::adopt(memory, bytes);
  if (memory == nullptr) return CALLGATE_CORE_NULL_POINTER;
  return *image == nullptr ? CALLGATE_CORE_BAD_VALUE : 0;
}
