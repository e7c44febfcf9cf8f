// Emitted code, run by an x86 that is not this processor: the interpreter's results, and no access to memory but to the
// input, the code and a small stack. CALLGATE_UNICORN_PROGRAMS and CALLGATE_SEED say how much, and from where.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "bpf/disassembler.h"
#include "callgate/action.hpp"
#include "callgate/program.hpp"
#include "oracles/exhaustive/compiled_chain.h"
#include "oracles/generator/inputs.h"
#include "oracles/generator/program_generator.h"
#include "oracles/reference/reference.h"
#if CALLGATE_TEST_UNICORN
#include "tests/unicorn/emulator.h"
#endif

namespace callgate::test {
namespace {

struct Kind {
  Engine engine;
  Target target;
};

std::string shown(const testing::TestParamInfo<Kind>& info) {
  return std::string(name(info.param.engine)) + "_" + name(info.param.target);
}

// The code that this build makes: Xbyak only that of the process.
std::vector<Kind> kinds() {
  std::vector<Kind> kinds;
  for (const Target target : {Target::x86_64, Target::x86_32}) {
    for (const Engine engine : oracles::engines_for(target)) kinds.push_back({engine, target});
  }
  return kinds;
}

class Unicorn : public testing::TestWithParam<Kind> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Unicorn);  // a build without assemblers

#if CALLGATE_TEST_UNICORN

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 0);
}

struct Case {
  std::vector<Program> filters;
  std::vector<SeccompData> inputs;
};

void compare(Emulator& emulator, const Case& c, const Kind& kind, MergeRule rule, Optimize level, std::uint64_t& runs) {
  const auto image = oracles::compile_chain(c.filters, rule, level, {&kind.engine, 1}, kind.target).at(0);
  emulator.load(image.code.bytes);
  for (const SeccompData& data : c.inputs) {
    const detail::Place place = image.look_up(data);
    const Emulation emulation = place.in_code ? emulator.run(place.value, data) : Emulation{place.value, ""};
    runs += place.in_code;
    const std::uint32_t expected = oracles::reference(c.filters, rule, data);
    if (emulation.fault.empty() && emulation.result == expected) continue;
    std::string text;
    for (const Program& filter : c.filters) text += "filter:\n" + bpf::disassemble(filter.instructions());
    FAIL() << name(rule) << ", optimize " << name(level) << ": the code "
           << (emulation.fault.empty() ? "gives" : emulation.fault + " and gives") << std::hex << " 0x"
           << emulation.result << ", the interpreter 0x" << expected << "\nnr 0x" << data.nr << " arch 0x" << data.arch
           << " args 0x" << data.args[0] << " 0x" << data.args[1] << "\n"
           << text;
  }
}

Case next_case(oracles::ProgramGenerator& generator, std::uint64_t i) {
  Case c;
  const auto filters = static_cast<std::size_t>(i % 4 == 0 ? 1 + i / 4 % 3 : 1);
  for (std::size_t f = 0; f < filters; ++f) {
    c.filters.push_back(*verify(generator.valid(i % 50 == 0 ? 2000 : 100)));
    for (const SeccompData& data : oracles::inputs_for(c.filters.back().instructions(), generator.next(), 6)) {
      c.inputs.push_back(data);
    }
  }
  return c;
}

TEST_P(Unicorn, RandomPrograms) {
  const std::uint64_t seed = number_from("CALLGATE_SEED", 1);
  const std::uint64_t count = number_from("CALLGATE_UNICORN_PROGRAMS", 300);
  Emulator emulator(GetParam().target);
  oracles::ProgramGenerator generator(seed);
  std::uint64_t runs = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const Case c = next_case(generator, i);
    const MergeRule rule = i % 8 < 4 ? MergeRule::first_non_allow : MergeRule::most_restrictive;
    for (const Optimize level : {Optimize::none, Optimize::full}) {
      ASSERT_NO_FATAL_FAILURE(compare(emulator, c, GetParam(), rule, level, runs))
          << "CALLGATE_SEED=" << seed << ", case " << i;
    }
  }
  std::printf("CALLGATE_SEED=%llu: %llu cases, %llu runs\n", static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(count), static_cast<unsigned long long>(runs));
  EXPECT_GT(runs, count) << "the table decides nearly all calls";
}

// What the emulator must find: code that does one thing wrong, in bytes.
struct Wrong {
  const char* name;
  const char* fault;
  std::vector<std::uint8_t> x86_64;
  std::vector<std::uint8_t> x86_32;
};

const Wrong wrongs[] = {
    {"ReadsBehindTheInput",
     "reads 0x20001000",
     {0x8b, 0x47, 0x40, 0xc3},
     {0x8b, 0x54, 0x24, 0x04, 0x8b, 0x42, 0x40, 0xc3}},
    {"ReadsBeforeTheInput",
     "reads 0x20000fbc",
     {0x8b, 0x47, 0xfc, 0xc3},
     {0x8b, 0x54, 0x24, 0x04, 0x8b, 0x42, 0xfc, 0xc3}},
    {"WritesTheInput", "writes 0x20000fc0", {0x89, 0x07, 0xc3}, {0x8b, 0x54, 0x24, 0x04, 0x89, 0x02, 0xc3}},
    {"WritesTheReturnAddress", "writes 0x30000800", {0x89, 0x04, 0x24, 0xc3}, {0x89, 0x04, 0x24, 0xc3}},
    {"WritesFarBelowTheStack",
     "writes 0x300006fc",
     {0x89, 0x84, 0x24, 0xfc, 0xfe, 0xff, 0xff, 0xc3},
     {0x89, 0x84, 0x24, 0xfc, 0xfe, 0xff, 0xff, 0xc3}},
    {"ChangesEbx", "register of the caller", {0x31, 0xdb, 0xc3}, {0x31, 0xdb, 0xc3}},
    {"ReturnsWithAnotherStackPointer", "stack pointer", {0xc2, 0x08, 0x00}, {0xc2, 0x08, 0x00}},
    {"LeavesTheDirectionFlag", "direction flag", {0xfd, 0xc3}, {0xfd, 0xc3}},
    {"RunsOffItsEnd", "runs 0x1000", {0xeb, 0x08}, {0xeb, 0x08}},
};

TEST(UnicornItself, FindsWhatIsWrong) {
  for (const Target target : {Target::x86_64, Target::x86_32}) {
    Emulator emulator(target);
    for (const Wrong& wrong : wrongs) {
      emulator.load(target == Target::x86_64 ? wrong.x86_64 : wrong.x86_32);
      const Emulation emulation = emulator.run(0, {});
      EXPECT_NE(emulation.fault.find(wrong.fault), std::string::npos)
          << wrong.name << ", " << name(target) << ": \"" << emulation.fault << "\"";
    }
    emulator.load(std::vector<std::uint8_t>{0xb8, 0x78, 0x56, 0x34, 0x12, 0xc3});
    const Emulation right = emulator.run(0, {});
    EXPECT_EQ(right.fault, "");
    EXPECT_EQ(right.result, 0x12345678u);
  }
}

#else

TEST_P(Unicorn, RandomPrograms) { GTEST_SKIP() << "libunicorn-dev was not there when this was configured"; }

#endif

INSTANTIATE_TEST_SUITE_P(Kinds, Unicorn, testing::ValuesIn(kinds()), shown);

}  // namespace
}  // namespace callgate::test
