// What emitted code consists of: a closed set of instructions, jumps that land on instructions of the same code, and
// loads and stores inside the input and the frame.
#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "callgate/callgate.hpp"
#include "compose/plan.h"
#include "dispatch/action_table.h"
#include "dispatch/units.h"
#include "jit/compile.h"
#include "oracles/generator/program_generator.h"
#include "tests/support/filters.h"
#include "tests/support/run_everywhere.h"

#if CALLGATE_TEST_ZYDIS
#include <Zydis/Zydis.h>
#endif

namespace callgate::test {
namespace {

#if CALLGATE_TEST_ZYDIS

const std::set<ZydisMnemonic> allowed = {
    ZYDIS_MNEMONIC_ENDBR64, ZYDIS_MNEMONIC_ENDBR32, ZYDIS_MNEMONIC_MOV, ZYDIS_MNEMONIC_ADD,  ZYDIS_MNEMONIC_SUB,
    ZYDIS_MNEMONIC_OR,      ZYDIS_MNEMONIC_AND,     ZYDIS_MNEMONIC_XOR, ZYDIS_MNEMONIC_CMP,  ZYDIS_MNEMONIC_TEST,
    ZYDIS_MNEMONIC_IMUL,    ZYDIS_MNEMONIC_DIV,     ZYDIS_MNEMONIC_NEG, ZYDIS_MNEMONIC_SHL,  ZYDIS_MNEMONIC_SHR,
    ZYDIS_MNEMONIC_JMP,     ZYDIS_MNEMONIC_JZ,      ZYDIS_MNEMONIC_JNZ, ZYDIS_MNEMONIC_JNBE, ZYDIS_MNEMONIC_JNB,
    ZYDIS_MNEMONIC_JB,      ZYDIS_MNEMONIC_JBE,     ZYDIS_MNEMONIC_JLE, ZYDIS_MNEMONIC_JNL,  ZYDIS_MNEMONIC_RET,
    ZYDIS_MNEMONIC_BT};

class Checker {
 public:
  Checker(Target target, const jit::Code& code)
      : wide_(target == Target::x86_64), code_(code.bytes), entries_(code.entries) {
    ZydisDecoderInit(&decoder_, wide_ ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LEGACY_32,
                     wide_ ? ZYDIS_STACK_WIDTH_64 : ZYDIS_STACK_WIDTH_32);
  }

  void run() {
    for (std::size_t at = 0; at < code_.size();) {
      ZydisDecodedInstruction insn;
      ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
      ASSERT_TRUE(
          ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder_, code_.data() + at, code_.size() - at, &insn, operands)))
          << "at byte " << at;
      starts_.insert(at);
      check(at, insn, operands);
      if (testing::Test::HasFailure()) return;
      at += insn.length;
    }
    for (const std::size_t target : targets_)
      ASSERT_TRUE(starts_.count(target)) << "jump into an instruction: " << target;
    for (const std::uint32_t entry : entries_)
      ASSERT_TRUE(endbrs_.count(entry)) << "an entry begins with endbr: " << entry;
    for (const std::size_t target : targets_)
      ASSERT_FALSE(endbrs_.count(target)) << "an entry is for callers: " << target;
  }

 private:
  void check(std::size_t at, const ZydisDecodedInstruction& insn, const ZydisDecodedOperand* operands) {
    if (insn.mnemonic == (wide_ ? ZYDIS_MNEMONIC_ENDBR64 : ZYDIS_MNEMONIC_ENDBR32)) endbrs_.insert(at);
    ASSERT_TRUE(allowed.count(insn.mnemonic)) << ZydisMnemonicGetString(insn.mnemonic) << " at byte " << at;
    for (int i = 0; i < insn.operand_count; ++i) {
      const ZydisDecodedOperand& operand = operands[i];
      if (operand.type == ZYDIS_OPERAND_TYPE_REGISTER) check_register(operand.reg.value);
      if (operand.type == ZYDIS_OPERAND_TYPE_IMMEDIATE && operand.imm.is_relative) {
        ASSERT_GT(operand.imm.value.s, 0) << "jump backwards at byte " << at;
        targets_.push_back(at + insn.length + static_cast<std::size_t>(operand.imm.value.s));
      }
      const bool is_stack_of_ret = insn.mnemonic == ZYDIS_MNEMONIC_RET;
      if (operand.type == ZYDIS_OPERAND_TYPE_MEMORY && !is_stack_of_ret) check_memory(at, operand);
    }
  }

