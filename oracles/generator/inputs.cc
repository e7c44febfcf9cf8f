#include "oracles/generator/inputs.h"

#include <cstring>
#include <utility>

#include "bpf/opcode.h"
#include "oracles/generator/constants.h"
#include "oracles/generator/preimage.h"

namespace callgate::oracles {

using bpf::Opcode;

void InputGenerator::start(std::uint64_t seed) {
  random_ = Random(seed);
  comparisons_.clear();
}

// Follows the text, not the paths: good enough to hit most comparisons on the spot.
void InputGenerator::add(std::span<const Insn> program) {
  const Insn* load = nullptr;
  std::uint32_t x = 0;
  std::int32_t x_word = -1;
  for (const Insn& in : program) {
    switch (bpf::opcode_of(in)) {
      case Opcode::ld_abs: load = &in; break;
      case Opcode::ld_imm:
      case Opcode::ld_len:
      case Opcode::ld_mem:
      case Opcode::txa: load = nullptr; break;
      case Opcode::tax:
        if (load != nullptr) x_word = static_cast<std::int32_t>(load->k / 4);
        break;
      case Opcode::ldx_imm:
        x = in.k;
        x_word = -1;
        break;
      case Opcode::and_k:
      case Opcode::jeq_k:
      case Opcode::jgt_k:
      case Opcode::jge_k:
      case Opcode::jset_k: add_comparison(load, &in, in.k, -1); break;
      case Opcode::jeq_x:
      case Opcode::jgt_x:
      case Opcode::jge_x:
      case Opcode::jset_x: add_comparison(load, &in, x, x_word); break;
      default: break;
    }
  }
}

void InputGenerator::add_comparison(const Insn* load, const Insn* branch, std::uint32_t k, std::int32_t other) {
  comparisons_.push_back({load, branch, k, other});
}

void InputGenerator::write(std::span<SeccompData> inputs) {
  static_assert(sizeof(Words) == sizeof(SeccompData));
  fill_pool();
  const auto count = static_cast<std::uint32_t>(comparisons_.size());
  const std::uint32_t start = count == 0 ? 0 : random_.below(count);
  Words w{};
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    // Every other input is the one before, changed: what satisfied one comparison often leads to the next.
    const std::uint64_t bits = random_.next();
    if (i % 2 == 0 || (bits & 3) == 0) background(w);
    if (i % 8 == 7) {
      const std::uint32_t low = 4 + 2 * static_cast<std::uint32_t>((bits >> 12) % 6);
      std::swap(w[low], w[low + 1]);
    } else if (count != 0) {
      const std::size_t first = start + i;
      for (std::size_t more = bits >> 2 & 3; more > 0; --more) satisfy(w, comparisons_[(first + more) % count], 0);
      satisfy(w, comparisons_[first % count], i / count);
    }
    std::memcpy(&inputs[i], w.data(), sizeof w);
  }
}

// Zero, edges, and the programs' constants.
void InputGenerator::fill_pool() {
  for (std::size_t i = 0; i < pool_.size(); ++i) {
    if (i < 4) {
      pool_[i] = 0;
    } else if (i < 10 || comparisons_.empty()) {
      pool_[i] = edge_constant(random_);
    } else {
      pool_[i] = near(random_.pick(std::span<const Comparison>(comparisons_)).k, 3);
    }
  }
}

void InputGenerator::background(Words& w) {
  const std::uint64_t choice = random_.next();
  for (std::uint32_t i = 0; i < words; ++i) w[i] = pool_[choice >> 4 * i & 15];
  const std::uint32_t bits = random_.word();
  if ((bits & 15) != 0) w[0] = number(bits >> 4);
  const std::uint32_t kind = bits >> 24 & 31;
  if (kind < 22) w[1] = arch::x86_64;
  if (kind >= 22 && kind < 29) w[1] = arch::x86_32;
}

std::uint32_t InputGenerator::number(std::uint32_t bits) {
  constexpr std::uint32_t odd[] = {0,   0x7fffffff,        0xffffffff,          arch::x32_bit,
                                   512, arch::x32_bit - 1, arch::x32_bit | 511, 0x80000000};
  const std::uint32_t kind = bits & 7;
  const std::uint32_t small = (bits >> 3 & 0xffff) % 512;
  if (kind == 0) return odd[small % std::size(odd)];
  if (kind == 1) return arch::x32_bit | small;
  return kind < 6 ? small : pool_[small & 15];
}

void InputGenerator::satisfy(Words& w, const Comparison& comparison, std::size_t round) {
  if (comparison.load == nullptr) return;
  const std::uint32_t k = comparison.other < 0 ? comparison.k : w[static_cast<std::size_t>(comparison.other)];
  w[comparison.load->k / 4] = preimage(comparison.load, comparison.branch, near(k, round), random_);
}

// First the constant itself, then its neighbours, then one of them, a bit flip or the complement.
std::uint32_t InputGenerator::near(std::uint32_t k, std::size_t round) {
  if (round == 0) return k;
  const std::uint32_t bits = random_.word();
  const std::size_t kind = round < 3 ? round : bits & 7;
  if (kind == 1) return k + 1;
  if (kind == 2) return k - 1;
  if (kind == 0) return k;
  return kind == 3 ? ~k : k ^ 1u << (bits >> 8 & 31);
}

std::vector<SeccompData> inputs_for(std::span<const Insn> program, std::uint64_t seed, std::size_t count) {
  std::vector<SeccompData> inputs(count);
  InputGenerator generator;
  generator.start(seed);
  generator.add(program);
  generator.write(inputs);
  return inputs;
}

}  // namespace callgate::oracles
