#include "oracles/generator/adversaries.h"

#include <algorithm>
#include <iterator>
#include <stdexcept>

#include "oracles/generator/random.h"

namespace callgate::oracles {
namespace {

constexpr Insn ld(std::uint32_t offset) { return {0x20, 0, 0, offset}; }
constexpr Insn ret(std::uint32_t k) { return {0x06, 0, 0, k}; }
constexpr Insn ret_a = {0x16, 0, 0, 0};

Program program_of(const std::vector<Insn>& insns) {
  auto program = verify(insns);
  if (!program) throw std::logic_error("an adversary is not valid: " + to_string(program.error()));
  return std::move(*program);
}

// 500 numbers, each with a result of its own; ALLOW for the others.
void add_ladder_of_numbers(std::vector<Insn>& insns) {
  insns.push_back(ld(0));
  for (std::uint32_t i = 0; i < 500; ++i) insns.insert(insns.end(), {{0x15, 0, 1, i}, ret(0x00030000 + i)});
  insns.push_back(ret(0x7fff0000));
}

}  // namespace

Program diamonds(std::uint32_t count) {
  std::vector<Insn> insns;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t slot = i % scratch_slots;
    const Insn diamond[] = {{0x00, 0, 0, i},        {0x02, 0, 0, slot},
                            ld(16 + 4 * (i % 12)),  {0x45, 2, 0, 1u << (i % 32)},
                            {0x00, 0, 0, 1000 + i}, {0x02, 0, 0, slot}};
    insns.insert(insns.end(), std::begin(diamond), std::end(diamond));
  }
  for (std::uint32_t i = 0; i < std::min(count, scratch_slots); ++i) {
    const Insn sum[] = {{0x61, 0, 0, i}, {0x24, 0, 0, 31}, {0x0c, 0, 0, 0}};
    insns.insert(insns.end(), std::begin(sum), std::end(sum));
  }
  insns.push_back(ret_a);
  return program_of(insns);
}

Program doubling(std::uint32_t times) {
  std::vector<Insn> insns = {ld(16)};
  for (std::uint32_t i = 0; i < times; ++i) insns.insert(insns.end(), {{0x07, 0, 0, 0}, {0x0c, 0, 0, 0}});
  insns.push_back(ret_a);
  return program_of(insns);
}

Program one_expression_in_many_tests() {
  std::vector<Insn> insns = {ld(16), {0x07, 0, 0, 0}};
  for (int i = 0; i < 10; ++i) insns.push_back({0x0c, 0, 0, 0});
  while (insns.size() < 4000) insns.push_back({0x15, 0, 0, static_cast<std::uint32_t>(insns.size())});
  for (std::size_t i = 12; i + 8 < insns.size(); i += 2) insns[i].jt = 3;
  for (std::uint32_t i = 0; i < 8; ++i) insns.push_back(ret(0x00050000 + i));
  return program_of(insns);
}

Program returns_of_a_everywhere() {
  std::vector<Insn> insns = {ld(0)};
  for (std::uint32_t i = 0; insns.size() + 4 <= max_program_length; ++i) {
    insns.insert(insns.end(), {{0x15, 0, 2, i}, ld(16 + 4 * (i % 12)), ret_a, ld(0)});
  }
  insns.back() = ret_a;
  return program_of(insns);
}

Program web(std::uint64_t seed, std::initializer_list<std::uint16_t> codes, std::uint32_t words, std::size_t length) {
  Random random(seed);
  std::vector<Insn> insns = {ld(16)};
  while (insns.size() < length - 256) {
    if (words > 1 && random.chance(30)) insns.push_back(ld(16 + 4 * random.below(words)));
    const std::uint16_t code = *(codes.begin() + random.below(static_cast<std::uint32_t>(codes.size())));
    const auto jt = static_cast<std::uint8_t>(random.below(200));
    const auto jf = static_cast<std::uint8_t>(random.below(200));
    const std::uint32_t k = code == 0x45 ? 1u << random.below(32) : static_cast<std::uint32_t>(random.next());
    insns.push_back({code, jt, jf, k});
  }
  for (std::uint32_t i = 0; insns.size() < length; ++i) insns.push_back(ret(0x00050000 + i));
  return program_of(insns);
}

