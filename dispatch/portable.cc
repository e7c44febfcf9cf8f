#include "dispatch/portable.h"

#include <cstring>

#include "callgate/version.hpp"

namespace callgate::detail {
namespace {

// In the place of Published::node: what the copy is, so that nothing else is taken for one.
constexpr std::uintptr_t mark =
    0xca110000u + CALLGATE_VERSION_MAJOR * 0x1000u + CALLGATE_VERSION_MINOR * 0x10u + sizeof(void*);

// In the place of addresses of code.
enum Entry : std::uintptr_t { interpreted = 1, walked = 2, by_data = 4 };

std::uintptr_t number_of(std::uintptr_t code) noexcept {
  const auto is = [&](callgate_entry entry) { return code == reinterpret_cast<std::uintptr_t>(entry); };
  if (is(interpret_data)) return interpreted | by_data;
  if (is(interpret_frame)) return interpreted;
  if (is(walk_data)) return walked | by_data;
  return is(walk_frame) ? std::uintptr_t{walked} : 0;
}

std::uintptr_t address_of(std::uintptr_t number) noexcept {
  switch (number) {
    case interpreted | by_data: return reinterpret_cast<std::uintptr_t>(&interpret_data);
    case interpreted: return reinterpret_cast<std::uintptr_t>(&interpret_frame);
    case walked | by_data: return reinterpret_cast<std::uintptr_t>(&walk_data);
    case walked: return reinterpret_cast<std::uintptr_t>(&walk_frame);
    default: return 0;
  }
}

// A pointer into the image: null stays null.
template <class T>
void move(const T*& pointer, std::uintptr_t from, std::uintptr_t to) noexcept {
  if (pointer != nullptr) pointer = reinterpret_cast<const T*>(reinterpret_cast<std::uintptr_t>(pointer) - from + to);
}

void move_all(Published& image, std::uintptr_t from, std::uintptr_t to) noexcept {
  move(image.bytecode, from, to);
  move(image.sizes, from, to);
  move(image.walk.nodes, from, to);
  move(image.walk.ops, from, to);
  move(image.walk.roots, from, to);
}

}  // namespace

std::size_t portable_bytes(const Published& chain, std::size_t image_bytes) noexcept {
  if (chain.node == nullptr || chain.is_layer || chain.newest != nullptr) return 0;
  return number_of(chain.data.code) != 0 && number_of(chain.frame.code) != 0 ? image_bytes : 0;
}

void make_portable(const Published& chain, std::size_t image_bytes, void* out) noexcept {
  std::memcpy(out, &chain, image_bytes);
  Published copy = chain;
  move_all(copy, reinterpret_cast<std::uintptr_t>(&chain), 0);
  copy.node = reinterpret_cast<const ChainNode*>(mark);
  copy.data.code = number_of(chain.data.code);
  copy.frame.code = number_of(chain.frame.code);
  std::memcpy(out, &copy, sizeof copy);
}

const callgate_image* adopt(void* memory, std::size_t bytes) noexcept {
  const auto start = reinterpret_cast<std::uintptr_t>(memory);
  if (bytes < sizeof(Published) || start % alignof(std::max_align_t) != 0) return nullptr;
  auto* const image = static_cast<Published*>(memory);
  if (reinterpret_cast<std::uintptr_t>(image->node) != mark) return nullptr;
  const std::uintptr_t of_data = address_of(image->data.code);
  const std::uintptr_t of_frame = address_of(image->frame.code);
  if (of_data == 0 || of_frame == 0) return nullptr;
  move_all(*image, 0, start);
  image->node = nullptr;
  image->data.code = of_data;
  image->frame.code = of_frame;
  return image;
}

}  // namespace callgate::detail
