#include "jit/listing.h"

#include <cstdio>

#include "jit/backend.h"
#include "jit/sizer.h"

namespace callgate::jit {
namespace {

const char* name(Reg reg, bool wide) {
  switch (reg) {
    case Reg::eax: return "eax";
    case Reg::ecx: return "ecx";
    case Reg::edx: return "edx";
    case Reg::esp: return wide ? "rsp" : "esp";
    case Reg::edi: return wide ? "rdi" : "edi";  // LCOV_EXCL_BR_LINE: code for x86_32 does not use it
  }
  return "?";  // LCOV_EXCL_LINE: every value has its case above
}

const char* suffix(Cond cond) {
  switch (cond) {
    case Cond::equal: return "e";
    case Cond::not_equal: return "ne";
    case Cond::above: return "a";
    case Cond::above_equal: return "ae";
    case Cond::below: return "b";
    case Cond::below_equal: return "be";
    case Cond::less_equal: return "le";
    case Cond::greater_equal: return "ge";
  }
  return "?";  // LCOV_EXCL_LINE: every value has its case above
}

class ListingAssembler {
 public:
  ListingAssembler(std::string& out, Target target) : out_(out), wide_(target == Target::x86_64) {}

  void endbr() { line(wide_ ? "endbr64" : "endbr32"); }
  template <class D, class S>
  void mov(D d, S s) {
    line("mov", d, s);
  }
  template <class D, class S>
  void add(D d, S s) {
    line("add", d, s);
  }
  template <class D, class S>
  void sub(D d, S s) {
    line("sub", d, s);
  }
  template <class D, class S>
  void or_(D d, S s) {
    line("or", d, s);
  }
  template <class D, class S>
  void and_(D d, S s) {
    line("and", d, s);
  }
  template <class D, class S>
  void xor_(D d, S s) {
    line("xor", d, s);
  }
  template <class D, class S>
  void cmp(D d, S s) {
    line("cmp", d, s);
  }
  template <class D, class S>
  void test(D d, S s) {
    line("test", d, s);
  }
  template <class S>
  void imul(Reg d, S s) {
    line("imul", d, s);
  }
  template <class S>
  void div(S s) {
    line("div", s);
  }
  void neg(Reg d) { line("neg", d); }
  void shl(Reg d, Imm i) { line("shl", d, i); }
  void shr(Reg d, Imm i) { line("shr", d, i); }
  void shl_cl(Reg d) { out_ += "  shl " + text(d) + ", cl\n"; }
  void shr_cl(Reg d) { out_ += "  shr " + text(d) + ", cl\n"; }
  void test_byte(Mem m, std::uint8_t i) { out_ += "  test byte " + address(m) + ", " + text(Imm{i}) + "\n"; }
  void bt(Reg a, Reg b) { line("bt", a, b); }
  void mov_wide(Reg d, Mem s) { out_ += "  mov " + wide(d) + ", qword " + address(s) + "\n"; }
  void mov_wide(Reg d, std::uint64_t i) { out_ += "  mov " + wide(d) + ", " + hex(i) + "\n"; }
  void cmp_wide(Mem m, WideImm i) { out_ += "  cmp qword " + address(m) + ", " + hex(i.value) + "\n"; }
  void cmp_wide(Reg r, WideImm i) { out_ += "  cmp " + wide(r) + ", " + hex(i.value) + "\n"; }
  void cmp_wide(Reg a, Reg b) { out_ += "  cmp " + wide(a) + ", " + wide(b) + "\n"; }
  void sub_wide(Reg r, WideImm i) { out_ += "  sub " + wide(r) + ", " + hex(i.value) + "\n"; }
  void sub_wide(Reg a, Reg b) { out_ += "  sub " + wide(a) + ", " + wide(b) + "\n"; }
  void xor_wide(Reg a, Reg b) { out_ += "  xor " + wide(a) + ", " + wide(b) + "\n"; }
  void bt_wide(Reg a, Reg b) { out_ += "  bt " + wide(a) + ", " + wide(b) + "\n"; }
  void bind(Label l) { out_ += "L" + std::to_string(l) + ":\n"; }
  void jmp(Label l, Reach reach) { jump("jmp", l, reach); }
  void jcc(Cond cond, Label l, Reach reach) { jump(std::string("j") + suffix(cond), l, reach); }
  void ret() { line("ret"); }

 private:
  std::string text(Reg reg) const { return name(reg, wide_); }
  static std::string wide(Reg reg) { return std::string("r") + (name(reg, false) + 1); }
  static std::string hex(std::uint64_t value) {
    char buffer[24];
    std::snprintf(buffer, sizeof buffer, "0x%llx", static_cast<unsigned long long>(value));
    return buffer;
  }
  static std::string text(Imm imm) { return hex(imm.value); }
  std::string address(Mem mem) const {
    const int disp = mem.disp;
    const std::string offset = disp == 0 ? "" : (disp < 0 ? " - " : " + ") + std::to_string(disp < 0 ? -disp : disp);
    return "[" + text(mem.base) + offset + "]";
  }
  std::string text(Mem mem) const { return "dword " + address(mem); }

  void line(const char* mnemonic) { out_ += std::string("  ") + mnemonic + "\n"; }
  template <class A>
  void line(const char* mnemonic, A a) {
    out_ += std::string("  ") + mnemonic + " " + text(a) + "\n";
  }
  template <class A, class B>
  void line(const char* mnemonic, A a, B b) {
    out_ += std::string("  ") + mnemonic + " " + text(a) + ", " + text(b) + "\n";
  }
  void jump(const std::string& mnemonic, Label l, Reach reach) {
    out_ += "  " + mnemonic + (reach == Reach::near ? " short L" : " L") + std::to_string(l) + "\n";
  }

  std::string& out_;
  bool wide_;
};

static_assert(Assembler<ListingAssembler>);

}  // namespace

std::string listing(const Flow& flow, const Layout& layout, const InputMap& input, Target target) {
  std::string out;
  ListingAssembler as(out, target);
  emit(as, abi_of(target), input, flow, layout, NoMarks{});
  return out;
}

}  // namespace callgate::jit
