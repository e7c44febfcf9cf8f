#include "fuzz/generator/inputs.h"

#include <array>
#include <utility>

#include "bpf/opcode.h"
#include "fuzz/generator/constants.h"

namespace callgate::fuzz {
namespace {

using bpf::Form;
using bpf::Opcode;

constexpr std::uint32_t words = sizeof(SeccompData) / 4;
using Words = std::array<std::uint32_t, words>;

// A word of the input and a constant that the program compares it with (or masks it by).
struct Comparison {
  std::uint32_t word;
  std::uint32_t k;
};

// Follows the text, not the paths: good enough to hit most comparisons on the spot.
std::vector<Comparison> comparisons(std::span<const Insn> program) {
  std::vector<Comparison> found;
  std::uint32_t word = 0;
  for (const Insn& in : program) {
    const bpf::OpcodeInfo* info = bpf::find_opcode(in.code);
    if (info == nullptr) continue;
    if (info->form == Form::abs) word = in.k / 4 % words;
    if (info->form == Form::branch_imm || info->opcode == Opcode::and_k) found.push_back({word, in.k});
  }
  return found;
}

SeccompData to_data(const Words& w) {
  SeccompData data{};
  data.nr = w[0];
  data.arch = w[1];
  const auto wide = [&](std::uint32_t i) { return w[i] | std::uint64_t{w[i + 1]} << 32; };
  data.instruction_pointer = wide(2);
  for (std::uint32_t i = 0; i < 6; ++i) data.args[i] = wide(4 + 2 * i);
  return data;
}

class InputWriter {
 public:
  InputWriter(std::span<const Insn> program, std::uint64_t seed) : random_(seed), pairs_(comparisons(program)) {}

  SeccompData make(std::size_t i) {
    Words w = background();
    if (!pairs_.empty() && i % 8 != 7) {
      const Comparison& pair = pairs_[(start_ + i) % pairs_.size()];
      w[pair.word] = near(pair.k, i / pairs_.size());
    }
    if (random_.chance(8)) swap_halves(w);
    return to_data(w);
  }

 private:
  Words background() {
    Words w{};
    for (auto& word : w) word = random_.chance(40) ? 0 : any_word();
    w[0] = number();
    w[1] = random_.chance(75) ? arch::x86_64 : random_.chance(70) ? arch::x86_32 : any_word();
    return w;
  }

  std::uint32_t any_word() {
    if (!pairs_.empty() && random_.chance(50)) return near(random_.pick(std::span<const Comparison>(pairs_)).k, 4);
    return random_.chance(70) ? edge_constant(random_) : random_.word();
  }

  std::uint32_t number() {
    constexpr std::uint32_t odd[] = {0,   0x7fffffff,        0xffffffff,         arch::x32_bit,
                                     512, arch::x32_bit - 1, arch::x32_bit | 511};
    const std::uint32_t kind = random_.below(10);
    if (kind == 0) return random_.pick(odd);
    if (kind == 1) return arch::x32_bit | random_.below(512);
    return kind < 6 ? random_.below(460) : any_word();
  }

  // First the constant itself, then its neighbours, then one of them or a bit flip.
  std::uint32_t near(std::uint32_t k, std::size_t round) {
    const std::size_t kind = round < 3 ? round : random_.below(4);
    if (kind == 0) return k;
    if (kind == 1) return k + 1;
    return kind == 2 ? k - 1 : k ^ 1u << random_.below(32);
  }

  void swap_halves(Words& w) {
    const std::uint32_t low = 4 + 2 * random_.below(6);
    std::swap(w[low], w[low + 1]);
  }

  Random random_;
  std::vector<Comparison> pairs_;
  std::size_t start_ = pairs_.empty() ? 0 : random_.below(static_cast<std::uint32_t>(pairs_.size()));
};

}  // namespace

std::vector<SeccompData> inputs_for(std::span<const Insn> program, std::uint64_t seed, std::size_t count) {
  InputWriter writer(program, seed);
  std::vector<SeccompData> inputs;
  inputs.reserve(count);
  for (std::size_t i = 0; i < count; ++i) inputs.push_back(writer.make(i));
  return inputs;
}

}  // namespace callgate::fuzz