  static void check_register(ZydisRegister reg) {
    const ZydisRegisterClass kind = ZydisRegisterGetClass(reg);
    ASSERT_TRUE(kind == ZYDIS_REGCLASS_GPR32 || kind == ZYDIS_REGCLASS_GPR64 || kind == ZYDIS_REGCLASS_GPR8 ||
                kind == ZYDIS_REGCLASS_FLAGS || kind == ZYDIS_REGCLASS_IP)
        << ZydisRegisterGetString(reg);
    const ZydisRegister whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);
    ASSERT_TRUE(whole != ZYDIS_REGISTER_RBX && whole != ZYDIS_REGISTER_RBP && whole != ZYDIS_REGISTER_RSI)
        << ZydisRegisterGetString(reg);
  }

  void check_memory(std::size_t at, const ZydisDecodedOperand& operand) const {
    ASSERT_EQ(operand.mem.index, ZYDIS_REGISTER_NONE) << "at byte " << at;
    const auto base = operand.mem.base;
    const std::int64_t disp = operand.mem.disp.has_displacement ? operand.mem.disp.value : 0;
    const bool is_stack = base == ZYDIS_REGISTER_RSP || base == ZYDIS_REGISTER_ESP;
    const std::int64_t bytes = operand.size / 8;
    ASSERT_TRUE(bytes == 1 || bytes == 4 || (bytes == 8 && wide_)) << "at byte " << at;
    if (!is_stack) {
      ASSERT_EQ(base, wide_ ? ZYDIS_REGISTER_RDI : ZYDIS_REGISTER_EDX) << "at byte " << at;
      ASSERT_EQ(operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE, 0) << "writes its input at byte " << at;
      ASSERT_EQ(disp % bytes, 0) << "at byte " << at;
      ASSERT_TRUE(disp >= 0 && disp + bytes <= 64) << "at byte " << at;
    } else if (wide_) {
      ASSERT_EQ(bytes, 4) << "at byte " << at;
      ASSERT_EQ(disp % 4, 0);
      ASSERT_TRUE(disp >= -128 && disp <= -4) << "outside of the red zone at byte " << at;
    } else {
      ASSERT_EQ(bytes, 4) << "at byte " << at;
      ASSERT_EQ(disp % 4, 0);
      ASSERT_TRUE(disp >= 0 && disp <= 76) << "outside of the frame at byte " << at;
    }
  }

  bool wide_;
  const std::vector<std::uint8_t>& code_;
  const std::vector<std::uint32_t>& entries_;
  std::set<std::size_t> endbrs_;
  ZydisDecoder decoder_;
  std::set<std::size_t> starts_;
  std::vector<std::size_t> targets_;
};

// Code at one level of precision, with all residuals; at some it is larger than the table reaches, and refused.
void check_code(const jit::Request& with_all, compose::Precision precision) {
  const auto code = jit::compile(with_all);
  const bool may_be_large =
      precision == compose::Precision::path_sensitive || precision == compose::Precision::per_number;
  if (!code && may_be_large && code.error().reason == FallbackReason::code_too_large) return;
  ASSERT_TRUE(code) << code.error().message;
  ASSERT_EQ(code->entries.size(), 1 + with_all.entry_roots.size());
  Checker(with_all.target, *code).run();
}

constexpr compose::Precision details[] = {compose::Precision::path_sensitive, compose::Precision::per_number,
                                          compose::Precision::number_blind, compose::Precision::baseline};

void check_code(const std::vector<Program>& filters, bool is_blinded) {
  for (const Engine engine : {Engine::xbyak, Engine::asmjit}) {
    for (const Target target : {Target::x86_64, Target::x86_32}) {
      if (!available(engine, target)) continue;
      for (const MergeRule rule : {MergeRule::first_non_allow, MergeRule::most_restrictive}) {
        for (const compose::Precision level : details) {
          SCOPED_TRACE(testing::Message()
                       << name(engine) << ", " << name(target) << ", " << name(rule) << ", " << compose::name(level));
          const compose::Plan plan = compose::make_plan(filters, {.rule = rule, .precision = level});
          const auto residuals = detail::find_residuals(plan, rule);
          const auto units = detail::units_of(plan);
          jit::Request request = detail::seccomp_request(units, rule, engine, target);
          request.entry_roots = residuals.roots;
          request.blinding = {is_blinded, 77};
          ASSERT_NO_FATAL_FAILURE(check_code(request, level));
        }
      }
    }
  }
}

TEST(EmittedCode, IsClosed) {
  oracles::ProgramGenerator generator(21);
  for (int i = 0; i < 150 && !HasFailure(); ++i) {
    std::vector<Program> filters;
    for (std::uint64_t n = 1 + generator.next() % 3; n > 0; --n) filters.push_back(program(generator.valid(120)));
    SCOPED_TRACE(i);
    check_code(filters, i % 3 == 0);
  }
}

// The two assemblers choose the same size for everything that is emitted, though not always the same bytes.
TEST(EmittedCode, HasTheSameSizeFromBothAssemblers) {
  if (native_engines().size() < 2) GTEST_SKIP() << "this build has only one assembler";
  oracles::ProgramGenerator generator(22);
  for (int i = 0; i < 300; ++i) {
    const Program filter = program(generator.valid(120));
    for (const Optimize level : {Optimize::none, Optimize::full}) {
      const compose::Plan plan = compose::make_plan(std::span(&filter, 1), {.level = level});
      const auto units = detail::units_of(plan);
      const auto compile = [&](Engine engine) {
        jit::Request request = detail::seccomp_request(units, MergeRule::first_non_allow, engine, jit::host_target());
        request.blinding = {i % 3 == 0, 77};
        return jit::compile(request);
      };
      const auto a = compile(Engine::xbyak);
      const auto b = compile(Engine::asmjit);
      ASSERT_TRUE(a && b);
      ASSERT_EQ(a->bytes.size(), b->bytes.size());
      ASSERT_EQ(a->entries, b->entries);
    }
  }
}

#else

TEST(EmittedCode, IsClosed) { GTEST_SKIP() << "built without Zydis"; }

#endif

}  // namespace
}  // namespace callgate::test
