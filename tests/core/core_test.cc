// The freestanding core, linked beside the whole library: both decide alike.
#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <vector>

#include "callgate/callgate.h"
#include "callgate/chain_slot.hpp"
#include "callgate/core.h"
#include "oracles/generator/broken.h"
#include "oracles/generator/inputs.h"
#include "oracles/generator/program_generator.h"
#include "tests/support/chains.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

static_assert(CALLGATE_CORE_NULL_POINTER == CALLGATE_NULL_POINTER && CALLGATE_CORE_BAD_VALUE == CALLGATE_BAD_VALUE);
static_assert(CALLGATE_CORE_NO_ROOM == CALLGATE_NO_ROOM);

const callgate_insn* insns_of(std::span<const Insn> program) {
  return reinterpret_cast<const callgate_insn*>(program.data());
}
const callgate_data* call_of(const SeccompData& call) { return reinterpret_cast<const callgate_data*>(&call); }

void expect_same_verdict(std::span<const Insn> program) {
  std::uint32_t at = 0xabcd;
  const int code = callgate_core_verify(insns_of(program), program.size(), &at);
  const auto verified = verify(program);
  if (verified) {
    EXPECT_EQ(code, 0);
    EXPECT_EQ(at, 0xabcdu);
    return;
  }
  EXPECT_EQ(code, CALLGATE_EMPTY + static_cast<int>(verified.error().code));
  EXPECT_EQ(at, verified.error().pc);
}

TEST(Core, AcceptsWhatVerifyAccepts) {
  oracles::ProgramGenerator generator(1501);
  oracles::Random random(1501);
  for (int round = 0; round < 3000; ++round) {
    const std::vector<Insn> valid = generator.valid(60);
    expect_same_verdict(valid);
    expect_same_verdict(oracles::break_a_rule(random, valid).program);
  }
  expect_same_verdict({});
  expect_same_verdict(std::vector<Insn>(4096, Insn{0x06, 0, 0, 1}));
  expect_same_verdict(std::vector<Insn>(4097, Insn{0x06, 0, 0, 1}));
  EXPECT_EQ(callgate_core_verify(nullptr, 0, nullptr), CALLGATE_EMPTY);
  EXPECT_EQ(callgate_core_verify(nullptr, 1, nullptr), CALLGATE_NULL_POINTER);
}

TEST(Core, RunsAsTheInterpreterDoes) {
  oracles::ProgramGenerator generator(1502);
  for (std::uint64_t round = 0; round < 500; ++round) {
    const Program filter = program(std::span<const Insn>(generator.valid(100)));
    for (const SeccompData& call : oracles::inputs_for(filter.instructions(), round, 16)) {
      ASSERT_EQ(callgate_core_run(insns_of(filter.instructions()), call_of(call)), interpret(filter, call));
    }
  }
}

struct Attached {
  std::vector<std::uint8_t> memory;
  const callgate_image* image;
  int code;
};
Attached attach(std::span<const Insn> filter, const callgate_image* below, std::uint32_t rule,
                std::size_t missing = 0) {
  Attached attached{std::vector<std::uint8_t>(callgate_core_attach_size(filter.size()) - missing), nullptr, 0};
  attached.code = callgate_core_attach(attached.memory.data(), attached.memory.size(), below, rule, insns_of(filter),
                                       filter.size(), &attached.image);
  return attached;
}

