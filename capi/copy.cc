// Images for the freestanding core.
#include "callgate/callgate.h"
#include "dispatch/chain_node.h"
#include "dispatch/portable.h"

using namespace callgate;

int callgate_chain_copy(const callgate_chain* chain, void* memory, std::size_t bytes, std::size_t* needed) noexcept {
  if (needed == nullptr) return CALLGATE_NULL_POINTER;
  *needed = 0;
  if (chain == nullptr || (memory == nullptr && bytes != 0)) return CALLGATE_NULL_POINTER;
  const detail::ChainNode* const node = detail::ChainNode::of(chain);
  if (node == nullptr) return CALLGATE_BAD_OBJECT;
  const auto& image = detail::Published::of(chain);
  const auto image_bytes = static_cast<std::size_t>(node->memory.code() - node->memory.data());
  *needed = detail::portable_bytes(image, image_bytes);
  if (*needed == 0) return CALLGATE_NOT_PORTABLE;
  if (bytes < *needed) return CALLGATE_NO_ROOM;
  detail::make_portable(image, image_bytes, memory);
  return CALLGATE_OK;
}
