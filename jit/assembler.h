// The port that the code generator writes to: about thirty operations, each one machine instruction. Adapters for Xbyak
// and AsmJit emit bytes, Sizer counts them, ListingAssembler writes text. Adapters take no decision.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>

namespace callgate::jit {

// The registers that emitted code uses, by their number in the encoding. Operations are 32 bits wide, operations
// named _wide are 64 bits wide (x86_64 only); a base register is as wide as a pointer.
enum class Reg : std::uint8_t { eax = 0, ecx = 1, edx = 2, esp = 4, edi = 7 };

// A word in memory. Displacements in -128 .. 127 take one byte, others four.
struct Mem {
  Reg base;
  std::int32_t disp;
};

struct Imm {
  std::uint32_t value;
};

// A constant of a wide operation, sign-extended from 32 bits: up to 0x7fffffff.
struct WideImm {
  std::uint32_t value;
};

enum class Cond : std::uint8_t { equal, not_equal, above, above_equal, below, below_equal, less_equal, greater_equal };

constexpr Cond negate(Cond cond) {
  switch (cond) {
    case Cond::equal: return Cond::not_equal;
    case Cond::not_equal: return Cond::equal;
    case Cond::above: return Cond::below_equal;
    case Cond::above_equal: return Cond::below;
    case Cond::below: return Cond::above_equal;
    case Cond::below_equal: return Cond::above;
    case Cond::less_equal:  // LCOV_EXCL_START: the signed ones are never negated
    case Cond::greater_equal: break;
  }
  return cond;  // LCOV_EXCL_STOP
}

using Label = std::uint32_t;

// How a jump is encoded: 2 bytes, or 5 (jmp) and 6 (jcc). The layout knows every distance and chooses.
enum class Reach : std::uint8_t { near, far };

template <class A>
concept Assembler = requires(A as, Reg r, Mem m, Imm i, WideImm w, std::uint64_t u64, std::uint8_t u8, Cond c, Label l,
                             Reach reach) {
  as.endbr();

  as.mov(r, r);
  as.mov(r, i);
  as.mov(r, m);
  as.mov(m, r);
  as.mov(m, i);

  as.add(r, r);
  as.add(r, i);
  as.add(r, m);
  as.sub(r, r);
  as.sub(r, i);
  as.sub(r, m);
  as.or_(r, r);
  as.or_(r, i);
  as.or_(r, m);
  as.and_(r, r);
  as.and_(r, i);
  as.and_(r, m);
  as.xor_(r, r);
  as.xor_(r, i);
  as.xor_(r, m);
  as.cmp(r, r);
  as.cmp(r, i);
  as.cmp(r, m);
  as.cmp(m, i);
  as.test(r, r);
  as.test(r, i);
  as.test(r, m);
  as.test(m, i);

  as.imul(r, r);
  as.imul(r, i);
  as.imul(r, m);  // r = r × operand
  as.div(r);
  as.div(m);  // eax = edx:eax / operand; clobbers edx
  as.neg(r);
  as.shl(r, i);
  as.shr(r, i);  // by 1 .. 31
  as.shl_cl(r);
  as.shr_cl(r);  // by cl & 31

  as.test_byte(m, u8);  // the byte at m
  as.bt(r, r);          // carry = bit (second & 31) of the first
  as.mov_wide(r, m);
  as.mov_wide(r, u64);
  as.cmp_wide(m, w);
  as.cmp_wide(r, w);
  as.cmp_wide(r, r);
  as.sub_wide(r, w);
  as.sub_wide(r, r);
  as.xor_wide(r, r);
  as.bt_wide(r, r);  // carry = bit (second & 63) of the first

  as.bind(l);
  as.jmp(l, reach);
  as.jcc(c, l, reach);
  as.ret();
};

}  // namespace callgate::jit
