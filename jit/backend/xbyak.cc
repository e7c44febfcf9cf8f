// Xbyak: header-only, emits for the mode of this process.
#include "jit/backend.h"

#include <xbyak/xbyak.h>

namespace callgate::jit {
namespace {

class XbyakAssembler {
 public:
  // Writes to `buffer`, which must outlive this.
  XbyakAssembler(std::vector<std::uint8_t>& buffer, std::span<const std::uint32_t> block_starts)
      : code_(buffer.size(), buffer.data()), start_(block_starts) {}

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

#define CALLGATE_XBYAK_ALU(name)                         \
  void name(Reg d, Reg s) { code_.name(r(d), r(s)); }    \
  void name(Reg d, Imm i) { code_.name(r(d), i.value); } \
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

  void test_byte(Mem d, std::uint8_t i) { code_.test(sized_m(d, 8), i); }
  void bt(Reg a, Reg b) { code_.bt(r(a), r(b)); }
#ifdef XBYAK64
  void mov_wide(Reg d, Mem s) { code_.mov(wide_reg(d), sized_m(s, 64)); }
  void mov_wide(Reg d, std::uint64_t i) { code_.mov(wide_reg(d), i); }
  void cmp_wide(Mem d, WideImm i) { code_.cmp(sized_m(d, 64), i.value); }
  void cmp_wide(Reg d, WideImm i) { code_.cmp(wide_reg(d), i.value); }
  void cmp_wide(Reg a, Reg b) { code_.cmp(wide_reg(a), wide_reg(b)); }
  void sub_wide(Reg d, WideImm i) { code_.sub(wide_reg(d), i.value); }
  void sub_wide(Reg a, Reg b) { code_.sub(wide_reg(a), wide_reg(b)); }
  void xor_wide(Reg a, Reg b) { code_.xor_(wide_reg(a), wide_reg(b)); }
  void bt_wide(Reg a, Reg b) { code_.bt(wide_reg(a), wide_reg(b)); }
#else
  // This mode has no such instructions; nothing is emitted, and the size that is not the computed one is the error.
  void mov_wide(Reg, Mem) {}
  void mov_wide(Reg, std::uint64_t) {}
  void cmp_wide(Mem, WideImm) {}
  void cmp_wide(Reg, WideImm) {}
  void cmp_wide(Reg, Reg) {}
  void sub_wide(Reg, WideImm) {}
  void sub_wide(Reg, Reg) {}
  void xor_wide(Reg, Reg) {}
  void bt_wide(Reg, Reg) {}
#endif

  // Where blocks lie is known beforehand, so the library's own labels, which are slow, are not used.
  void bind(Label l) { misplaced_ |= size() != start_[l]; }
  void jmp(Label l, Reach reach) {
    code_.jmp(address_of(l), reach == Reach::near ? Xbyak::CodeGenerator::T_SHORT : Xbyak::CodeGenerator::T_NEAR);
  }
  void jcc(Cond cond, Label l, Reach reach) {
    if (reach == Reach::near) return short_jcc(cond, start_[l] - (size() + 2));
    const void* to = address_of(l);
    switch (cond) {
      case Cond::equal: return code_.je(to);
      case Cond::not_equal: return code_.jne(to);
      case Cond::above: return code_.ja(to);
      case Cond::above_equal: return code_.jae(to);
      case Cond::below: return code_.jb(to);
      case Cond::below_equal: return code_.jbe(to);
      case Cond::less_equal: return code_.jle(to);
      case Cond::greater_equal: return code_.jge(to);
    }
  }
  void ret() { code_.ret(); }

  // Whether a block came to lie elsewhere than computed.
  bool misplaced() const { return misplaced_; }

 private:
  static Xbyak::Reg32 r(Reg reg) { return Xbyak::Reg32(static_cast<int>(reg)); }
#ifdef XBYAK64
  static Xbyak::Reg64 wide_reg(Reg reg) { return Xbyak::Reg64(static_cast<int>(reg)); }
#else
  static Xbyak::Reg32 wide_reg(Reg reg) { return r(reg); }
#endif
  static Xbyak::Address m(Mem mem) { return sized_m(mem, 32); }
  static Xbyak::Address sized_m(Mem mem, std::uint32_t bits) {
    return Xbyak::Address(bits, false, wide_reg(mem.base) + static_cast<std::size_t>(std::ptrdiff_t{mem.disp}));
  }
  const void* address_of(Label l) const { return code_.getCode() + start_[l]; }

  // Xbyak has 2-byte conditional jumps to its labels only.
  void short_jcc(Cond cond, std::size_t distance) {
    if (distance > 127) misplaced_ = true;  // LCOV_EXCL_BR_LINE: the layout knows, or there is a bug
    code_.db(0x70 + condition_code(cond));
    code_.db(static_cast<int>(distance & 0xff));
  }

  // Intel SDM, volume 2, appendix B.1.4.7.
  static int condition_code(Cond cond) {
    switch (cond) {
      case Cond::below: return 2;
      case Cond::above_equal: return 3;
      case Cond::equal: return 4;
      case Cond::not_equal: return 5;
      case Cond::below_equal: return 6;
      case Cond::above: return 7;
      case Cond::greater_equal: return 13;
      case Cond::less_equal: return 14;
    }
    return 4;  // LCOV_EXCL_LINE: every value has its case above
  }

  Xbyak::CodeGenerator code_;
  std::span<const std::uint32_t> start_;  // by block
  bool misplaced_ = false;
};

static_assert(Assembler<XbyakAssembler>);

Expected<Code, JitError> emit_xbyak(const EmitRequest& request) {
  Code code;
  code.bytes.resize(request.layout.bytes);
  try {
    XbyakAssembler as(code.bytes, request.layout.start);
    emit_marked(as, request, code.marks);
    // LCOV_EXCL_START: sizes and displacements are right, or there is a bug: tests/mutation switches such bugs on
    if (as.size() != request.layout.bytes || as.misplaced()) {
      return JitError{"Xbyak: the code's size is not the computed one"};
    }
  } catch (const Xbyak::Error& error) {
    return JitError{std::string("Xbyak: ") + error.what()};
  }  // LCOV_EXCL_STOP
  return code;
}

}  // namespace

extern const Backend xbyak_backend;
const Backend xbyak_backend{Engine::xbyak, [](Target target) { return target == host_target(); }, emit_xbyak};

}  // namespace callgate::jit
