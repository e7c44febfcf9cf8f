#include "fuzz/generator/program_generator.h"

#include <algorithm>

#include "fuzz/generator/snippets.h"

namespace callgate::fuzz {
namespace {

// Short programs mostly, all lengths sometimes, the longest now and then.
std::uint32_t pick_length(Random& random, std::uint32_t max_length) {
  const std::uint32_t kind = random.below(100);
  if (kind == 0) return max_length;
  if (kind < 10) return random.between(1, max_length);
  return random.between(1, std::min<std::uint32_t>(max_length, kind < 50 ? 16 : kind < 85 ? 60 : 320));
}

std::uint32_t snippet_count() { return static_cast<std::uint32_t>(code_snippets().size() + filter_snippets().size()); }

Snippet snippet(std::size_t i) {
  return i < code_snippets().size() ? code_snippets()[i] : filter_snippets()[i - code_snippets().size()];
}

std::size_t weighted(Random& random, std::span<const std::uint32_t> weights) {
  std::uint32_t sum = 0;
  for (const std::uint32_t weight : weights) sum += weight;
  std::uint32_t left = random.below(sum);
  std::size_t i = 0;
  for (; left >= weights[i]; ++i) left -= weights[i];
  return i;
}

}  // namespace

std::vector<Insn> ProgramGenerator::valid(std::uint32_t max_length) {
  std::vector<std::uint32_t> weights(snippet_count());
  Writer writer(random_, pick_length(random_, std::min(max_length, max_program_length)));
  for (auto& weight : weights) weight = random_.chance(50) ? random_.below(10) : 0;
  weights[0] = 3;  // some snippet always has a weight
  if (random_.chance(40)) store_all(writer);
  while (!writer.full()) snippet(weighted(random_, weights))(writer);
  return writer.finish();
}

}  // namespace callgate::fuzz
