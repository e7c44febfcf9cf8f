// The assembler that the generator writes to: it hands every operation on to another one, and constants that must not
// stand in code as they are in two halves, which are put together in a register:
//
//   imul eax, 0xfa1e0ff3   ==>   mov edx, 0xfb1f0ef2; xor edx, 0x1010101; imul eax, edx
//
// These are constants that have a landing pad in them (jit/landing_pad.h), or, with a key for all, every one that takes
// more than a byte: also bounds and sets that were computed of a filter's constants, and its results.
//
// edx holds the input on x86_32, which is loaded again (MOV leaves the flags as they are), and nothing on x86_64.
#pragma once

#include <cstdint>
#include <utility>

#include "jit/assembler.h"
#include "jit/blinding_key.h"

namespace callgate::jit {

// `reload` is called when edx was overwritten. Comparisons of memory with a constant may overwrite eax: the generator
// makes them where it holds nothing.
template <Assembler As, class Reload>
class Blinding {
 public:
  Blinding(As& as, const BlindingKey& key, Reload reload)
      : as_(as),
        key_(key),
        ignored_(key.all ? 0xffffffff : endbr64_bytes ^ endbr32_bytes),
        sought_(key.all ? 0xffffffff : endbr32_bytes),
        reload_(reload) {}

  void endbr() { as_.endbr(); }

  void mov(Reg d, Imm i) {
    if (!is_sought(i)) return as_.mov(d, i);
    mov_blinded(d, i);
  }
  void mov(Mem d, Imm i) {
    if (!is_sought(i)) return as_.mov(d, i);
    by_register(i, [&](Reg value) { as_.mov(d, value); });
  }
  template <class D, class S>
  void mov(D d, S s) {
    as_.mov(d, s);
  }

#define CALLGATE_BLINDING(name)                              \
  template <class S>                                         \
  void name(Reg d, S s) {                                    \
    by_short_or(s, [&](auto value) { as_.name(d, value); }); \
  }
  CALLGATE_BLINDING(add)
  CALLGATE_BLINDING(sub)
  CALLGATE_BLINDING(or_)
  CALLGATE_BLINDING(and_)
  CALLGATE_BLINDING(xor_)
  CALLGATE_BLINDING(cmp)
  CALLGATE_BLINDING(imul)
#undef CALLGATE_BLINDING
  void cmp(Mem m, Imm i) {
    if (!is_sought(i) || is_short(i)) return as_.cmp(m, i);
    cmp_blinded(m, i);
  }

  // Has no form with a constant of one byte.
  template <class S>
  void test(Reg d, S s) {
    as_.test(d, s);
  }
  void test(Reg d, Imm i) {
    if (!is_sought(i)) return as_.test(d, i);
    by_register(i, [&](Reg value) { as_.test(d, value); });
  }
  void test(Mem m, Imm i) {
    if (!is_sought(i)) return as_.test(m, i);
    test_blinded(m, i);
  }

  template <class S>
  void div(S s) {
    as_.div(s);
  }
  void neg(Reg d) { as_.neg(d); }
  void shl(Reg d, Imm i) { as_.shl(d, i); }
  void shr(Reg d, Imm i) { as_.shr(d, i); }
  void shl_cl(Reg d) { as_.shl_cl(d); }
  void shr_cl(Reg d) { as_.shr_cl(d); }

  void test_byte(Mem m, std::uint8_t i) { as_.test_byte(m, i); }
  void bt(Reg a, Reg b) { as_.bt(a, b); }
  void mov_wide(Reg d, Mem s) { as_.mov_wide(d, s); }
  void mov_wide(Reg d, std::uint64_t i) {
    if (!key_.all && !has_landing_pad(i)) return as_.mov_wide(d, i);
    mov_wide_blinded(d, i);
  }
  // Constants of 31 bits have no landing pad.
  void cmp_wide(Mem m, WideImm i) {
    if (!key_.all || is_short({i.value})) return as_.cmp_wide(m, i);
    as_.mov_wide(Reg::eax, m);
    cmp_wide(Reg::eax, i);
  }
  void cmp_wide(Reg r, WideImm i) {
    if (!key_.all || is_short({i.value})) return as_.cmp_wide(r, i);
    by_register({i.value}, [&](Reg value) { as_.cmp_wide(r, value); });
  }
  void cmp_wide(Reg a, Reg b) { as_.cmp_wide(a, b); }
  void sub_wide(Reg r, WideImm i) {
    if (!key_.all || is_short({i.value})) return as_.sub_wide(r, i);
    by_register({i.value}, [&](Reg value) { as_.sub_wide(r, value); });
  }
  void xor_wide(Reg a, Reg b) { as_.xor_wide(a, b); }
  void bt_wide(Reg a, Reg b) { as_.bt_wide(a, b); }

  void bind(Label l) { as_.bind(l); }
  void jmp(Label l, Reach reach) { as_.jmp(l, reach); }
  void jcc(Cond cond, Label l, Reach reach) { as_.jcc(cond, l, reach); }
  void ret() { as_.ret(); }

 private:
  // One comparison, whatever is blinded: hardly any constant has a landing pad.
  bool is_sought(Imm i) const { return (i.value | ignored_) == sought_; }
  // Stands in one byte where there is such a form. A landing pad is never short.
  static bool is_short(Imm i) { return i.value <= 0x7f || i.value >= 0xffffff80; }

  template <class S, class Operate>
  void by_short_or(S source, Operate operate) {
    operate(source);
  }
  template <class Operate>
  void by_short_or(Imm i, Operate operate) {
    if (!is_sought(i) || is_short(i)) return operate(i);
    by_register(i, operate);
  }

  // What hardly any constant needs stays out of the way of the compiler, which otherwise inlines less of the adapters.
  // The register holds the constant, extended with zeros.
  template <class Operate>
  [[gnu::cold, gnu::noinline]] void by_register(Imm i, Operate operate) {
    mov_blinded(Reg::edx, i);
    operate(Reg::edx);
    reload_();
  }
  [[gnu::cold, gnu::noinline]] void mov_blinded(Reg d, Imm i) {
    const auto mask = static_cast<std::uint32_t>(key_.mask(i.value));
    as_.mov(d, Imm{i.value ^ mask});
    as_.xor_(d, Imm{mask});
  }
  [[gnu::cold, gnu::noinline]] void cmp_blinded(Mem m, Imm i) {
    as_.mov(Reg::eax, m);
    cmp(Reg::eax, i);
  }
  [[gnu::cold, gnu::noinline]] void test_blinded(Mem m, Imm i) {
    as_.mov(Reg::eax, m);
    test(Reg::eax, i);
  }
  [[gnu::cold, gnu::noinline]] void mov_wide_blinded(Reg d, std::uint64_t i) {
    if (i <= 0xffffffff) return mov_blinded(d, {static_cast<std::uint32_t>(i)});
    const std::uint64_t mask = key_.mask(i);
    as_.mov_wide(d, i ^ mask);
    as_.mov_wide(Reg::edx, mask);
    as_.xor_wide(d, Reg::edx);
    reload_();
  }

  As& as_;
  const BlindingKey key_;
  const std::uint32_t ignored_;
  const std::uint32_t sought_;
  Reload reload_;
};

}  // namespace callgate::jit
