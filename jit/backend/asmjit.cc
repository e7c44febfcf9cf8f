// AsmJit: emits for both modes from any process. Its API changes between snapshots; only this file knows it.
#include <algorithm>
#include <new>

#include "jit/backend.h"

#include <asmjit/x86.h>

namespace callgate::jit {
namespace {

namespace x86 = asmjit::x86;

// AsmJit reports an error where it happens; the first one is kept. Nothing is allocated, hence nothing thrown, in
// there.
class FirstError : public asmjit::ErrorHandler {
 public:
  void handleError(asmjit::Error error, const char*, asmjit::BaseEmitter*) override { keep(error); }
  void keep(asmjit::Error error) {
    if (error_ == asmjit::kErrorOk) error_ = error;
  }

  // The text of the error, or "". Throws std::bad_alloc if memory ran out: then no input of the assembler is at fault.
  std::string message() const {
    if (error_ == asmjit::kErrorOutOfMemory) throw std::bad_alloc();
    if (error_ == asmjit::kErrorOk) return "";  // LCOV_EXCL_BR_LINE: as in emit_asmjit()
    return std::string("AsmJit: ") + asmjit::DebugUtils::errorAsString(error_);  // LCOV_EXCL_LINE: as in emit_asmjit()
  }

 private:
  asmjit::Error error_ = asmjit::kErrorOk;
};

class AsmjitAssembler {
 public:
  AsmjitAssembler(asmjit::CodeHolder& code, Target target, std::size_t labels)
      : as_(&code), is_64_(target == Target::x86_64), labels_(labels) {}

  std::size_t size() const { return as_.offset(); }

  void endbr() {
    if (is_64_) {
      as_.endbr64();
    } else {
      as_.endbr32();
    }
  }

  void mov(Reg d, Reg s) { as_.mov(r(d), r(s)); }
  void mov(Reg d, Imm i) { as_.mov(r(d), imm(i)); }
  void mov(Reg d, Mem s) { as_.mov(r(d), m(s)); }
  void mov(Mem d, Reg s) { as_.mov(m(d), r(s)); }
  void mov(Mem d, Imm i) { as_.mov(m(d), imm(i)); }

#define CALLGATE_ASMJIT_ALU(name)                     \
  void name(Reg d, Reg s) { as_.name(r(d), r(s)); }   \
  void name(Reg d, Imm i) { as_.name(r(d), imm(i)); } \
  void name(Reg d, Mem s) { as_.name(r(d), m(s)); }
  CALLGATE_ASMJIT_ALU(add)
  CALLGATE_ASMJIT_ALU(sub)
  CALLGATE_ASMJIT_ALU(or_)
  CALLGATE_ASMJIT_ALU(and_)
  CALLGATE_ASMJIT_ALU(xor_)
  CALLGATE_ASMJIT_ALU(cmp)
#undef CALLGATE_ASMJIT_ALU
  void cmp(Mem d, Imm i) { as_.cmp(m(d), imm(i)); }
  void test(Reg d, Reg s) { as_.test(r(d), r(s)); }
  void test(Reg d, Imm i) { as_.test(r(d), imm(i)); }
  void test(Reg d, Mem s) { as_.test(m(s), r(d)); }
  void test(Mem d, Imm i) { as_.test(m(d), imm(i)); }

  void imul(Reg d, Reg s) { as_.imul(r(d), r(s)); }
  void imul(Reg d, Imm i) { as_.imul(r(d), r(d), imm(i)); }
  void imul(Reg d, Mem s) { as_.imul(r(d), m(s)); }
  void div(Reg s) { as_.div(r(s)); }
  void div(Mem s) { as_.div(m(s)); }
  void neg(Reg d) { as_.neg(r(d)); }
  void shl(Reg d, Imm i) { as_.shl(r(d), imm(i)); }
  void shr(Reg d, Imm i) { as_.shr(r(d), imm(i)); }
  void shl_cl(Reg d) { as_.shl(r(d), x86::cl); }
  void shr_cl(Reg d) { as_.shr(r(d), x86::cl); }

