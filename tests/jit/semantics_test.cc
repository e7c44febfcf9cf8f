// Every instruction alone, over values where processors and code generators change their mind, on every engine.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "callgate/callgate.hpp"
#include "tests/support/agree.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

const std::vector<std::uint32_t> edges = {
    0,          1,          2,          3,          31,         32,         33,         0x7e,       0x7f,
    0x80,       0x81,       0xff,       0x100,      0x7fff,     0x8000,     0xffff,     0x10000,    0x7fffffff,
    0x80000000, 0x80000001, 0xffff0000, 0x7fff0000, 0xffffff7f, 0xffffff80, 0xffffff81, 0xfffffffe, 0xffffffff};

// Inputs with every pair of edge values in args[0].lo and args[1].lo.
std::vector<SeccompData> pairs() {
  std::vector<SeccompData> inputs;
  for (const std::uint32_t a : edges) {
    for (const std::uint32_t b : edges) inputs.push_back({1, arch::x86_64, 0, {a, b, 0, 0, 0, 0}});
  }
  return inputs;
}

std::vector<SeccompData> singles() {
  std::vector<SeccompData> inputs;
  for (const std::uint32_t a : edges) inputs.push_back({1, arch::x86_64, 0, {a, 0, 0, 0, 0, 0}});
  return inputs;
}

void check(const std::string& text, const std::vector<SeccompData>& inputs) {
  SCOPED_TRACE(text);
  const std::vector<Program> filters = {program(text)};
  ASSERT_AGREE(filters, inputs);
}

class Arithmetic : public testing::TestWithParam<std::string> {};

TEST_P(Arithmetic, WithConstant) {
  for (const std::uint32_t k : edges) {
    const bool shift = GetParam() == "lsh" || GetParam() == "rsh";
    if ((shift && k >= 32) || (GetParam() == "div" && k == 0)) continue;
    check("ld [args[0].lo]\n" + GetParam() + " #" + std::to_string(k) + "\nret a", singles());
  }
}

TEST_P(Arithmetic, WithX) { check("ld [args[1].lo]\ntax\nld [args[0].lo]\n" + GetParam() + " x\nret a", pairs()); }

// X and the loads behind the operation must survive it: a division needs registers of its own.
TEST_P(Arithmetic, KeepsXAndTheInput) {
  const std::string loads = "ld [args[1].lo]\ntax\nld [args[0].lo]\n";
  check(loads + GetParam() + " x\nst M[0]\nld [args[1].lo]\nxor x\nldx M[0]\nadd x\nret a", pairs());
  check(loads + GetParam() + " #7\nst M[0]\nld [args[1].lo]\nxor x\nldx M[0]\nadd x\nret a", pairs());
}

// The same operation on a value that both sides of a merge brought, so that the graph has a tree of them.
TEST_P(Arithmetic, Nested) {
  const std::string op = GetParam();
  check("ld [args[1].lo]\n" + op + " #5\ntax\nld [args[0].lo]\n" + op + " x\nst M[3]\n" + op + " #3\nldx M[3]\n" + op +
            " x\nret a",
        pairs());
}

INSTANTIATE_TEST_SUITE_P(All, Arithmetic, testing::Values("add", "sub", "mul", "div", "or", "and", "xor", "lsh", "rsh"),
                         [](const auto& name) { return name.param; });

class Branch : public testing::TestWithParam<std::string> {};

TEST_P(Branch, WithConstant) {
  for (const std::uint32_t k : edges) {
    check("ld [args[0].lo]\n" + GetParam() + " #" + std::to_string(k) + ", yes, no\nyes: ret #1\nno: ret #2",
          singles());
  }
}

TEST_P(Branch, WithConstantOnAComputedValue) {
  for (const std::uint32_t k : edges) {
    check("ld [args[0].lo]\nadd #1\n" + GetParam() + " #" + std::to_string(k) + ", yes, no\nyes: ret a\nno: neg\nret a",
          singles());
  }
}

TEST_P(Branch, WithX) {
  check("ld [args[1].lo]\ntax\nld [args[0].lo]\n" + GetParam() + " x, yes, no\nyes: ret #1\nno: ret #2", pairs());
  check("ld [args[1].lo]\nadd #1\ntax\nld [args[0].lo]\nadd #1\n" + GetParam() + " x, yes, no\nyes: ret #1\nno: ret #2",
        pairs());
}

TEST_P(Branch, LeavesAAndXAlone) {
  check("ld [args[1].lo]\ntax\nld [args[0].lo]\n" + GetParam() +
            " x, yes, no\nyes: xor x\nret a\nno: st M[0]\ntxa\nldx M[0]\nsub x\nret a",
        pairs());
}

INSTANTIATE_TEST_SUITE_P(All, Branch, testing::Values("jeq", "jgt", "jge", "jset"),
                         [](const auto& name) { return name.param; });

TEST(Instruction, Neg) { check("ld [args[0].lo]\nneg\nret a", singles()); }

TEST(Instruction, Transfers) {
  check("ld [args[0].lo]\ntax\nld #0\ntxa\nret a", singles());
  check("ldx #0x80000000\ntxa\nret a", singles());
  check("ld [args[0].lo]\nst M[15]\nldx M[15]\nstx M[0]\nld M[0]\nret a", singles());
  check("ld len\nret a", singles());
  check("ldx len\ntxa\nret a", singles());
}

TEST(Instruction, StartsWithZeroes) {
  check("ret a", singles());
  check("txa\nret a", singles());
  check("add x\nret a", singles());
  check("ld [args[0].lo]\njeq #1, 3\nldx #5\ntxa\nret a", singles());
}

TEST(Instruction, LoadsEveryWord) {
  SeccompData data{0x01020304, 0x05060708, 0x1112131415161718, {}};
  for (std::uint64_t i = 0; i < 6; ++i) data.args[i] = 0xa0b0c0d000000000 * (i + 1) + 0x01010101 * i + 7;
  const std::vector<SeccompData> inputs = {data};
  for (std::uint32_t offset = 0; offset < 64; offset += 4) {
    const std::string load = "ld [" + std::to_string(offset) + "]\n";
    check(load + "ret a", inputs);
    check(load + "div #3\nret a", inputs);
    check("ld [0]\ntax\n" + load + "mul x\nret a", inputs);
  }
}

TEST(Instruction, DivisionByZeroReturnsZeroAtOnce) {
  check("ld [args[0].lo]\ntax\nld #100\ndiv x\nret #0x7fff0000", singles());
  check("div x\nret #0x7fff0000", singles());
  check("ld [args[0].lo]\ntax\njeq x, 3\nld #1\ndiv x\ndiv x\nret a", singles());
}

}  // namespace
}  // namespace callgate::test
