#include "tests/support/program_generator.h"

#include <algorithm>
#include <array>
#include <optional>

#include "bpf/opcode.h"
#include "callgate/action.hpp"
#include "verifier/verify.h"

namespace callgate::test {
namespace {

using bpf::Form;
using bpf::Opcode;

constexpr std::uint32_t edges[] = {
    0,          1,          2,          3,          4,          7,          8,          15,         16,
    31,         32,         33,         63,         64,         0x7f,       0x80,       0x81,       0xff,
    0x100,      0x7fff,     0x8000,     0xffff,     0x10000,    0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001,
    0xffff7fff, 0xffff8000, 0xffffff7f, 0xffffff80, 0xffffff81, 0xffff0000, 0xfffffffe, 0xffffffff,
};

constexpr std::uint32_t actions[] = {action::kill_process, action::kill_thread, action::trap,  action::errno_,
                                     action::user_notif,   action::trace,       action::log,   action::allow};

constexpr std::uint32_t architectures[] = {arch::x86_64, arch::x86_32, 0xc00000b7 /* aarch64 */};

constexpr Opcode alu_k[] = {Opcode::add_k, Opcode::sub_k, Opcode::mul_k, Opcode::div_k, Opcode::or_k,
                            Opcode::and_k, Opcode::xor_k, Opcode::lsh_k, Opcode::rsh_k};
constexpr Opcode alu_x[] = {Opcode::add_x, Opcode::sub_x, Opcode::mul_x, Opcode::or_x,
                            Opcode::and_x, Opcode::xor_x, Opcode::lsh_x, Opcode::rsh_x};
constexpr Opcode branches_k[] = {Opcode::jeq_k, Opcode::jgt_k, Opcode::jge_k, Opcode::jset_k};
constexpr Opcode branches_x[] = {Opcode::jeq_x, Opcode::jgt_x, Opcode::jge_x, Opcode::jset_x};

constexpr std::uint32_t offset_nr = 0;
constexpr std::uint32_t offset_arch = 4;
constexpr std::uint32_t low_half(std::uint32_t argument) { return 16 + 8 * argument; }
constexpr std::uint32_t high_half(std::uint32_t argument) { return low_half(argument) + 4; }

// An instruction in the making. Written in braces, whose parts are evaluated from left to right: function arguments
// are evaluated in any order, and two random draws among them would give each compiler its own programs.
struct Draft {
  Opcode op;
  std::uint32_t k = 0;
  std::uint32_t jt = 0;
  std::uint32_t jf = 0;
};

constexpr Insn insn(const Draft& d) {
  return {static_cast<std::uint16_t>(d.op), static_cast<std::uint8_t>(d.jt), static_cast<std::uint8_t>(d.jf), d.k};
}

// Writes one program of a fixed length. Every jump is cut to land inside, and a load of a slot that the verifier
// does not see written becomes a constant: so whatever the snippets do, the outcome is valid.
class Writer {
 public:
  Writer(Random& random, std::uint32_t length) : random_(random), length_(length) { program_.reserve(length); }

  std::vector<Insn> run() {
    std::array<std::uint32_t, snippet_count> weights{};
    for (auto& weight : weights) weight = random_.chance(50) ? random_.below(10) : 0;
    weights[0] = 3;  // some snippet always has a weight
    if (random_.chance(40)) store_all();
    while (!full()) (this->*snippets[weighted(weights)])();
    program_.back() = random_.chance(75) ? insn({Opcode::ret_a}) : insn({Opcode::ret_k, result()});
    cut_jumps();
    repair_scratch();
    return std::move(program_);
  }

 private:
  using Snippet = void (Writer::*)();

  bool full() const { return program_.size() >= length_; }
  std::uint32_t room() const { return length_ - static_cast<std::uint32_t>(program_.size()); }

  void add(const Draft& draft) {
    if (!full()) program_.push_back(insn(draft));
  }

  std::size_t weighted(std::span<const std::uint32_t> weights) {
    std::uint32_t sum = 0;
    for (const std::uint32_t weight : weights) sum += weight;
    std::uint32_t left = random_.below(sum);
    std::size_t i = 0;
    for (; left >= weights[i]; ++i) left -= weights[i];
    return i;
  }

  std::uint32_t constant() { return edge_constant(random_); }
  std::uint32_t slot() { return random_.below(scratch_slots); }
  std::uint32_t argument() { return random_.below(6); }
  std::uint32_t word() { return random_.chance(30) ? offset_nr : 4 * random_.below(16); }
  std::uint32_t result() {
    const std::uint32_t data = random_.chance(50) ? random_.word() & data_mask : 0;
    return random_.pick(actions) | data;
  }

