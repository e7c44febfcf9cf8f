// What lies in the executable memory of a chain, as evaluate() runs it: general registers only, no thread-local
// storage, no system call, no call at all.
#include <gtest/gtest.h>

#include <vector>

#include "oracles/generator/program_generator.h"
#include "tests/support/chains.h"
#include "tests/support/filters.h"
#include "tests/support/node.h"

#if CALLGATE_TEST_ZYDIS
#include <Zydis/Zydis.h>
#endif

namespace callgate::test {
namespace {

#if CALLGATE_TEST_ZYDIS

constexpr bool is_wide = sizeof(void*) == 8;

bool is_general(ZydisRegister reg) {
  switch (ZydisRegisterGetClass(reg)) {
    case ZYDIS_REGCLASS_GPR8:
    case ZYDIS_REGCLASS_GPR16:
    case ZYDIS_REGCLASS_GPR32:
    case ZYDIS_REGCLASS_GPR64:
    case ZYDIS_REGCLASS_IP:
    case ZYDIS_REGCLASS_FLAGS: return true;
    default: return false;
  }
}

bool is_flat(ZydisRegister segment) {
  return segment == ZYDIS_REGISTER_NONE || segment == ZYDIS_REGISTER_DS || segment == ZYDIS_REGISTER_SS;
}

bool is_allowed(const ZydisDecodedInstruction& insn, const ZydisDecodedOperand* operands) {
  const auto kind = insn.meta.category;
  if (kind == ZYDIS_CATEGORY_CALL || kind == ZYDIS_CATEGORY_SYSCALL || kind == ZYDIS_CATEGORY_INTERRUPT) return false;
  for (int i = 0; i < insn.operand_count; ++i) {
    if (operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER && !is_general(operands[i].reg.value)) return false;
    if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY && !is_flat(operands[i].mem.segment)) return false;
  }
  return true;
}

// "" or the first instruction that is not allowed. `count` is how many there are.
std::string fault(const std::uint8_t* code, std::size_t bytes, std::size_t& count) {
  ZydisDecoder decoder;
  ZydisDecoderInit(&decoder, is_wide ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LEGACY_32,
                   is_wide ? ZYDIS_STACK_WIDTH_64 : ZYDIS_STACK_WIDTH_32);
  ZydisDecodedInstruction insn;
  ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
  count = 0;
  for (std::size_t at = 0; at < bytes; at += insn.length, ++count) {
    const bool decoded = ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, code + at, bytes - at, &insn, operands));
    if (!decoded) return "byte " + std::to_string(at) + " is no instruction";
    if (!is_allowed(insn, operands))
      return std::string(ZydisMnemonicGetString(insn.mnemonic)) + " at byte " + std::to_string(at);
  }
  return "";
}

TEST(InstalledCode, UsesGeneralRegistersAlone) {
  oracles::ProgramGenerator generator(81);
  for (int round = 0; round < 60; ++round) {
    std::vector<Program> filters;
    for (std::uint64_t n = 1 + generator.next() % 4; n > 0; --n) {
      filters.push_back(program(std::span<const Insn>(generator.valid(150))));
    }
    for (const MergeRule rule : {MergeRule::first_non_allow, MergeRule::most_restrictive}) {
      for (const Options& options : all_options(rule)) {
        const Chain chain = chain_of(filters, options);
        if (chain.engine() == Engine::interpreter) continue;
        std::size_t count = 0;
        ASSERT_EQ(fault(node_of(chain).memory.code(), chain.sizes().code, count), "") << describe(options);
        ASSERT_GE(count, 3u);
      }
    }
  }
}

TEST(InstalledCode, IsCheckedByATestThatNotices) {
  const std::vector<std::vector<std::uint8_t>> bad = {
      {0x0f, 0x57, 0xc0},              // xorps xmm0, xmm0
      {0xd9, 0xee},                    // fldz
      {0x0f, 0x6e, 0xc0},              // movd mm0, eax
      {0x64, 0x8b, 0x00},              // mov eax, fs:[eax]
      {0x65, 0x8b, 0x00},              // mov eax, gs:[eax]
      {0xcd, 0x80},                    // int 0x80
      {0xe8, 0x00, 0x00, 0x00, 0x00},  // call
      {0xff, 0xd0},                    // call eax
  };
  for (const auto& code : bad) {
    std::size_t count = 0;
    EXPECT_NE(fault(code.data(), code.size(), count), "") << unsigned{code[0]};
  }
}

#else

TEST(InstalledCode, UsesGeneralRegistersAlone) { GTEST_SKIP() << "built without Zydis"; }

#endif

}  // namespace
}  // namespace callgate::test
