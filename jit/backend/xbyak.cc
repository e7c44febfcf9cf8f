// Xbyak: header-only, emits for the mode of this process.
#include "jit/backend/backend.h"

#include <xbyak/xbyak.h>

namespace callgate::jit {
namespace {

class XbyakAssembler {
 public:
  // Writes to `buffer`, which must outlive this.
  XbyakAssembler(std::vector<std::uint8_t>& buffer, std::size_t labels)
      : code_(buffer.size(), buffer.data()), labels_(labels) {}

  std::size_t size() const { return code_.getSize(); }

#ifdef XBYAK64
  void endbr() { code_.endbr64(); }
#else
  void endbr() { code_.endbr32(); }
#endif

  void mov(Reg d, Reg s) { code_.mov(r(d), r(s)); }
  void mov(Reg d, Imm i) { code_.mov(r(d), i.value); }
  void mov(Reg d, Mem s) { code_.mov(r(d), m(s)); }
  void mov(Mem d, Reg s) { code_.mov(m(d), r(s)); }
  void mov(Mem d, Imm i) { code_.mov(m(d), i.value); }

#define CALLGATE_XBYAK_ALU(name)                                 \
  void name(Reg d, Reg s) { code_.name(r(d), r(s)); }  \
  void name(Reg d, Imm i) { code_.name(r(d), i.value); }  \
  void name(Reg d, Mem s) { code_.name(r(d), m(s)); }
  CALLGATE_XBYAK_ALU(add)
  CALLGATE_XBYAK_ALU(sub)
  CALLGATE_XBYAK_ALU(or_)
  CALLGATE_XBYAK_ALU(and_)
  CALLGATE_XBYAK_ALU(xor_)
  CALLGATE_XBYAK_ALU(cmp)
#undef CALLGATE_XBYAK_ALU
  void cmp(Mem d, Imm i) { code_.cmp(m(d), i.value); }
  void test(Reg d, Reg s) { code_.test(r(d), r(s)); }
  void test(Reg d, Imm i) { code_.test(r(d), i.value); }
  void test(Reg d, Mem s) { code_.test(m(s), r(d)); }
  void test(Mem d, Imm i) { code_.test(m(d), i.value); }

  void imul(Reg d, Reg s) { code_.imul(r(d), r(s)); }
  void imul(Reg d, Imm i) { code_.imul(r(d), r(d), static_cast<int>(i.value)); }
  void imul(Reg d, Mem s) { code_.imul(r(d), m(s)); }
  void div(Reg s) { code_.div(r(s)); }
  void div(Mem s) { code_.div(m(s)); }
  void neg(Reg d) { code_.neg(r(d)); }
  void shl(Reg d, Imm i) { code_.shl(r(d), static_cast<int>(i.value)); }
  void shr(Reg d, Imm i) { code_.shr(r(d), static_cast<int>(i.value)); }
  void shl_cl(Reg d) { code_.shl(r(d), code_.cl); }
  void shr_cl(Reg d) { code_.shr(r(d), code_.cl); }

  void bind(Label l) { code_.L(labels_[l]); }
  void jmp(Label l, Reach reach) { code_.jmp(labels_[l], type(reach)); }
  void jcc(Cond cond, Label l, Reach reach) {
    switch (cond) {
      case Cond::equal: return code_.je(labels_[l], type(reach));
      case Cond::not_equal: return code_.jne(labels_[l], type(reach));
      case Cond::above: return code_.ja(labels_[l], type(reach));
      case Cond::above_equal: return code_.jae(labels_[l], type(reach));
      case Cond::below: return code_.jb(labels_[l], type(reach));
      case Cond::below_equal: return code_.jbe(labels_[l], type(reach));
      case Cond::less_equal: return code_.jle(labels_[l], type(reach));
      case Cond::greater_equal: return code_.jge(labels_[l], type(reach));
    }
  }
  void ret() { code_.ret(); }

  bool has_unbound_label() const { return code_.hasUndefinedLabel(); }

 private:
  static Xbyak::Reg32 r(Reg reg) { return Xbyak::Reg32(static_cast<int>(reg)); }
#ifdef XBYAK64
  static Xbyak::Reg64 wide_reg(Reg reg) { return Xbyak::Reg64(static_cast<int>(reg)); }
#else
  static Xbyak::Reg32 wide_reg(Reg reg) { return r(reg); }
#endif
  static Xbyak::Address m(Mem mem) {
    return Xbyak::util::dword[wide_reg(mem.base) + static_cast<std::size_t>(std::ptrdiff_t{mem.disp})];
  }
  static Xbyak::CodeGenerator::LabelType type(Reach reach) {
    return reach == Reach::near ? Xbyak::CodeGenerator::T_SHORT : Xbyak::CodeGenerator::T_NEAR;
  }

  Xbyak::CodeGenerator code_;
  std::vector<Xbyak::Label> labels_;
};

static_assert(Assembler<XbyakAssembler>);

Expected<Code, JitError> emit_xbyak(const Flow& flow, const Layout& layout, Target target, bool with_marks) {
  Code code;
  code.bytes.resize(layout.bytes);
  try {
    XbyakAssembler as(code.bytes, flow.blocks.size());
    emit_marked(as, abi_of(target), flow, layout, with_marks ? &code.marks : nullptr);
    if (as.size() != layout.bytes || as.has_unbound_label()) return JitError{"Xbyak: the code's size is not the computed one"};
  } catch (const Xbyak::Error& error) {
    return JitError{std::string("Xbyak: ") + error.what()};
  }
  return code;
}

}  // namespace

extern const Backend xbyak_backend;
const Backend xbyak_backend{Engine::xbyak, [](Target target) { return target == host_target(); }, emit_xbyak};

}  // namespace callgate::jit
