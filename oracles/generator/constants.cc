#include "oracles/generator/constants.h"

namespace callgate::oracles {
namespace {

constexpr std::uint32_t edges[] = {
    0,          1,          2,          3,          4,          7,          8,          15,         16,
    31,         32,         33,         63,         64,         0x7f,       0x80,       0x81,       0xff,
    0x100,      0x7fff,     0x8000,     0xffff,     0x10000,    0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001,
    0xffff7fff, 0xffff8000, 0xffffff7f, 0xffffff80, 0xffffff81, 0xffff0000, 0xfffffffe, 0xffffffff,
};

}  // namespace

std::uint32_t edge_constant(Random& random) {
  const std::uint64_t bits = random.next();
  const auto any = static_cast<std::uint32_t>(bits >> 32);
  const std::uint32_t bit = bits >> 8 & 31;
  switch (bits & 15) {
    case 0: return 1u << bit;
    case 1: return (1u << bit) - 1;
    case 2: return ~0u << bit;
    case 3: return any % 512;
    case 4: return actions[any % std::size(actions)] | (bits >> 8 & 3);
    case 5: return architectures[any % std::size(architectures)];
    case 6: return arch::x32_bit | any % 512;
    case 7:
    case 8: return any;
    default: return edges[any % std::size(edges)];
  }
}

}  // namespace callgate::oracles
