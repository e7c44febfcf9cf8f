// Filters in the caller's memory: attach_in(), promote(), and seccomp(2) emulated inside a handler.
#include <gtest/gtest.h>
#include <linux/filter.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "callgate/chain_slot.hpp"
#include "oracles/generator/inputs.h"
#include "oracles/generator/program_generator.h"
#include "tests/capi/capi.h"
#include "tests/support/allocations.h"
#include "tests/support/chains.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

using Memory = std::vector<std::byte>;

Memory memory_for(std::span<const Insn> filter) { return Memory(Chain::attach_in_size(filter.size())); }

std::vector<Insn> deny(std::uint32_t nr, std::uint32_t result) {
  return {{0x20, 0, 0, 0}, {0x15, 0, 1, nr}, {0x06, 0, 0, result}, {0x06, 0, 0, action::allow}};
}

SeccompData call_of(std::uint32_t nr) { return {nr, arch::x86_64, 0, {}}; }

// Layers on every kind of chain, of both rules, against the reference; and the same when promoted, attached to and
// saved.
TEST(AttachIn, DecidesAsAttachDoes) {
  oracles::ProgramGenerator generator(1521);
  for (std::uint64_t round = 0; round < 12; ++round) {
    const MergeRule rule = round % 2 == 0 ? MergeRule::first_non_allow : MergeRule::most_restrictive;
    std::vector<std::vector<Insn>> insns;
    generator.write_chain(4, 60, false, insns);
    std::vector<Program> filters;
    for (const auto& filter : insns) filters.push_back(program(std::span<const Insn>(filter)));
    std::vector<SeccompData> calls = oracles::inputs_for(insns.back(), round, 40);
    for (const SeccompData& call : oracles::inputs_for(insns.front(), round, 40)) calls.push_back(call);
    for (const Options& options : all_options(rule)) {
      SCOPED_TRACE(describe(options) + " round " + std::to_string(round));
      std::vector<Memory> memory;
      Chain chain = chain_of({filters[0]}, options);
      for (std::size_t i = 1; i < filters.size(); ++i) {
        memory.push_back(memory_for(insns[i]));
        chain = sound(chain.attach_in(memory.back(), insns[i]));
      }
      const Chain whole = chain_of(filters, options);
      const Chain promoted = sound(chain.promote());
      const Chain more = sound(chain.attach(filters[0]));
      EXPECT_EQ(chain.length(), whole.length());
      EXPECT_EQ(chain.path_length(), whole.path_length());
      EXPECT_EQ(promoted.length(), whole.length());
      EXPECT_EQ(promoted.path_length(), whole.path_length());
      EXPECT_EQ(promoted.sizes().bytecode, whole.sizes().bytecode);
      EXPECT_EQ(promoted.engine(), whole.engine());
      EXPECT_TRUE(filters.size() == 1 || chain.engine() == Engine::interpreter);
      std::vector<Program> with_more = filters;
      with_more.push_back(filters[0]);
      for (const SeccompData& call : calls) {
        const Match expected = reference(filters, rule, call);
        ASSERT_EQ(chain.evaluate(call), expected.result);
        ASSERT_EQ(chain.evaluate_frame(&call), expected.result);
        ASSERT_EQ(chain.match(call).result, expected.result);
        ASSERT_EQ(chain.match(call).filter, expected.filter);
        ASSERT_EQ(promoted.evaluate(call), expected.result);
        ASSERT_EQ(more.evaluate(call), reference(with_more, rule, call).result);
      }
    }
  }
}

TEST(AttachIn, TakesFramesOfEveryLayout) {
  for (const InputLayout& layout :
       {InputLayout::pushed_registers(), InputLayout::pushed_registers().with_single_fetch()}) {
    const auto below = deny(3, action::trap);
    const std::vector<Insn> by_argument = {
        {0x20, 0, 0, 16}, {0x15, 0, 1, 7}, {0x06, 0, 0, action::errno_ | 7}, {0x06, 0, 0, action::allow}};
    Memory memory = memory_for(by_argument);
    const Chain base = chain_of({program(std::span<const Insn>(below))}, {.layout = layout});
    const Chain chain = sound(base.attach_in(memory, by_argument));
    for (std::uint64_t nr = 2; nr < 5; ++nr) {
      for (std::uint64_t rdi = 6; rdi < 9; ++rdi) {
        const PushedRegisters frame{nr, rdi, 0, 0, 0, 0, 0, 0};
        SeccompData call = call_of(static_cast<std::uint32_t>(nr));
        call.args[0] = rdi;
        const std::uint32_t expected = rdi == 7 ? action::errno_ | 7 : nr == 3 ? action::trap : action::allow;
        EXPECT_EQ(chain.evaluate_frame(&frame), expected);
        EXPECT_EQ(chain.evaluate(call), expected);
        EXPECT_EQ(chain.match_frame(&frame).result, expected);
      }
    }
  }
}

