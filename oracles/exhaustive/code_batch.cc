#include "oracles/exhaustive/code_batch.h"

#include <stdexcept>

namespace callgate::oracles {

void CodeBatch::add(detail::Image image) {
  constexpr std::size_t alignment = 16;
  constexpr std::uint8_t trap = 0xcc;
  bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment, trap);
  const std::size_t start = bytes_.size();
  bytes_.insert(bytes_.end(), image.code.bytes.begin(), image.code.bytes.end());
  chains_.push_back({std::move(image), start});
}

void CodeBatch::publish() {
  auto memory = jit::publish({}, bytes_, {});
  if (!memory) throw std::runtime_error(message(memory.error().reason));
  memory_ = std::move(*memory);
}

std::uint32_t CodeBatch::decide(std::size_t index, const SeccompData& data) const {
  using Function = std::uint32_t (*)(const SeccompData*);
  const Entry& entry = chains_[index];
  const detail::Place place = entry.image.look_up(data);
  if (!place.in_code) return place.value;
  const auto address = reinterpret_cast<std::uintptr_t>(memory_.code() + entry.start + place.value);
  return reinterpret_cast<Function>(address)(&data);
}

void CodeBatch::clear() {
  chains_.clear();
  bytes_.clear();
}

}  // namespace callgate::oracles
