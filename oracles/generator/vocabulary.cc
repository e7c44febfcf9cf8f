#include "oracles/generator/vocabulary.h"

#include "callgate/action.hpp"
#include "oracles/generator/constants.h"
#include "oracles/generator/draft.h"

namespace callgate::oracles {
namespace {

std::uint32_t any_result(Random& random) {
  const std::uint64_t bits = random.next();
  const std::uint32_t data = (bits & 1) != 0 ? static_cast<std::uint32_t>(bits >> 8) & data_mask : 0;
  if ((bits & 0xf0) == 0) return static_cast<std::uint32_t>(bits >> 32);  // an action that no kernel knows
  return random.pick(actions) | data;
}

}  // namespace

Vocabulary::Vocabulary(Random& random) {
  for (std::uint32_t& constant : constants_) constant = edge_constant(random);
  const std::uint32_t allowed = random.below(4);
  for (std::uint32_t& result : results_) result = any_result(random);
  for (std::uint32_t i = 0; i < allowed; ++i) results_[i] = action::allow;
  for (std::uint32_t& word : words_) word = 4 * random.below(16);
  words_[0] = offset_nr;
}

std::uint32_t Vocabulary::constant(Random& random) {
  const std::uint32_t bits = random.word();
  std::uint32_t& slot = constants_[bits >> 3 & 7];
  const std::uint32_t kind = bits & 7;
  if (kind < 2) return slot;
  if (kind == 2) return (bits & 0x40) != 0 ? slot + 1 : slot - 1;
  return slot = edge_constant(random);
}

std::uint32_t Vocabulary::comparand(Random& random) {
  const std::uint32_t bits = random.word();
  if ((bits & 3) != 0) return constant(random);
  return constants_[bits >> 2 & 7] = (bits >> 8) % 460;
}

std::uint32_t Vocabulary::word(Random& random) {
  const std::uint32_t bits = random.word();
  return (bits & 3) != 0 ? words_[bits >> 2 & 3] : bits >> 2 & 0x3c;
}

std::uint32_t Vocabulary::result(Random& random) {
  const std::uint32_t bits = random.word();
  return (bits & 7) != 0 ? results_[bits >> 3 & 3] : any_result(random);
}

}  // namespace callgate::oracles