TEST(AttachIn, SaysWhatIsWrong) {
  const auto filter = deny(1, action::trap);
  const Chain chain = sound(Chain::create({.path_limit = 20}));
  Memory memory = memory_for(filter);
  const auto code = [&](std::size_t bytes, std::span<const Insn> insns) {
    const auto attached = chain.attach_in(std::span(memory).first(bytes), insns);
    return attached ? AttachErrc::out_of_memory : attached.error().code;
  };
  for (std::size_t bytes = 0; bytes + 16 < memory.size(); bytes += 97)
    EXPECT_EQ(code(bytes, filter), AttachErrc::no_room);
  EXPECT_EQ(code(memory.size(), {}), AttachErrc::invalid);
  EXPECT_EQ(code(memory.size(), std::span(filter).first(2)), AttachErrc::invalid);
  const std::vector<Insn> too_long(21, Insn{0x06, 0, 0, 0});
  EXPECT_EQ(code(memory.size(), too_long), AttachErrc::path_too_long);
  Chain gone = chain;
  const Chain taken = std::move(gone);
  const auto of_nothing = gone.attach_in(memory, filter);  // NOLINT(bugprone-use-after-move)
  ASSERT_FALSE(of_nothing);
  EXPECT_EQ(of_nothing.error().code, AttachErrc::moved_from);

  callgate_error error = no_error();
  const CChain c = c_chain({}, {});
  const callgate_filter good = filter_of(filter);
  const callgate_chain* out = nullptr;
  EXPECT_EQ(callgate_chain_attach_in(c.get(), &good, memory.data(), 64, &out, &error), CALLGATE_NO_ROOM);
  EXPECT_EQ(text_of(error), "the memory is too small for the filter");
  EXPECT_EQ(out, nullptr);
  EXPECT_EQ(callgate_chain_attach_in(nullptr, &good, memory.data(), 64, &out, &error), CALLGATE_NULL_POINTER);
  EXPECT_STREQ(error.where, "chain");
  EXPECT_EQ(callgate_chain_attach_in(c.get(), nullptr, memory.data(), 64, &out, &error), CALLGATE_NULL_POINTER);
  EXPECT_STREQ(error.where, "filter");
  EXPECT_EQ(callgate_chain_attach_in(c.get(), &good, nullptr, 64, &out, &error), CALLGATE_NULL_POINTER);
  EXPECT_STREQ(error.where, "memory");
  EXPECT_EQ(callgate_chain_attach_in(c.get(), &good, memory.data(), 64, nullptr, &error), CALLGATE_NULL_POINTER);
  EXPECT_EQ(callgate_slot_attach_in(nullptr, &good, memory.data(), 64, &error), CALLGATE_NULL_POINTER);
  EXPECT_EQ(callgate_slot_promote(nullptr, &error), CALLGATE_NULL_POINTER);
  EXPECT_EQ(callgate_chain_promote(nullptr, &out, &error), CALLGATE_NULL_POINTER);
  const callgate_filter broken = filter_of(std::span(filter).first(2));
  EXPECT_EQ(callgate_chain_attach_in(c.get(), &broken, memory.data(), memory.size(), &out, &error),
            CALLGATE_JUMP_OUT_OF_PROGRAM);
  EXPECT_EQ(error.instruction, 1u);
}

TEST(AttachIn, WritesNoByteOutside) {
  const auto filter = deny(1, action::trap);
  const std::size_t needed = Chain::attach_in_size(filter.size());
  const Chain base = sound(Chain::create());
  for (std::size_t skip = 0; skip < 16; ++skip) {
    Memory memory(needed + 32, std::byte{0xee});
    { const Chain chain = sound(base.attach_in(std::span(memory).subspan(skip, needed), filter)); }
    for (std::size_t i = 0; i < memory.size(); ++i) {
      ASSERT_TRUE((i >= skip && i < skip + needed) || memory[i] == std::byte{0xee}) << skip << " " << i;
    }
  }
}

