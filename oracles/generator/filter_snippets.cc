// Shapes that filters in use have, as libseccomp, minijail and service managers write them.
#include <algorithm>

#include "oracles/generator/constants.h"
#include "oracles/generator/snippets.h"

namespace callgate::oracles {
namespace {

using bpf::Opcode;

// The two words of an argument's value, or mask, to compare with.
struct Wide {
  std::uint32_t high;
  std::uint32_t low;
};

Wide wide_constant(Writer& w) {
  const std::uint32_t high = w.random.chance(60) ? 0 : w.constant();
  return {high, w.constant()};
}

// Loads of the halves of one argument: directly, or as minijail does, both into scratch memory first.
class Halves {
 public:
  explicit Halves(Writer& w) : w_(w), argument_(w.argument()), stored_(w.random.chance(15)) {
    if (!stored_) return;
    w.add({Opcode::ld_abs, low_half(argument_)});
    w.add({Opcode::st, 0});
    w.add({Opcode::ld_abs, high_half(argument_)});
    w.add({Opcode::st, 1});
  }

  void load_high() {
    if (!stored_) w_.add({Opcode::ld_abs, high_half(argument_)});  // else it is in A
  }
  void load_low() { w_.add(stored_ ? Draft{Opcode::ld_mem, 0} : Draft{Opcode::ld_abs, low_half(argument_)}); }

