// Every instruction over edge values, against expectations that are worked out another way: in 64-bit arithmetic,
// reduced mod 2^32, and in signed comparisons of wider numbers.
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <optional>

#include "callgate/action.hpp"
#include "tests/support/filters.h"

namespace callgate {
namespace {

constexpr std::uint32_t edges[] = {0,    1,     2,          31,         32,         33,         0x7f,      0x80,
                                   0xff, 0x100, 0x7fffffff, 0x80000000, 0xffff0000, 0xfffffffe, 0xffffffff};
constexpr std::uint64_t two_to_32 = std::uint64_t{1} << 32;

SeccompData arguments(std::uint32_t a, std::uint32_t x) {
  return {.nr = 0, .arch = 0, .instruction_pointer = 0, .args = {a, x}};
}

// A and X come from the arguments, as no constant could fold.
const std::string load_a_and_x = "ld [args[1].lo]\ntax\nld [args[0].lo]\n";

struct Operation {
  const char* mnemonic;
  // What A becomes, mod 2^32; nothing for what is not allowed with a constant, or ends the program with an X.
  std::function<std::optional<std::uint64_t>(std::uint64_t a, std::uint64_t b)> constant;
  std::function<std::optional<std::uint64_t>(std::uint64_t a, std::uint64_t b)> with_x;
};

std::uint64_t power_of_two(std::uint64_t exponent) {
  std::uint64_t power = 1;
  for (std::uint64_t i = 0; i < exponent; ++i) power *= 2;
  return power;
}

// Bit by bit, from sums of bits.
std::uint64_t bitwise(std::uint64_t a, std::uint64_t b, bool (*bit)(std::uint64_t ones)) {
  std::uint64_t result = 0;
  for (std::uint64_t i = 0; i < 32; ++i) {
    const std::uint64_t power = power_of_two(i);
    if (bit(a / power % 2 + b / power % 2)) result += power;
  }
  return result;
}

std::vector<Operation> operations() {
  using Result = std::optional<std::uint64_t>;
  using Value = std::uint64_t;
  const auto same = [](const char* mnemonic, auto function) { return Operation{mnemonic, function, function}; };
  return {
      same("add", [](Value a, Value b) -> Result { return a + b; }),
      same("sub", [](Value a, Value b) -> Result { return two_to_32 + a - b; }),
      same("mul", [](Value a, Value b) -> Result { return a * b; }),
      same("div", [](Value a, Value b) -> Result { return b == 0 ? Result() : Result(a / b); }),
      same("and", [](Value a, Value b) -> Result { return bitwise(a, b, [](Value ones) { return ones == 2; }); }),
      same("or", [](Value a, Value b) -> Result { return bitwise(a, b, [](Value ones) { return ones >= 1; }); }),
      same("xor", [](Value a, Value b) -> Result { return bitwise(a, b, [](Value ones) { return ones == 1; }); }),
      {"lsh", [](Value a, Value b) -> Result { return b >= 32 ? Result() : Result(a * power_of_two(b)); },
       [](Value a, Value b) -> Result { return a * power_of_two(b % 32); }},
      {"rsh", [](Value a, Value b) -> Result { return b >= 32 ? Result() : Result(a / power_of_two(b)); },
       [](Value a, Value b) -> Result { return a / power_of_two(b % 32); }},
  };
}

TEST(Interpreter, arithmetic_with_a_constant) {
  for (const Operation& operation : operations()) {
    for (const std::uint32_t k : edges) {
      const std::string text = load_a_and_x + operation.mnemonic + " #" + std::to_string(k) + "\nret a";
      if (!operation.constant(0, k)) {
        EXPECT_FALSE(verify(test::insns(text))) << text;
        continue;
      }
      const Program program = test::program(text);
      for (const std::uint32_t a : edges) {
        EXPECT_EQ(interpret(program, arguments(a, 0)), *operation.constant(a, k) % two_to_32) << a << "\n" << text;
      }
    }
  }
}

TEST(Interpreter, arithmetic_with_x) {
  for (const Operation& operation : operations()) {
    const Program program = test::program(load_a_and_x + operation.mnemonic + " x\nret a");
    for (const std::uint32_t a : edges) {
      for (const std::uint32_t x : edges) {
        const std::uint64_t expected = operation.with_x(a, x).value_or(0);
        EXPECT_EQ(interpret(program, arguments(a, x)), expected % two_to_32)
            << operation.mnemonic << " " << a << ", " << x;
      }
    }
  }
}

TEST(Interpreter, neg) {
  const Program program = test::program(load_a_and_x + "neg\nret a");
  for (const std::uint32_t a : edges) EXPECT_EQ(interpret(program, arguments(a, 1)), (two_to_32 - a) % two_to_32) << a;
}

TEST(Interpreter, division_by_zero_ends_the_program_with_0) {
  const Program program = test::program(load_a_and_x + "div x\nret #ALLOW");
  EXPECT_EQ(interpret(program, arguments(7, 0)), 0u);
  EXPECT_EQ(interpret(program, arguments(0, 0)), 0u);
  EXPECT_EQ(interpret(program, arguments(7, 1)), action::allow);
}

struct Comparison {
  const char* mnemonic;
  bool (*taken)(std::int64_t a, std::int64_t b);
};

constexpr Comparison comparisons[] = {
    {"jeq", [](std::int64_t a, std::int64_t b) { return a - b == 0; }},
    {"jgt", [](std::int64_t a, std::int64_t b) { return a - b > 0; }},
    {"jge", [](std::int64_t a, std::int64_t b) { return a - b >= 0; }},
    {"jset",
     [](std::int64_t a, std::int64_t b) {
       bool common = false;
       for (std::int64_t bit = 1; bit < std::int64_t{1} << 32; bit *= 2) common |= a / bit % 2 == 1 && b / bit % 2 == 1;
       return common;
     }},
};

TEST(Interpreter, jumps_with_a_constant) {
  for (const auto& [mnemonic, taken] : comparisons) {
    for (const std::uint32_t k : edges) {
      const std::string text =
          load_a_and_x + mnemonic + " #" + std::to_string(k) + ", yes, no\nneg\nno: ret #0\nyes: ret #1";
      const Program program = test::program(text);
      for (const std::uint32_t a : edges)
        EXPECT_EQ(interpret(program, arguments(a, 0)), taken(a, k) ? 1u : 0u) << a << "\n" << text;
    }
  }
}

TEST(Interpreter, jumps_with_x) {
  for (const auto& [mnemonic, taken] : comparisons) {
    const std::string text = load_a_and_x + mnemonic + " x, yes, no\nneg\nno: ret #0\nyes: ret #1";
    const Program program = test::program(text);
    for (const std::uint32_t a : edges) {
      for (const std::uint32_t x : edges)
        EXPECT_EQ(interpret(program, arguments(a, x)), taken(a, x) ? 1u : 0u) << a << ", " << x << "\n" << text;
    }
  }
}

TEST(Interpreter, jumps_leave_a_and_x_alone) {
  const Program program = test::program(load_a_and_x + "jeq x, on\nja on\nneg\non: sub x\nret a");
  EXPECT_EQ(interpret(program, arguments(9, 4)), 5u);
}

TEST(Interpreter, distances) {
  std::vector<Insn> far(4096, Insn{0x06, 0, 0, 1});
  far.back().k = 2;
  far.front() = {0x05, 0, 0, 4094};
  EXPECT_EQ(interpret(test::program(far), {}), 2u);
  far.front() = {0x05, 0, 0, 0};
  EXPECT_EQ(interpret(test::program(far), {}), 1u);
  far[256].k = 3;
  for (const auto& [jt, jf] : {std::pair{255, 0}, std::pair{0, 255}}) {
    // A is 0: equal to 0, not greater than 0.
    far.front() = {static_cast<std::uint16_t>(jt != 0 ? 0x15 : 0x25), static_cast<std::uint8_t>(jt),
                   static_cast<std::uint8_t>(jf), 0};
    EXPECT_EQ(interpret(test::program(far), {}), 3u);
  }
}

TEST(Interpreter, loads_every_word) {
  SeccompData data{};
  unsigned char bytes[sizeof data];
  for (std::size_t i = 0; i < sizeof bytes; ++i) bytes[i] = static_cast<unsigned char>(0x80 + i);
  std::memcpy(&data, bytes, sizeof data);
  for (std::uint32_t offset = 0; offset < sizeof data; offset += 4) {
    std::uint32_t expected;
    std::memcpy(&expected, bytes + offset, sizeof expected);
    EXPECT_EQ(interpret(test::program("ld [" + std::to_string(offset) + "]\nret a"), data), expected) << offset;
  }
}

TEST(Interpreter, fields_are_where_the_kernel_puts_them) {
  const SeccompData data{.nr = 1,
                         .arch = 2,
                         .instruction_pointer = 0x400000003,
                         .args = {0x600000005, 0x800000007, 0xa00000009, 0xc0000000b, 0xe0000000d, 0x100000000f}};
  const std::pair<const char*, std::uint32_t> fields[] = {
      {"nr", 1},          {"arch", 2},        {"ip.lo", 3},       {"ip.hi", 4},
      {"args[0].lo", 5},  {"args[0].hi", 6},  {"args[1].lo", 7},  {"args[1].hi", 8},
      {"args[2].lo", 9},  {"args[2].hi", 10}, {"args[3].lo", 11}, {"args[3].hi", 12},
      {"args[4].lo", 13}, {"args[4].hi", 14}, {"args[5].lo", 15}, {"args[5].hi", 16}};
  for (const auto& [name, value] : fields) {
    EXPECT_EQ(interpret(test::program(std::string("ld [") + name + "]\nret a"), data), value) << name;
  }
}

TEST(Interpreter, length_is_64) {
  EXPECT_EQ(interpret(test::program("ld len\nret a"), {}), 64u);
  EXPECT_EQ(interpret(test::program("ldx len\ntxa\nret a"), {}), 64u);
}

TEST(Interpreter, registers_begin_as_0) {
  EXPECT_EQ(interpret(test::program("ret a"), arguments(7, 7)), 0u);
  EXPECT_EQ(interpret(test::program("ld #5\ntxa\nret a"), arguments(7, 7)), 0u);
}

TEST(Interpreter, constants_and_transfers) {
  EXPECT_EQ(interpret(test::program("ld #0xffffffff\nret a"), {}), 0xffffffffu);
  EXPECT_EQ(interpret(test::program("ldx #0x80000000\ntxa\nret a"), {}), 0x80000000u);
  EXPECT_EQ(interpret(test::program("ld #5\ntax\nld #0\ntxa\nret a"), {}), 5u);
  EXPECT_EQ(interpret(test::program("ld #5\ntax\nret a"), {}), 5u);
}

TEST(Interpreter, scratch_slots_keep_what_they_were_given) {
  std::string text;
  for (int slot = 0; slot < 16; ++slot) {
    const std::string m = " M[" + std::to_string(slot) + "]\n";
    text += slot % 2 == 0 ? "ld #" + std::to_string(slot + 100) + "\nst" + m
                          : "ldx #" + std::to_string(slot + 100) + "\nstx" + m;
  }
  for (int slot = 0; slot < 16; ++slot) {
    const std::string m = " M[" + std::to_string(slot) + "]\n";
    EXPECT_EQ(interpret(test::program(text + "ld" + m + "ret a"), {}), static_cast<std::uint32_t>(slot + 100));
    EXPECT_EQ(interpret(test::program(text + "ldx" + m + "txa\nret a"), {}), static_cast<std::uint32_t>(slot + 100));
  }
  EXPECT_EQ(interpret(test::program("ld #1\nst M[0]\nld #2\nst M[0]\nld M[0]\nret a"), {}), 2u);
}

TEST(Interpreter, returns) {
  for (const std::uint32_t k : edges) {
    EXPECT_EQ(interpret(test::program("ret #" + std::to_string(k)), {}), k);
    EXPECT_EQ(interpret(test::program("ld [args[0].lo]\nret a"), arguments(k, 0)), k);
  }
  EXPECT_EQ(interpret(test::program("ret #1\nret #2"), {}), 1u);
}

TEST(Interpreter, ignores_the_fields_that_an_instruction_does_not_use) {
  EXPECT_EQ(interpret(test::program(".insn 0x00, 7, 7, 40\n"  // LD #40
                                    ".insn 0x07, 7, 7, 99\n"  // TAX
                                    ".insn 0x0c, 7, 7, 99\n"  // ADD X
                                    ".insn 0x1d, 1, 0, 80\n"  // JEQ X: 80 is not 40
                                    ".insn 0x05, 9, 9, 1\n"   // JA
                                    "ret #0\n"
                                    ".insn 0x16, 7, 7, 99"),  // RET A
                      {}),
            80u);
}

TEST(Interpreter, the_longest_program) {
  std::vector<Insn> program(4096, Insn{0x04, 0, 0, 3});
  program.back() = {0x16, 0, 0, 0};
  EXPECT_EQ(interpret(test::program(program), {}), 4095u * 3);
}

}  // namespace
}  // namespace callgate