// The chain below stays as long as the layer, and goes with it; promoted chains need neither.
TEST(AttachIn, KeepsWhatIsBelowAndLeaksNothing) {
  const auto filter = deny(1, action::trap);
  Memory memory = memory_for(filter);
  const std::ptrdiff_t before = live_allocations();
  {
    auto base = std::make_unique<Chain>(chain_of({program(std::span<const Insn>(deny(2, action::log)))}));
    auto layer = std::make_unique<Chain>(sound(base->attach_in(memory, filter)));
    base.reset();
    EXPECT_EQ(layer->evaluate(call_of(2)), action::log);
    const Chain promoted = sound(layer->promote());
    const Chain again = sound(layer->promote());
    layer.reset();
    std::fill(memory.begin(), memory.end(), std::byte{0xee});
    for (const Chain& chain : {promoted, again}) {
      EXPECT_EQ(chain.evaluate(call_of(1)), action::trap);
      EXPECT_EQ(chain.evaluate(call_of(2)), action::log);
      EXPECT_EQ(chain.match(call_of(1)).filter, 1u);
    }
  }
  EXPECT_EQ(live_allocations(), before);
}

// What TSYNC asks: a chain in memory is one with what it was promoted to.
TEST(AttachIn, PromotedChainsComeFromThoseInMemory) {
  const auto filter = deny(1, action::trap);
  Memory memory[3] = {memory_for(filter), memory_for(filter), memory_for(filter)};
  const callgate_filter c_filter = filter_of(filter);
  const CChain root = c_chain({}, {});
  const callgate_chain* out = nullptr;
  const auto on = [&](const callgate_chain* below, Memory& to) {
    EXPECT_EQ(callgate_chain_attach_in(below, &c_filter, to.data(), to.size(), &out, nullptr), CALLGATE_OK);
    return CChain(out);
  };
  const CChain first = on(root.get(), memory[0]);
  const CChain second = on(first.get(), memory[1]);
  const CChain other = on(root.get(), memory[2]);
  const auto expect_order = [&](const callgate_chain* newest) {
    EXPECT_EQ(callgate_chain_is_ancestor(root.get(), newest), 1);
    EXPECT_EQ(callgate_chain_is_ancestor(first.get(), newest), 1);
    EXPECT_EQ(callgate_chain_is_ancestor(second.get(), newest), 1);
    EXPECT_EQ(callgate_chain_is_ancestor(other.get(), newest), 0);
  };
  expect_order(second.get());
  ASSERT_EQ(callgate_chain_promote(second.get(), &out, nullptr), CALLGATE_OK);
  const CChain promoted(out);
  expect_order(promoted.get());
  expect_order(second.get());
  EXPECT_EQ(callgate_chain_is_ancestor(promoted.get(), second.get()), 1) << "the same filters";
  ASSERT_EQ(callgate_chain_promote(first.get(), &out, nullptr), CALLGATE_OK);
  const CChain half(out);
  EXPECT_EQ(callgate_chain_is_ancestor(half.get(), promoted.get()), 1);
  EXPECT_EQ(callgate_chain_is_ancestor(promoted.get(), half.get()), 0);

  callgate_info info{};
  info.size = sizeof info;
  EXPECT_EQ(callgate_chain_info(second.get(), &info), CALLGATE_OK);
  EXPECT_EQ(info.length, 2u);
  EXPECT_EQ(info.fallback, CALLGATE_CALLER_MEMORY);
  EXPECT_EQ(info.degraded, 1u);
}

// ---- inside a handler
// -------------------------------------------------------------------------------------------------

struct InHandler {
  callgate_slot* slot = nullptr;
  callgate_seccomp_args args{};
  int answer = -1;
  std::uint32_t result = 0;
};
InHandler* in_handler = nullptr;

void on_signal(int) {
  in_handler->answer = callgate_seccomp(in_handler->slot, CALLGATE_SET_MODE_FILTER, 0, &in_handler->args);
  const SeccompData call = call_of(1);
  in_handler->result = callgate_slot_evaluate(in_handler->slot, data_of(call));
}

int read_here(void*, void* to, std::uint64_t address, std::size_t bytes) {
  std::memcpy(to, reinterpret_cast<const void*>(static_cast<std::uintptr_t>(address)), bytes);
  return 0;
}