  // Mostly near; sometimes as far as 8 bits, or the program, reach.
  std::uint32_t distance() {
    const std::uint32_t kind = random_.below(20);
    if (kind == 0) return 255;
    if (kind == 1) return std::min<std::uint32_t>(255, room());
    return kind < 5 ? random_.below(256) : random_.below(6);
  }

  // --- Straight code

  void load() { add({Opcode::ld_abs, word()}); }

  void alu_constant() {
    const Opcode op = random_.pick(alu_k);
    if (op == Opcode::lsh_k || op == Opcode::rsh_k) return shift_constant(op);
    const std::uint32_t k = constant();
    add({op, op == Opcode::div_k && k == 0 ? 1 : k});
  }

  void shift_constant(Opcode op) {
    constexpr std::uint32_t usual[] = {0, 1, 8, 16, 31};
    add({op, random_.chance(50) ? random_.pick(usual) : random_.below(32)});
  }

  void alu_register() {
    if (random_.chance(40)) add({Opcode::ldx_imm, constant()});
    add({random_.pick(alu_x)});
  }

  void shift_register() {
    constexpr std::uint32_t usual[] = {0, 1, 31, 32, 33, 63, 0xffffffff};
    add({Opcode::ldx_imm, random_.chance(70) ? random_.pick(usual) : constant()});
    add({random_.chance(50) ? Opcode::lsh_x : Opcode::rsh_x});
  }

  // Division by X: unguarded, by a constant, by a word of the input, or behind a test for zero.
  void divide() {
    const std::uint32_t kind = random_.below(8);
    if (kind < 3) {
      add({Opcode::ldx_imm, random_.chance(3) ? 0 : constant() | 1});
    } else if (kind == 3) {
      add({Opcode::ld_abs, word()});
      add({Opcode::tax});
      add({Opcode::ld_abs, word()});
    } else if (kind < 6) {
      add({Opcode::ldx_imm, 0});
      add({Opcode::jeq_x, 0, random_.below(3), random_.below(3)});
      add({Opcode::ldx_imm, constant() | 1});
    } else {
      add({Opcode::txa});
      add({Opcode::or_k, 1u << random_.below(32)});
      add({Opcode::tax});
    }
    add({Opcode::div_x});
  }

  void unary() {
    constexpr Opcode ops[] = {Opcode::neg, Opcode::tax, Opcode::txa, Opcode::ld_len, Opcode::ldx_len};
    add({random_.pick(ops)});
  }

  void immediate() { add({random_.chance(50) ? Opcode::ld_imm : Opcode::ldx_imm, constant()}); }

  // --- Scratch memory

  void scratch() {
    constexpr Opcode ops[] = {Opcode::st, Opcode::stx, Opcode::ld_mem, Opcode::ldx_mem};
    add({random_.pick(ops), slot()});
  }

  void store_all() {
    for (std::uint32_t i = 0; i < scratch_slots; ++i) {
      if (random_.chance(60)) add({Opcode::ld_abs, 4 * i});
      add({random_.chance(80) ? Opcode::st : Opcode::stx, i});
    }
  }

  // Folds every slot into A, so that all of them are live up to here.
  void fold_all() {
    for (std::uint32_t i = 0; i < scratch_slots; ++i) {
      add({Opcode::ldx_mem, i});
      add({random_.chance(50) ? Opcode::xor_x : Opcode::add_x});
    }
  }

  // --- Jumps

  void branch_constant() { add({random_.pick(branches_k), comparand(), distance(), distance()}); }
  void branch_register() { add({random_.pick(branches_x), 0, distance(), distance()}); }
  void test_bits() { add({Opcode::jset_k, one_or_many_bits(), distance(), distance()}); }
  void jump() { add({Opcode::ja, random_.chance(90) ? random_.below(4) : random_.below(room())}); }
  std::uint32_t comparand() { return random_.chance(40) ? random_.below(460) : constant(); }
  std::uint32_t one_or_many_bits() { return random_.chance(50) ? 1u << random_.below(32) : constant(); }
  std::uint32_t far_or(std::uint32_t near) { return random_.chance(50) ? 255 : near; }

  // Two arms that leave different A, X and slots behind and meet again.
  void diamond() {
    const std::uint32_t s = slot();
    add({random_.chance(60) ? Opcode::jgt_k : Opcode::jset_x, comparand(), 0, 3});
    add({Opcode::ld_imm, constant()});
    add({Opcode::st, s});
    add({Opcode::ja, 2});
    add({random_.chance(50) ? Opcode::tax : Opcode::ldx_imm, constant()});
    add({Opcode::stx, s});
    if (random_.chance(70)) add({random_.chance(50) ? Opcode::ld_mem : Opcode::ldx_mem, s});
  }

