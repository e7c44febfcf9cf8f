// The assembler that only counts: how many bytes each instruction takes, the same in both modes and for both
// assemblers, since only the wide operations have a prefix. Tests compare every operation with both adapters.
#pragma once

#include <cstddef>

#include "jit/assembler.h"

namespace callgate::jit {

inline constexpr std::size_t near_jump_bytes = 2;
inline constexpr std::size_t far_jmp_bytes = 5;
inline constexpr std::size_t far_jcc_bytes = 6;
inline constexpr std::size_t near_reach = 127;  // bytes that a 2-byte jump can skip

class Sizer {
 public:
  std::size_t size() const { return size_; }

  void endbr() { size_ += 4; }

  void mov(Reg, Reg) { size_ += 2; }
  void mov(Reg, Imm) { size_ += 5; }
  void mov(Reg, Mem m) { size_ += memory(m); }
  void mov(Mem m, Reg) { size_ += memory(m); }
  void mov(Mem m, Imm) { size_ += memory(m) + 4; }

  void add(Reg, Reg) { size_ += 2; }
  void add(Reg r, Imm i) { size_ += immediate(r, i); }
  void add(Reg, Mem m) { size_ += memory(m); }
  void sub(Reg a, Reg b) { add(a, b); }
  void sub(Reg r, Imm i) { add(r, i); }
  void sub(Reg r, Mem m) { add(r, m); }
  void or_(Reg a, Reg b) { add(a, b); }
  void or_(Reg r, Imm i) { add(r, i); }
  void or_(Reg r, Mem m) { add(r, m); }
  void and_(Reg a, Reg b) { add(a, b); }
  void and_(Reg r, Imm i) { add(r, i); }
  void and_(Reg r, Mem m) { add(r, m); }
  void xor_(Reg a, Reg b) { add(a, b); }
  void xor_(Reg r, Imm i) { add(r, i); }
  void xor_(Reg r, Mem m) { add(r, m); }
  void cmp(Reg a, Reg b) { add(a, b); }
  void cmp(Reg r, Imm i) { add(r, i); }
  void cmp(Reg r, Mem m) { add(r, m); }
  void cmp(Mem m, Imm i) { size_ += memory(m) + (fits_8(i) ? 1u : 4u); }
  void test(Reg, Reg) { size_ += 2; }
  // Has no form with an 8-bit constant.
  void test(Reg r, Imm) { size_ += r == Reg::eax ? 5u : 6u; }  // LCOV_EXCL_BR_LINE: no other register is tested so
  void test(Reg, Mem m) { size_ += memory(m); }
  void test(Mem m, Imm) { size_ += memory(m) + 4; }

  void imul(Reg, Reg) { size_ += 3; }
  void imul(Reg, Imm i) { size_ += fits_8(i) ? 3u : 6u; }
  void imul(Reg, Mem m) { size_ += 1 + memory(m); }
  void div(Reg) { size_ += 2; }
  void div(Mem m) { size_ += memory(m); }
  void neg(Reg) { size_ += 2; }
  void shl(Reg, Imm i) { size_ += i.value == 1 ? 2u : 3u; }
  void shr(Reg r, Imm i) { shl(r, i); }
  void shl_cl(Reg) { size_ += 2; }
  void shr_cl(Reg) { size_ += 2; }

  void test_byte(Mem m, std::uint8_t) { size_ += memory(m) + 1; }
  void bt(Reg, Reg) { size_ += 3; }
  void mov_wide(Reg, Mem m) { size_ += 1 + memory(m); }
  // Of 32 bits, zero-extended or (7 bytes) sign-extended; or of all 64.
  void mov_wide(Reg, std::uint64_t value) {
    size_ += value <= 0xffffffff ? 5u : value >= 0xffffffff80000000 ? 7u : 10u;
  }
  void cmp_wide(Mem m, WideImm i) { size_ += 1 + memory(m) + (i.value <= 0x7f ? 1u : 4u); }
  void cmp_wide(Reg r, WideImm i) { size_ += 1 + immediate(r, {i.value}); }
  void cmp_wide(Reg, Reg) { size_ += 3; }
  void sub_wide(Reg r, WideImm i) { cmp_wide(r, i); }
  void sub_wide(Reg, Reg) { size_ += 3; }
  void xor_wide(Reg, Reg) { size_ += 3; }
  void bt_wide(Reg, Reg) { size_ += 4; }

  // LCOV_EXCL_START: the concept demands them; the layout counts jumps by itself
  void bind(Label) {}
  void jmp(Label, Reach reach) { size_ += reach == Reach::near ? near_jump_bytes : far_jmp_bytes; }
  void jcc(Cond, Label, Reach reach) { size_ += reach == Reach::near ? near_jump_bytes : far_jcc_bytes; }
  // LCOV_EXCL_STOP
  void ret() { size_ += 1; }

 private:
  static bool fits_8(Imm i) { return i.value <= 0x7f || i.value >= 0xffffff80; }

  // Opcode, ModRM, and the bytes of the address: a stack pointer takes a SIB byte, a displacement of 0 no byte.
  static std::size_t memory(Mem m) {
    const bool near = m.disp >= -128 && m.disp <= 127;
    return 2 + (m.base == Reg::esp ? 1u : 0u) + (m.disp == 0 ? 0u : near ? 1u : 4u);
  }

  static std::size_t immediate(Reg r, Imm i) {
    if (fits_8(i)) return 3;
    return r == Reg::eax ? 5u : 6u;
  }

  std::size_t size_ = 0;
};

static_assert(Assembler<Sizer>);

}  // namespace callgate::jit