// The interrupted code could be anywhere, in malloc too: so no allocation, and those that come fail.
TEST(AttachIn, EmulatesSeccompInsideAHandler) {
  const CChain root = c_chain({}, {.rule = MergeRule::most_restrictive});
  InHandler state;
  ASSERT_EQ(callgate_slot_create(root.get(), &state.slot), CALLGATE_OK);
  auto filter = deny(1, action::errno_ | 13);
  sock_fprog program{static_cast<unsigned short>(filter.size()), reinterpret_cast<sock_filter*>(filter.data())};
  Memory memory(2 * Chain::attach_in_size(filter.size()));
  state.args.size = sizeof state.args;
  state.args.no_new_privs = 1;
  state.args.address = reinterpret_cast<std::uintptr_t>(&program);
  state.args.read = read_here;
  in_handler = &state;

  struct sigaction handler {};
  struct sigaction before {};
  handler.sa_handler = on_signal;
  ASSERT_EQ(sigaction(SIGUSR2, &handler, &before), 0);
  const auto interrupt = [&](std::span<std::byte> part) {
    state.args.memory = part.data();
    state.args.memory_bytes = part.size();
    const std::size_t made = allocations();
    {
      const FailAfter fail(0);
      EXPECT_EQ(raise(SIGUSR2), 0);
      EXPECT_FALSE(fail.has_failed());
    }
    EXPECT_EQ(allocations(), made);
  };
  const std::size_t needed = Chain::attach_in_size(filter.size());
  interrupt(std::span(memory).first(needed - 16));
  EXPECT_EQ(state.answer, -ENOMEM);
  EXPECT_EQ(state.result, action::allow) << "nothing is changed";
  interrupt(std::span(memory).first(3));
  EXPECT_EQ(state.answer, -ENOMEM);
  interrupt(std::span(memory).first(needed));
  EXPECT_EQ(state.answer, 0);
  EXPECT_EQ(state.result, action::errno_ | 13);
  filter[2].k = action::trap;
  interrupt(std::span(memory).subspan(needed));
  EXPECT_EQ(state.answer, 0);
  EXPECT_EQ(state.result, action::trap);
  filter[0].k = 3;
  Memory more(needed);
  interrupt(more);
  EXPECT_EQ(state.answer, -EINVAL);
  EXPECT_EQ(state.result, action::trap);
  EXPECT_EQ(sigaction(SIGUSR2, &before, nullptr), 0);
  EXPECT_EQ(callgate_prctl_get_seccomp(state.slot), 2);

  // A safe point: the slot reclaims, and the memory is free.
  EXPECT_EQ(callgate_slot_retired(state.slot), 2u);
  ASSERT_EQ(callgate_slot_promote(state.slot, nullptr), CALLGATE_OK);
  ASSERT_EQ(callgate_slot_promote(state.slot, nullptr), CALLGATE_OK) << "nothing is left to do";
  EXPECT_EQ(callgate_slot_reclaim(state.slot), 3u);
  std::fill(memory.begin(), memory.end(), std::byte{0xee});
  const SeccompData call = call_of(1);
  EXPECT_EQ(callgate_slot_evaluate(state.slot, data_of(call)), action::trap);
  callgate_slot_destroy(state.slot);
  in_handler = nullptr;
}

TEST(AttachIn, StrictModeInMemoryToo) {
  const CChain root = c_chain({}, {.rule = MergeRule::most_restrictive});
  callgate_slot* slot = nullptr;
  ASSERT_EQ(callgate_slot_create(root.get(), &slot), CALLGATE_OK);
  Memory memory(16384);
  callgate_seccomp_args args{};
  args.size = sizeof args;
  args.memory = memory.data();
  args.memory_bytes = 100;
  EXPECT_EQ(callgate_seccomp(slot, CALLGATE_SET_MODE_STRICT, 0, &args), -ENOMEM);
  args.memory_bytes = memory.size();
  EXPECT_EQ(callgate_seccomp(slot, CALLGATE_SET_MODE_STRICT, 0, &args), 0);
  const SeccompData getpid = call_of(39);
  EXPECT_EQ(callgate_slot_evaluate(slot, data_of(getpid)), action::kill_thread);
  callgate_slot_destroy(slot);
}

TEST(AttachIn, InASlotOfCxx) {
  const auto filter = deny(1, action::trap);
  Memory memory = memory_for(filter);
  ChainSlot slot(sound(Chain::create()));
  EXPECT_EQ(slot.attach_in(std::span(memory).first(9), filter)->code, AttachErrc::no_room);
  EXPECT_FALSE(slot.attach_in(memory, filter));
  EXPECT_EQ(slot.evaluate(call_of(1)), action::trap);
  EXPECT_EQ(slot.match(call_of(1)).filter, 0u);
  EXPECT_FALSE(slot.promote());
  EXPECT_FALSE(slot.promote());
  EXPECT_EQ(slot.reclaim(), 2u);
  EXPECT_EQ(slot.evaluate(call_of(1)), action::trap);
}

}  // namespace
}  // namespace callgate::test