  void far_jump() { add({random_.pick(branches_k), comparand(), far_or(0), far_or(1)}); }

  // --- Shapes of real filters

  // A ladder of equalities on the number, all with one target behind it.
  void ladder() {
    const std::uint32_t rungs = random_.between(2, 12);
    add({Opcode::ld_abs, offset_nr});
    std::uint32_t number = random_.below(400);
    for (std::uint32_t left = rungs; left > 0; --left) {
      add({Opcode::jeq_k, number, left, 0});
      number += random_.between(1, 9);
    }
    add({Opcode::ja, 1});
    leave();
  }

  // A binary tree of two levels on the number.
  void tree() {
    const std::uint32_t middle = random_.below(450);
    add({Opcode::ld_abs, offset_nr});
    add({Opcode::jge_k, middle, 2, 0});
    add({Opcode::jeq_k, random_.below(middle + 1), 2, 3});
    leave();
    add({Opcode::jgt_k, middle + random_.below(20), 0, 1});
    leave();
  }

  void masked_argument() {
    const std::uint32_t mask = constant();
    add({Opcode::ld_abs, random_.chance(80) ? low_half(argument()) : high_half(argument())});
    add({Opcode::and_k, mask});
    add({Opcode::jeq_k, random_.chance(70) ? constant() & mask : constant(), distance(), distance()});
  }

  // A 64-bit argument compared in halves: equal, greater, or greater or equal; the way libseccomp does it.
  void wide_compare() {
    const std::uint32_t arg = argument();
    const std::uint32_t high = random_.chance(60) ? 0 : constant();
    const bool ordered = random_.chance(60);
    add({Opcode::ld_abs, high_half(arg)});
    if (ordered) add({Opcode::jgt_k, high, 3, 0});
    add({Opcode::jeq_k, high, 0, 3});
    add({Opcode::ld_abs, low_half(arg)});
    add({!ordered ? Opcode::jeq_k : random_.chance(50) ? Opcode::jgt_k : Opcode::jge_k, constant(), 0, 1});
    leave();
  }

  void x32_guard() {
    add({Opcode::ld_abs, offset_arch});
    add({Opcode::jeq_k, random_.pick(architectures), 0, random_.below(8)});
    add({Opcode::ld_abs, offset_nr});
    add({random_.chance(80) ? Opcode::jge_k : Opcode::jset_k, arch::x32_bit, 0, 1});
    leave();
  }

  void leave() {
    if (random_.chance(20)) return add({Opcode::ret_a});
    add({Opcode::ret_k, result()});
  }

  void guarded_return() {
    add({random_.pick(branches_k), comparand(), random_.below(2), random_.below(2)});
    leave();
  }

  // Instructions that no path reaches.
  void dead_code() {
    const std::uint32_t skipped = random_.between(1, 5);
    add({Opcode::ja, skipped});
    for (std::uint32_t i = 0; i < skipped; ++i) {
      constexpr Snippet fillers[] = {&Writer::load, &Writer::alu_constant, &Writer::scratch, &Writer::leave};
      (this->*random_.pick(fillers))();
    }
  }

  static constexpr Snippet snippets[] = {
      &Writer::load,         &Writer::alu_constant,    &Writer::alu_register,    &Writer::shift_register,
      &Writer::divide,       &Writer::unary,           &Writer::immediate,       &Writer::scratch,
      &Writer::fold_all,     &Writer::branch_constant, &Writer::branch_register, &Writer::test_bits,
      &Writer::jump,         &Writer::diamond,         &Writer::far_jump,        &Writer::ladder,
      &Writer::tree,         &Writer::masked_argument, &Writer::wide_compare,    &Writer::x32_guard,
      &Writer::guarded_return, &Writer::dead_code,     &Writer::store_all,
  };
  static constexpr std::size_t snippet_count = std::size(snippets);

  // --- What makes it valid

  void cut_jumps() {
    for (std::uint32_t pc = 0; pc < program_.size(); ++pc) {
      Insn& in = program_[pc];
      const std::uint32_t farthest = length_ - pc - 2;  // not read for the last instruction, which is a return
      const Form form = bpf::find_opcode(in.code)->form;
      if (form == Form::jump) in.k = std::min(in.k, farthest);
      if (!bpf::is_branch(form)) continue;
      in.jt = static_cast<std::uint8_t>(std::min<std::uint32_t>(in.jt, farthest));
      in.jf = static_cast<std::uint8_t>(std::min<std::uint32_t>(in.jf, farthest));
    }
  }