TEST(Core, SaysWhatIsWrong) {
  const std::vector<Insn> allow = {{0x06, 0, 0, action::allow}};
  const std::vector<Insn> broken = {{0x06, 0, 0, action::allow}, {0x00, 0, 0, 0}};
  EXPECT_EQ(attach(allow, nullptr, 0).code, 0);
  EXPECT_EQ(attach(allow, nullptr, 2).code, CALLGATE_BAD_VALUE);
  EXPECT_EQ(attach(broken, nullptr, 0).code, CALLGATE_NO_RETURN_AT_END);
  EXPECT_EQ(attach({}, nullptr, 0).code, CALLGATE_EMPTY);
  EXPECT_EQ(attach(allow, nullptr, 0, 16).code, CALLGATE_NO_ROOM);
  EXPECT_EQ(attach(allow, nullptr, 0, 16).image, nullptr);
  const Attached first = attach(allow, nullptr, 0);
  EXPECT_EQ(attach(allow, first.image, 1).code, CALLGATE_BAD_VALUE) << "another rule than that of the chain";
  const callgate_image* image = first.image;
  EXPECT_EQ(callgate_core_attach(nullptr, 9999, nullptr, 0, insns_of(allow), 1, &image), CALLGATE_NULL_POINTER);
  EXPECT_EQ(image, nullptr);
  std::vector<std::uint8_t> memory(9999);
  EXPECT_EQ(callgate_core_attach(memory.data(), 9999, nullptr, 0, insns_of(allow), 1, nullptr), CALLGATE_NULL_POINTER);
  EXPECT_EQ(callgate_core_attach(memory.data(), 9999, nullptr, 0, nullptr, 1, &image), CALLGATE_NULL_POINTER);
  EXPECT_EQ(callgate_core_adopt(nullptr, 9999, &image), CALLGATE_NULL_POINTER);
  EXPECT_EQ(callgate_core_adopt(memory.data(), 9999, nullptr), CALLGATE_NULL_POINTER);
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{100}, std::size_t{9999}}) {
    EXPECT_EQ(callgate_core_adopt(memory.data(), bytes, &image), CALLGATE_BAD_VALUE);
  }
}

TEST(Core, NeedsNoAlignedMemoryAndWritesNoByteMore) {
  const std::vector<Insn> filter(7, Insn{0x06, 0, 0, action::trap});
  const std::size_t needed = callgate_core_attach_size(filter.size());
  for (std::size_t skip = 0; skip < 16; ++skip) {
    std::vector<std::uint8_t> memory(needed + 32, 0xee);
    const callgate_image* image = nullptr;
    ASSERT_EQ(callgate_core_attach(memory.data() + skip, needed, nullptr, 0, insns_of(filter), 7, &image), 0);
    const SeccompData call{1, arch::x86_64, 0, {}};
    EXPECT_EQ(callgate_decide(image, &call), action::trap);
    for (std::size_t i = 0; i < memory.size(); ++i) {
      const bool is_outside = i < skip || i >= skip + needed;
      ASSERT_TRUE(!is_outside || memory[i] == 0xee) << skip << " " << i;
    }
  }
}

// Filters that are too long for a table, beside those that have one.
TEST(Core, DecidesWithoutATableToo) {
  std::vector<Insn> filter(1200, Insn{0x20, 0, 0, 0});
  filter.push_back({0x15, 0, 1, 5});
  filter.push_back({0x06, 0, 0, action::errno_ | 5});
  filter.push_back({0x06, 0, 0, action::allow});
  const Attached first = attach(filter, nullptr, 1);
  const Attached second = attach(std::vector<Insn>{{0x06, 0, 0, action::log}}, first.image, 1);
  ASSERT_EQ(second.code, 0);
  for (std::uint32_t nr = 4; nr < 7; ++nr) {
    const SeccompData call{nr, arch::x86_64, 0, {}};
    EXPECT_EQ(callgate_decide(first.image, &call), nr == 5 ? action::errno_ | 5 : action::allow);
    EXPECT_EQ(callgate_decide(second.image, &call), nr == 5 ? action::errno_ | 5 : action::log);
  }
}

// A copy of the chain's image, elsewhere; empty if it cannot be copied.
std::vector<std::uint8_t> copy_of(const ChainSlot& slot) {
  const callgate_chain* const chain = callgate_slot_current(slot.handle());
  std::size_t needed = 0;
  if (callgate_chain_copy(chain, nullptr, 0, &needed) != CALLGATE_NO_ROOM) return {};
  std::vector<std::uint8_t> copy(needed);
  EXPECT_EQ(callgate_chain_copy(chain, copy.data(), needed - 1, &needed), CALLGATE_NO_ROOM);
  EXPECT_EQ(callgate_chain_copy(chain, copy.data(), copy.size(), &needed), CALLGATE_OK);
  return copy;
}

