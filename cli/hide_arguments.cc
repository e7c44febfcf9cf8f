#include "cli/hide_arguments.h"

#include <sys/random.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <system_error>

#include "bpf/opcode.h"

namespace callgate::cli {
namespace {

std::array<std::uint64_t, 2> random_key() {
  std::array<std::uint64_t, 2> key{};
  if (getrandom(key.data(), sizeof key, 0) != sizeof key) throw std::system_error(errno, std::generic_category());
  return key;
}

struct SipState {
  std::uint64_t v0, v1, v2, v3;

  void round() {
    v0 += v1;
    v2 += v3;
    v1 = std::rotl(v1, 13) ^ v0;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 = std::rotl(v0, 32);
    v2 += v1;
    v0 += v3;
    v1 = std::rotl(v1, 17) ^ v2;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 = std::rotl(v2, 32);
  }

  void absorb(std::uint64_t word) {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
};

}  // namespace

std::uint64_t siphash(const std::array<std::uint64_t, 2>& key, std::uint64_t value) {
  constexpr std::uint64_t length_of_value = std::uint64_t{8} << 56;
  SipState state{key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d, key[0] ^ 0x6c7967656e657261,
                 key[1] ^ 0x7465646279746573};
  state.absorb(value);
  state.absorb(length_of_value);
  state.v2 ^= 0xff;
  for (int i = 0; i < 4; ++i) state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

HideArguments::HideArguments(std::vector<Program> filters) : filters_(std::move(filters)), key_(random_key()) {
  for (const Program& filter : filters_) {
    for (const Insn& insn : filter.instructions()) {
      if (bpf::find_opcode(insn.code)->form == bpf::Form::branch_imm) compared_.insert(insn.k);
    }
  }
}

std::uint32_t HideArguments::hidden_half(std::uint32_t half) const {
  if (half == 0 || compared_.contains(half)) return half;
  return static_cast<std::uint32_t>(siphash(key_, half));
}

std::uint64_t HideArguments::hidden(std::uint64_t argument) const {
  const auto high = static_cast<std::uint32_t>(argument >> 32);
  const auto low = static_cast<std::uint32_t>(argument);
  return std::uint64_t{hidden_half(high)} << 32 | hidden_half(low);
}

bool HideArguments::same_results(const SeccompData& a, const SeccompData& b) const {
  return std::ranges::all_of(filters_,
                             [&](const Program& filter) { return interpret(filter, a) == interpret(filter, b); });
}

void HideArguments::operator()(SeccompData& data) const {
  for (std::size_t index = 0; index < std::size(data.args); ++index) {
    SeccompData changed = data;
    changed.args[index] = hidden(data.args[index]);
    if (same_results(data, changed)) data = changed;
  }
}

}  // namespace callgate::cli