  void repair_scratch() {
    while (const auto error = verifier::check(program_)) {
      Insn& in = program_[error->pc];
      in = insn({bpf::opcode_of(in) == Opcode::ld_mem ? Opcode::ld_imm : Opcode::ldx_imm, constant()});
    }
  }

  Random& random_;
  const std::uint32_t length_;
  std::vector<Insn> program_;
};

// Short programs mostly, all lengths sometimes, the longest now and then.
std::uint32_t pick_length(Random& random, std::uint32_t max_length) {
  const std::uint32_t kind = random.below(100);
  if (kind == 0) return max_length;
  if (kind < 10) return random.between(1, max_length);
  return random.between(1, std::min<std::uint32_t>(max_length, kind < 50 ? 16 : kind < 85 ? 60 : 320));
}

// --- Mutation

constexpr std::uint16_t illegal_codes[] = {0x0e, 0x8c, 0x0d, 0x08, 0x88, 0x21, 0x94, 0x9c, 0x28, 0x30, 0x40,
                                           0x48, 0x50, 0xb1, 0x16 | 0x08, 0xff, 0x106, 0x8006, 0xffff};

std::uint16_t other_code(Random& random, std::uint16_t code) {
  switch (random.below(4)) {
    case 0: return static_cast<std::uint16_t>(code ^ 1u << random.below(16));
    case 1: return random.pick(illegal_codes);
    default:
      return static_cast<std::uint16_t>(bpf::opcode_table[random.below(std::size(bpf::opcode_table))].opcode);
  }
}

// Around the limits of the verifier: slots, shifts, offsets, and `behind`, the first distance that leaves.
std::uint32_t other_k(Random& random, std::uint32_t behind) {
  const std::uint32_t limits[] = {0, 15, 16, 31, 32, 60, 61, 64, behind - 1, behind, behind + 1};
  return random.chance(60) ? random.pick(limits) : edge_constant(random);
}

std::uint8_t other_distance(Random& random, std::uint32_t behind) {
  const std::uint32_t limits[] = {0, 1, 255, behind - 1, behind, behind + 1, random.below(256)};
  return static_cast<std::uint8_t>(random.pick(limits));
}

void break_one(Random& random, std::vector<Insn>& program) {
  const std::uint32_t size = static_cast<std::uint32_t>(program.size());
  const std::uint32_t pc = random.chance(25) ? size - 1 : random.below(size);
  const std::uint32_t behind = size - pc - 1;
  Insn& in = program[pc];
  switch (random.below(8)) {
    case 0: in.code = other_code(random, in.code); break;
    case 1: in.jt = other_distance(random, behind); break;
    case 2: in.jf = other_distance(random, behind); break;
    case 3:
    case 4: in.k = other_k(random, behind); break;
    case 5: std::swap(in, program[random.below(size)]); break;
    case 6: in = insn({random.chance(50) ? Opcode::ld_mem : Opcode::st, random.below(scratch_slots + 1)}); break;
    case 7:
      if (size > 1) program.erase(program.begin() + static_cast<std::ptrdiff_t>(pc));
      break;
  }
}

// --- Inputs

constexpr std::uint32_t words = sizeof(SeccompData) / 4;
using Words = std::array<std::uint32_t, words>;

// A word of the input and a constant that the program compares it with (or masks it by).
struct Comparison {
  std::uint32_t word;
  std::uint32_t k;
};

// Follows the text, not the paths: good enough to hit most comparisons on the spot.
std::vector<Comparison> comparisons(std::span<const Insn> program) {
  std::vector<Comparison> found;
  std::uint32_t word = 0;
  for (const Insn& in : program) {
    const bpf::OpcodeInfo* info = bpf::find_opcode(in.code);
    if (info == nullptr) continue;
    if (info->form == Form::abs) word = in.k / 4 % words;
    if (info->form == Form::branch_imm || info->opcode == Opcode::and_k) found.push_back({word, in.k});
  }
  return found;
}

SeccompData to_data(const Words& w) {
  SeccompData data{};
  data.nr = w[0];
  data.arch = w[1];
  const auto wide = [&](std::uint32_t i) { return w[i] | std::uint64_t{w[i + 1]} << 32; };
  data.instruction_pointer = wide(2);
  for (std::uint32_t i = 0; i < 6; ++i) data.args[i] = wide(4 + 2 * i);
  return data;
}

class InputWriter {
 public:
  InputWriter(std::span<const Insn> program, std::uint64_t seed) : random_(seed), pairs_(comparisons(program)) {}