TEST(Core, AdoptsImagesWithTableRecordsAndGraph) {
  oracles::ProgramGenerator generator(1503);
  for (std::uint64_t round = 0; round < 60; ++round) {
    std::vector<Program> filters;
    for (std::uint64_t n = 0; n <= round % 3; ++n)
      filters.push_back(program(std::span<const Insn>(generator.valid(80))));
    const MergeRule rule = round % 2 == 0 ? MergeRule::first_non_allow : MergeRule::most_restrictive;
    for (const Engine engine : {Engine::automatic, Engine::interpreter}) {
      auto slot =
          std::make_unique<ChainSlot>(chain_of(filters, {.engine = engine, .rule = rule, .no_exec_memory = true}));
      std::vector<std::uint8_t> copy = copy_of(*slot);
      slot.reset();
      ASSERT_FALSE(copy.empty());
      const callgate_image* image = nullptr;
      ASSERT_EQ(callgate_core_adopt(copy.data(), copy.size(), &image), 0);
      for (const SeccompData& call : oracles::inputs_for(filters[0].instructions(), round, 64)) {
        ASSERT_EQ(callgate_decide(image, &call), reference(filters, rule, call).result);
      }
      // A filter on top of it, in the core.
      const std::vector<Insn> top = generator.valid(40);
      const Attached attached = attach(top, image, static_cast<std::uint32_t>(rule));
      ASSERT_EQ(attached.code, 0);
      std::vector<Program> all = filters;
      all.push_back(program(std::span<const Insn>(top)));
      for (const SeccompData& call : oracles::inputs_for(top, round, 64)) {
        ASSERT_EQ(callgate_decide(attached.image, &call), reference(all, rule, call).result);
      }
    }
  }
}

TEST(Core, AdoptsImagesOfOtherLayouts) {
  const std::vector<Program> filters = {program(std::vector<Insn>{{0x20, 0, 0, 16},
                                                                  {0x15, 0, 1, 7},
                                                                  {0x06, 0, 0, action::trap},
                                                                  {0x20, 0, 0, 4},
                                                                  {0x15, 1, 0, arch::x86_64},
                                                                  {0x06, 0, 0, action::kill_process},
                                                                  {0x06, 0, 0, action::allow}})};
  for (const InputLayout& layout :
       {InputLayout::pushed_registers(), InputLayout::pushed_registers().with_single_fetch()}) {
    const ChainSlot slot(chain_of(filters, {.no_exec_memory = true, .layout = layout}));
    std::vector<std::uint8_t> copy = copy_of(slot);
    const callgate_image* image = nullptr;
    ASSERT_EQ(callgate_core_adopt(copy.data(), copy.size(), &image), 0);
    const Attached top = attach(
        std::vector<Insn>{{0x20, 0, 0, 0}, {0x15, 0, 1, 3}, {0x06, 0, 0, action::log}, {0x06, 0, 0, action::allow}},
        image, 0);
    ASSERT_EQ(top.code, 0);
    for (std::uint64_t nr = 2; nr < 5; ++nr) {
      for (std::uint64_t rdi = 6; rdi < 9; ++rdi) {
        const PushedRegisters frame{nr, rdi, 0, 0, 0, 0, 0, 0};
        const SeccompData call{static_cast<std::uint32_t>(nr), arch::x86_64, 0, {rdi, 0, 0, 0, 0, 0}};
        const std::uint32_t below = rdi == 7 ? action::trap : action::allow;
        EXPECT_EQ(callgate_decide_frame(image, &frame), below);
        EXPECT_EQ(callgate_decide(image, &call), below);
        EXPECT_EQ(callgate_decide_frame(top.image, &frame), nr == 3 ? action::log : below);
        EXPECT_EQ(callgate_decide(top.image, &call), nr == 3 ? action::log : below);
      }
    }
  }
}

TEST(Core, CopiesNoMachineCode) {
  const std::vector<Program> filters = {
      program(std::vector<Insn>{{0x20, 0, 0, 16}, {0x20, 0, 0, 24}, {0x16, 0, 0, 0}})};
  std::size_t needed = 7;
  if (best(Target::native) != Engine::interpreter) {
    const ChainSlot slot(chain_of(filters, {}));
    EXPECT_EQ(callgate_chain_copy(callgate_slot_current(slot.handle()), nullptr, 0, &needed), CALLGATE_NOT_PORTABLE);
    EXPECT_EQ(needed, 0u);
  }
  EXPECT_EQ(callgate_chain_copy(nullptr, nullptr, 0, &needed), CALLGATE_NULL_POINTER);
  const ChainSlot slot(chain_of(filters, {.no_exec_memory = true}));
  EXPECT_EQ(callgate_chain_copy(callgate_slot_current(slot.handle()), nullptr, 1, &needed), CALLGATE_NULL_POINTER);
  EXPECT_EQ(callgate_chain_copy(callgate_slot_current(slot.handle()), nullptr, 0, nullptr), CALLGATE_NULL_POINTER);
}

}  // namespace
}  // namespace callgate::test