 private:
  Writer& w_;
  std::uint32_t argument_;
  bool stored_;
};

// At times as libseccomp's CVE-2019-9893 had it, where one low half counts for many high halves.
void equal(Writer& w, Label* yes, Label* no) {
  Halves halves(w);
  const Wide k = wide_constant(w);
  halves.load_high();
  w.branch({w.random.chance(80) ? Opcode::jeq_k : Opcode::jge_k, k.high}, nullptr, no);
  halves.load_low();
  w.branch({Opcode::jeq_k, k.low}, yes, no);
}

// > or >=, with the high half asked in one of three ways: > and ==, >= and ==, or != 0 where that is enough.
void ordered(Writer& w, Label* yes, Label* no) {
  Halves halves(w);
  const Wide k = wide_constant(w);
  const bool or_equal = w.random.chance(50);
  halves.load_high();
  switch (w.random.below(3)) {
    case 0:
      w.branch({Opcode::jgt_k, k.high}, yes, nullptr);
      w.branch({Opcode::jeq_k, k.high}, nullptr, no);
      break;
    case 1:
      w.branch({Opcode::jge_k, k.high + 1}, yes, nullptr);
      if (k.high != 0) w.branch({Opcode::jeq_k, k.high}, nullptr, no);
      break;
    default: w.branch({Opcode::jeq_k, 0}, nullptr, yes); break;
  }
  halves.load_low();
  w.branch({or_equal ? Opcode::jge_k : Opcode::jgt_k, k.low}, yes, no);
}

// (argument & mask) == value; a value with bits outside of the mask never compares equal.
void masked_equal(Writer& w, Label* yes, Label* no) {
  Halves halves(w);
  const Wide mask = wide_constant(w);
  const Wide k = wide_constant(w);
  const std::uint32_t keep_low = w.random.chance(80) ? mask.low : ~0u;
  if (mask.high != 0 || w.random.chance(50)) {
    halves.load_high();
    w.add({Opcode::and_k, mask.high});
    w.branch({Opcode::jeq_k, k.high & mask.high}, nullptr, no);
  }
  halves.load_low();
  w.add({Opcode::and_k, mask.low});
  w.branch({Opcode::jeq_k, k.low & keep_low}, yes, no);
}

// Ranges on the low half alone, in two tests.
void low_range(Writer& w, Label* yes, Label* no) {
  const std::uint32_t from = w.constant();
  w.add({Opcode::ld_abs, low_half(w.argument())});
  w.branch({Opcode::jge_k, from}, nullptr, no);
  w.branch({Opcode::jgt_k, from + w.random.below(0x200)}, no, yes);
}

// Some flag of a mask set, or none.
void flags(Writer& w, Label* yes, Label* no) {
  w.add({Opcode::ld_abs, w.random.chance(80) ? low_half(w.argument()) : high_half(w.argument())});
  w.branch({Opcode::jset_k, w.one_or_many_bits()}, yes, no);
}

// One of a few values that lie close enough together for a word of members, and mostly too far apart for half of one.
void one_of(Writer& w, Label* yes, Label* no) {
  std::uint32_t value = w.constant();
  const std::uint32_t last = value + (w.random.chance(80) ? w.random.between(33, 63) : w.random.between(2, 70));
  w.add({Opcode::ld_abs, w.random.chance(80) ? low_half(w.argument()) : high_half(w.argument())});
  for (std::uint32_t more = w.random.between(1, 3); more > 0; --more) {
    w.branch({Opcode::jeq_k, value}, yes, nullptr);
    value += w.random.below(last - value);
  }
  w.branch({Opcode::jeq_k, last}, yes, no);
}

using Condition = void (*)(Writer&, Label* yes, Label* no);
constexpr Condition conditions[] = {equal, ordered, ordered, masked_equal, low_range, flags, one_of};

// A ladder of equalities on the number, all with one target behind it.
void ladder(Writer& w) {
  w.add({Opcode::ld_abs, offset_nr});
  std::uint32_t nr = w.random.below(400);
  for (std::uint32_t left = w.random.between(2, 12); left > 0; --left) {
    w.add({Opcode::jeq_k, nr, left, 0});
    nr += w.random.between(1, 9);
  }
  w.add({Opcode::ja, 1});
  leave(w);
}

// Numbers in ascending order, each with its result, perhaps behind a rule on arguments (which loses the number in A).
void number_list(Writer& w, std::uint32_t low, std::uint32_t high, Label& otherwise) {
  const std::uint32_t count = std::min(high - low + 1, w.random.between(1, 4));
  std::uint32_t nr = low;
  for (std::uint32_t i = 0; i < count; ++i) {
    Label other;
    w.branch({Opcode::jeq_k, nr}, nullptr, &other);
    if (w.random.chance(40)) argument_rule(w);
    leave(w);
    w.place(other);
    nr += w.random.below((high - nr) / (count - i) + 1);
  }
  w.jump(otherwise);
}

void number_tree(Writer& w, std::uint32_t low, std::uint32_t high, std::uint32_t depth, Label& otherwise) {
  if (depth == 0 || high - low < 4) return number_list(w, low, high, otherwise);
  const std::uint32_t middle = w.random.between(low + 1, high);
  const bool greater = w.random.chance(30);
  Label right;
  w.branch({greater ? Opcode::jgt_k : Opcode::jge_k, greater ? middle - 1 : middle}, &right, nullptr);
  number_tree(w, low, middle - 1, depth - 1, otherwise);
  w.place(right);
  number_tree(w, middle, high, depth - 1, otherwise);
}

void x32_guard(Writer& w) {
  w.add({Opcode::ld_abs, offset_nr});
  if (w.random.chance(80)) {
    Label native;
    w.branch({Opcode::jge_k, arch::x32_bit}, nullptr, &native);
    if (w.random.chance(50)) w.branch({Opcode::jeq_k, 0xffffffff}, &native, nullptr);
    leave(w);
    w.place(native);
  } else {
    w.add({Opcode::jset_k, arch::x32_bit, 0, 1});
    leave(w);
  }
}

void arch_guard(Writer& w) {
  w.add({Opcode::ld_abs, offset_arch});
  w.add({Opcode::jeq_k, w.random.pick(architectures), w.random.below(2), w.random.below(8)});
  leave(w);
}

constexpr Snippet snippets[] = {ladder, argument_rule, argument_rule, x32_guard, arch_guard, number_rules};

}  // namespace

std::span<const Snippet> filter_snippets() { return snippets; }

// One or two conditions, both or either, in front of what follows; a return where they do not hold.
void argument_rule(Writer& w) {
  Label yes;
  Label no;
  const bool both = w.random.chance(50);
  const bool two = w.random.chance(40);
  if (two) {
    Label next;
    w.random.pick(conditions)(w, both ? &next : &yes, both ? &no : &next);
    w.place(next);
  }
  Label* const if_true = w.random.chance(50) ? &yes : &no;
  Label* const if_false = w.random.chance(80) ? &no : &yes;
  w.random.pick(conditions)(w, if_true, if_false);
  w.place(no);
  leave(w);
  w.place(yes);
}

void number_rules(Writer& w) {
  Label otherwise;
  const bool checks_arch = w.random.chance(60);
  Label other_arch;
  if (checks_arch) {
    w.add({Opcode::ld_abs, offset_arch});
    w.branch({Opcode::jeq_k, w.random.chance(80) ? arch::x86_64 : arch::x86_32}, nullptr, &other_arch);
  }
  if (w.random.chance(40)) x32_guard(w);
  w.add({Opcode::ld_abs, offset_nr});
  std::uint32_t depth = 0;
  while ((24u << depth) < w.room() && depth < 8 && w.random.chance(85)) ++depth;
  const std::uint32_t low = w.random.below(40);
  number_tree(w, low, w.random.between(60, 460), depth, otherwise);
  w.place(otherwise);
  if (!checks_arch) return;
  if (w.random.chance(60)) leave(w);
  w.place(other_arch);
}

}  // namespace callgate::oracles
