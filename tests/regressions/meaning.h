// A regression case: a filter, and what it means in plain C++. The interpreter must say the same, and every engine the
// same as the interpreter, on the inputs given and on others derived from the filter.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/agree.h"
#include "tests/support/filters.h"

namespace callgate::test {

using Meaning = std::function<std::uint32_t(const SeccompData&)>;

inline const std::vector<std::uint32_t> edge_values = {
    0,          1,          2,          3,          31,         32,         33,        0x7f,
    0x80,       0xff,       0x100,      0x7fff,     0x8000,     0xffff,     0x10000,   0x7fffffff,
    0x80000000, 0x80000001, 0xffff0000, 0xffffff7f, 0xffffff80, 0xfffffffe, 0xffffffff};

inline std::uint32_t low(std::uint64_t argument) { return static_cast<std::uint32_t>(argument); }
inline std::uint32_t high(std::uint64_t argument) { return static_cast<std::uint32_t>(argument >> 32); }

inline SeccompData call(std::uint64_t a0 = 0, std::uint64_t a1 = 0, std::uint64_t a2 = 0) {
  return {1, arch::x86_64, 0x401000, {a0, a1, a2, 0, 0, 0}};
}

// All pairs of edge values in args[0] and args[1], with rubbish in their upper halves.
inline std::vector<SeccompData> edge_pairs() {
  std::vector<SeccompData> inputs;
  for (const std::uint32_t a : edge_values) {
    for (const std::uint32_t b : edge_values) inputs.push_back(call(0xdeadbeef00000000 | a, 0xfeedface00000000 | b));
  }
  return inputs;
}

// One argument of 64 bits, whose halves take all pairs of `values`.
inline std::vector<SeccompData> wide_arguments(const std::vector<std::uint32_t>& values) {
  std::vector<SeccompData> inputs;
  for (const std::uint32_t hi : values) {
    for (const std::uint32_t lo : values) inputs.push_back(call(std::uint64_t{hi} << 32 | lo));
  }
  return inputs;
}

inline void decides(const Program& filter, const std::vector<SeccompData>& inputs, const Meaning& meaning) {
  for (const SeccompData& data : inputs) {
    ASSERT_EQ(interpret(filter, data), meaning(data)) << std::hex << "args " << data.args[0] << " " << data.args[1];
  }
  const std::vector<Program> filters = {filter};
  ASSERT_AGREE(filters, inputs);
  ASSERT_AGREE(filters, 1, 16);
}

inline void decides(std::string_view text, const std::vector<SeccompData>& inputs, const Meaning& meaning) {
  SCOPED_TRACE(std::string(text));
  decides(program(text), inputs, meaning);
}

// The error of a filter that must not be accepted.
inline VerifyErrc refused(const std::vector<Insn>& filter) {
  const auto program = verify(filter);
  if (program) throw std::runtime_error("the verifier accepts the filter");
  return program.error().code;
}

// `count` lines of `line`.
inline std::string lines(std::size_t count, std::string_view line) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text.append(line).push_back('\n');
  return text;
}

// What the filters load first: args[0] into A, args[1] into X (their lower halves).
inline const std::string load_pair = "ld [args[1].lo]\ntax\nld [args[0].lo]\n";

}  // namespace callgate::test
