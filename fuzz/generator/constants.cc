#include "fuzz/generator/constants.h"

namespace callgate::fuzz {
namespace {

constexpr std::uint32_t edges[] = {
    0,          1,          2,          3,          4,          7,          8,          15,         16,
    31,         32,         33,         63,         64,         0x7f,       0x80,       0x81,       0xff,
    0x100,      0x7fff,     0x8000,     0xffff,     0x10000,    0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001,
    0xffff7fff, 0xffff8000, 0xffffff7f, 0xffffff80, 0xffffff81, 0xffff0000, 0xfffffffe, 0xffffffff,
};

}  // namespace

std::uint32_t edge_constant(Random& random) {
  switch (random.below(10)) {
    case 0:
    case 1:
    case 2:
    case 3: return random.pick(edges);
    case 4: return 1u << random.below(32);
    case 5: return (1u << random.below(32)) - 1;
    case 6: return random.below(512);
    case 7: {
      const std::uint32_t data = random.below(3);
      return random.pick(actions) | data;
    }
    case 8: return random.chance(50) ? random.pick(architectures) : arch::x32_bit | random.below(512);
    default: return random.word();
  }
}

}  // namespace callgate::fuzz