Program scratch_shuffles() {
  Random random(9);
  std::vector<Insn> insns;
  for (std::uint32_t slot = 0; slot < scratch_slots; ++slot)
    insns.insert(insns.end(), {ld(4 * slot), {0x02, 0, 0, slot}});
  while (insns.size() + 8 < max_program_length - 2 * scratch_slots) {
    const std::uint32_t from = random.below(scratch_slots);
    const std::uint32_t to = random.below(scratch_slots);
    insns.insert(insns.end(), {{0x60, 0, 0, from}, {0x61, 0, 0, to}, {0x02, 0, 0, to}, {0x03, 0, 0, from}});
    if (random.chance(20))
      insns.insert(insns.end(), {{0x45, 0, 2, 1u << random.below(32)}, {0x60, 0, 0, to}, {0x02, 0, 0, from}});
  }
  for (std::uint32_t slot = 0; slot + 1 < scratch_slots; ++slot)
    insns.insert(insns.end(), {{0x61, 0, 0, slot}, {0xac, 0, 0, 0}});
  insns.push_back(ret_a);
  return program_of(insns);
}

Program counters(std::uint32_t counted) {
  std::vector<Insn> insns = {{0x00, 0, 0, 0}, {0x02, 0, 0, 1}};
  for (std::uint32_t i = 0; i < counted; ++i) {
    insns.insert(
        insns.end(),
        {ld(16 + 4 * (i % 12)), {0x45, 0, 3, 1u << (i / 12 % 32)}, {0x60, 0, 0, 1}, {0x04, 0, 0, 1}, {0x02, 0, 0, 1}});
  }
  insns.push_back({0x60, 0, 0, 1});
  for (std::uint32_t i = 0; i < 100; ++i) insns.insert(insns.end(), {{0x15, 0, 1, i}, ret(0x00050000 + i)});
  insns.push_back(ret(0x7fff0000));
  return program_of(insns);
}

Program arithmetic_on_the_number() {
  std::vector<Insn> insns = {ld(0)};
  for (std::uint32_t i = 0; insns.size() + 5 < max_program_length; ++i) {
    insns.insert(
        insns.end(),
        {ld(0), {0x24, 0, 0, 2 * i + 1}, {0x54, 0, 0, 0xfff}, {0x15, 0, 1, i % 0xfff}, ret(0x00050000 + i % 0xfff)});
  }
  insns.push_back(ret(0x7fff0000));
  return program_of(insns);
}

Program arguments_against_the_number() {
  std::vector<Insn> insns = {ld(0), {0x07, 0, 0, 0}};
  for (std::uint32_t i = 0; insns.size() + 3 < max_program_length; ++i) {
    insns.insert(insns.end(), {ld(16 + 4 * (i % 12)), {0x2d, 0, 1, 0}, ret(0x00050000 + i % 0xfff)});
  }
  insns.push_back(ret(0x7fff0000));
  return program_of(insns);
}

Program thousand_exits_before_a_ladder(std::uint32_t words) {
  std::vector<Insn> insns;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    if (words > 1 || i == 0) insns.push_back(ld(16 + 4 * (i % words)));
    insns.insert(insns.end(), {{0x15, 0, 1, 7 * i}, ret(0x00050000 + i)});
  }
  add_ladder_of_numbers(insns);
  return program_of(insns);
}

Program thousand_bit_tests_before_a_ladder() {
  std::vector<Insn> insns;
  for (std::uint32_t i = 0; i < 1000; ++i)
    insns.insert(insns.end(), {ld(16 + 4 * (i % 12)), {0x45, 0, 1, 1u << (i % 32)}, ret(0x00050000 + i)});
  add_ladder_of_numbers(insns);
  return program_of(insns);
}

std::vector<Adversary> longest_adversaries() {
  return {
      {"diamonds", {diamonds((max_program_length - 1 - 3 * scratch_slots) / 6)}},
      {"doubling", {doubling(2047)}},
      {"one expression in many tests", {one_expression_in_many_tests()}},
      {"RET A everywhere", {returns_of_a_everywhere()}},
      {"web of JSET", {web(6, {0x45}, 1, max_program_length)}},
      {"web of JGE", {web(7, {0x35}, 1, max_program_length)}},
      {"web of all tests", {web(8, {0x45, 0x35, 0x25, 0x15}, 12, max_program_length)}},
      {"scratch shuffles", {scratch_shuffles()}},
      {"counters", {counters(778)}},
      {"arithmetic on the number", {arithmetic_on_the_number()}},
      {"arguments against the number", {arguments_against_the_number()}},
      {"1000 exits on a word before 500 numbers", {thousand_exits_before_a_ladder(1)}},
      {"1000 exits on 12 words before 500 numbers", {thousand_exits_before_a_ladder(12)}},
      {"1000 bit tests before 500 numbers", {thousand_bit_tests_before_a_ladder()}},
  };
}

}  // namespace callgate::oracles
