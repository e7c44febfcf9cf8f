// Every engine answers as the interpreter does.
#include <gtest/gtest.h>

#include "callgate/callgate.hpp"
#include "oracles/generator/program_generator.h"
#include "tests/support/agree.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

TEST(Engines, AgreeOnRandomPrograms) {
  oracles::ProgramGenerator generator(1);
  for (int i = 0; i < 1500; ++i) {
    const std::vector<Program> filters = {program(generator.valid(64))};
    ASSERT_AGREE(filters, generator.next(), 16) << "program " << i;
  }
}

TEST(Engines, AgreeOnRandomChains) {
  oracles::ProgramGenerator generator(2);
  for (int i = 0; i < 500; ++i) {
    std::vector<Program> filters;
    for (std::uint64_t n = 2 + generator.next() % 4; n > 0; --n) filters.push_back(program(generator.valid(40)));
    ASSERT_AGREE(filters, generator.next(), 8) << "chain " << i;
  }
}

TEST(Engines, AgreeOnLongPrograms) {
  oracles::ProgramGenerator generator(3);
  for (int i = 0; i < 30; ++i) {
    const std::vector<Program> filters = {program(generator.valid(max_program_length))};
    ASSERT_AGREE(filters, generator.next(), 32) << "program " << i;
  }
}

TEST(Engines, AgreeOnTheEmptyChain) {
  const SeccompData data{};
  ASSERT_AGREE({}, std::span(&data, 1));
}

}  // namespace
}  // namespace callgate::test