  void test_byte(Mem d, std::uint8_t i) { as_.test(sized_m(d, 1), asmjit::Imm(i)); }
  void bt(Reg a, Reg b) { as_.bt(r(a), r(b)); }
  void mov_wide(Reg d, Mem s) { as_.mov(wide(d), sized_m(s, 8)); }
  void mov_wide(Reg d, std::uint64_t i) {
    if (i <= 0xffffffff) {
      as_.mov(r(d), asmjit::Imm(static_cast<std::int32_t>(i)));
    } else {
      as_.mov(wide(d), asmjit::Imm(i));  // sign-extended from 32 bits where that does it
    }
  }
  void cmp_wide(Mem d, WideImm i) { as_.cmp(sized_m(d, 8), asmjit::Imm(i.value)); }
  void cmp_wide(Reg d, WideImm i) { as_.cmp(wide(d), asmjit::Imm(i.value)); }
  void cmp_wide(Reg a, Reg b) { as_.cmp(wide(a), wide(b)); }
  void sub_wide(Reg d, WideImm i) { as_.sub(wide(d), asmjit::Imm(i.value)); }
  void sub_wide(Reg a, Reg b) { as_.sub(wide(a), wide(b)); }
  void xor_wide(Reg a, Reg b) { as_.xor_(wide(a), wide(b)); }
  void bt_wide(Reg a, Reg b) { as_.bt(wide(a), wide(b)); }

  void bind(Label l) { as_.bind(label(l)); }
  void jmp(Label l, Reach reach) { sized(reach).jmp(label(l)); }
  void jcc(Cond cond, Label l, Reach reach) {
    x86::Assembler& as = sized(reach);
    switch (cond) {
      case Cond::equal: as.je(label(l)); return;
      case Cond::not_equal: as.jne(label(l)); return;
      case Cond::above: as.ja(label(l)); return;
      case Cond::above_equal: as.jae(label(l)); return;
      case Cond::below: as.jb(label(l)); return;
      case Cond::below_equal: as.jbe(label(l)); return;
      case Cond::less_equal: as.jle(label(l)); return;
      case Cond::greater_equal: as.jge(label(l)); return;
    }
  }
  void ret() { as_.ret(); }

 private:
  static x86::Gp r(Reg reg) { return x86::gpd(static_cast<std::uint32_t>(reg)); }
  static x86::Gp wide(Reg reg) { return x86::gpq(static_cast<std::uint32_t>(reg)); }
  x86::Mem m(Mem mem) const { return sized_m(mem, 4); }
  x86::Mem sized_m(Mem mem, std::uint32_t bytes) const {
    const auto id = static_cast<std::uint32_t>(mem.base);
    return x86::Mem(is_64_ ? x86::Gp(x86::gpq(id)) : x86::Gp(x86::gpd(id)), mem.disp, bytes);
  }
  // Sign-extended, so that the short forms are found.
  static asmjit::Imm imm(Imm i) { return asmjit::Imm(static_cast<std::int32_t>(i.value)); }

  x86::Assembler& sized(Reach reach) { return reach == Reach::near ? as_.short_() : as_.long_(); }

  const asmjit::Label& label(Label l) {
    if (!labels_[l].isValid()) labels_[l] = as_.newLabel();
    return labels_[l];
  }

  x86::Assembler as_;
  bool is_64_;
  std::vector<asmjit::Label> labels_;
};

static_assert(Assembler<AsmjitAssembler>);

Expected<Code, JitError> emit_asmjit(const EmitRequest& request) {
  FirstError errors;
  asmjit::CodeHolder holder;
  const auto mode = request.target == Target::x86_64 ? asmjit::Arch::kX64 : asmjit::Arch::kX86;
  errors.keep(holder.init(asmjit::Environment(mode)));
  holder.setErrorHandler(&errors);
  Code code;
  AsmjitAssembler as(holder, request.target, request.flow.blocks.size());
  emit_marked(as, request, code.marks);
  // LCOV_EXCL_START: operands and sizes are right, or there is a bug: tests/mutation switches such bugs on
  if (const std::string message = errors.message(); !message.empty()) return JitError{message};
  if (holder.hasUnresolvedLinks() || as.size() != request.layout.bytes) {
    return JitError{"AsmJit: the code's size is not the computed one"};
  }  // LCOV_EXCL_STOP
  const asmjit::CodeBuffer& buffer = holder.textSection()->buffer();
  code.bytes.assign(buffer.begin(), buffer.end());
  return code;
}

}  // namespace

extern const Backend asmjit_backend;
const Backend asmjit_backend{Engine::asmjit, [](Target) { return true; }, emit_asmjit};

}  // namespace callgate::jit