  SeccompData make(std::size_t i) {
    Words w = background();
    if (!pairs_.empty() && i % 8 != 7) {
      const Comparison& pair = pairs_[(start_ + i) % pairs_.size()];
      w[pair.word] = near(pair.k, i / pairs_.size());
    }
    if (random_.chance(8)) swap_halves(w);
    return to_data(w);
  }

 private:
  Words background() {
    Words w{};
    for (auto& word : w) word = random_.chance(40) ? 0 : any_word();
    w[0] = number();
    w[1] = random_.chance(75) ? arch::x86_64 : random_.chance(70) ? arch::x86_32 : any_word();
    return w;
  }

  std::uint32_t any_word() {
    if (!pairs_.empty() && random_.chance(50)) return near(random_.pick(std::span<const Comparison>(pairs_)).k, 4);
    return random_.chance(70) ? edge_constant(random_) : random_.word();
  }

  std::uint32_t number() {
    constexpr std::uint32_t odd[] = {0,   0x7fffffff,        0xffffffff,         arch::x32_bit,
                                     512, arch::x32_bit - 1, arch::x32_bit | 511};
    const std::uint32_t kind = random_.below(10);
    if (kind == 0) return random_.pick(odd);
    if (kind == 1) return arch::x32_bit | random_.below(512);
    return kind < 6 ? random_.below(460) : any_word();
  }

  // First the constant itself, then its neighbours, then one of them or a bit flip.
  std::uint32_t near(std::uint32_t k, std::size_t round) {
    const std::size_t kind = round < 3 ? round : random_.below(4);
    if (kind == 0) return k;
    if (kind == 1) return k + 1;
    return kind == 2 ? k - 1 : k ^ 1u << random_.below(32);
  }

  void swap_halves(Words& w) {
    const std::uint32_t low = 4 + 2 * random_.below(6);
    std::swap(w[low], w[low + 1]);
  }

  Random random_;
  std::vector<Comparison> pairs_;
  std::size_t start_ = pairs_.empty() ? 0 : random_.below(static_cast<std::uint32_t>(pairs_.size()));
};

}  // namespace

std::uint32_t edge_constant(Random& random) {
  switch (random.below(10)) {
    case 0:
    case 1:
    case 2:
    case 3: return random.pick(edges);
    case 4: return 1u << random.below(32);
    case 5: return (1u << random.below(32)) - 1;
    case 6: return random.below(512);
    case 7: {
      const std::uint32_t data = random.below(3);
      return random.pick(actions) | data;
    }
    case 8: return random.chance(50) ? random.pick(architectures) : arch::x32_bit | random.below(512);
    default: return random.word();
  }
}

std::vector<Insn> ProgramGenerator::valid(std::uint32_t max_length) {
  return Writer(random_, pick_length(random_, std::min(max_length, max_program_length))).run();
}

std::vector<Insn> ProgramGenerator::mutated(const std::vector<Insn>& program) {
  std::vector<Insn> broken = program;
  for (std::uint32_t left = random_.between(1, 3); left > 0; --left) break_one(random_, broken);
  return broken;
}

std::vector<Insn> ProgramGenerator::random_bytes(std::uint32_t max_length) {
  const bool known_codes = random_.chance(70);
  std::vector<Insn> program(random_.between(1, std::min<std::uint32_t>(max_length, known_codes ? 6 : 12)));
  for (Insn& in : program) {
    const std::uint64_t bits = random_.next();
    in.code = static_cast<std::uint16_t>(bits);
    in.jt = static_cast<std::uint8_t>(bits >> 16);
    in.jf = static_cast<std::uint8_t>(bits >> 24);
    in.k = static_cast<std::uint32_t>(bits >> 32);
    if (!known_codes) continue;
    in.code = static_cast<std::uint16_t>(bpf::opcode_table[random_.below(std::size(bpf::opcode_table))].opcode);
    in.jt = static_cast<std::uint8_t>(in.jt >> random_.below(9));
    in.jf = static_cast<std::uint8_t>(in.jf >> random_.below(9));
    in.k >>= random_.below(32);
  }
  if (known_codes && random_.chance(60)) program.back().code = static_cast<std::uint16_t>(Opcode::ret_k);
  return program;
}

std::vector<SeccompData> inputs_for(std::span<const Insn> program, std::uint64_t seed, std::size_t count) {
  InputWriter writer(program, seed);
  std::vector<SeccompData> inputs;
  inputs.reserve(count);
  for (std::size_t i = 0; i < count; ++i) inputs.push_back(writer.make(i));
  return inputs;
}

}  // namespace callgate::test
