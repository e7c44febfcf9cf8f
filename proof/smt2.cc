#include "proof/smt2.h"

#include <array>
#include <optional>
#include <vector>

#include "bpf/opcode.h"
#include "callgate/action.hpp"

namespace callgate::proof {
namespace {

using bpf::Opcode;

std::string literal(std::uint32_t value) {
  constexpr const char* digits = "0123456789abcdef";
  std::string text = "#x00000000";
  for (std::size_t i = 0; i < 8; ++i) text[2 + i] = digits[value >> (28 - 4 * i) & 15];
  return text;
}

std::string call(const char* function, const std::string& a, const std::string& b) {
  return std::string("(") + function + " " + a + " " + b + ")";
}

// A, X and the scratch slots, as names or literals.
constexpr std::size_t place_count = 2 + scratch_slots;
using Registers = std::array<std::string, place_count>;

// An instruction is reached from others under conditions; its registers are one of theirs.
struct Arrival {
  std::string condition;
  Registers registers;
};

class Encoder {
 public:
  Encoder(std::string& out, const std::string& prefix) : out_(out), prefix_(prefix) {}

  // The name of the filter's result.
  std::string encode(std::span<const Insn> program) {
    arrivals_.assign(program.size() + 1, {});
    Registers start;
    start.fill(literal(0));
    arrivals_[0].push_back({"true", start});
    result_ = literal(0);
    for (std::size_t pc = 0; pc < program.size(); ++pc) {
      if (!arrivals_[pc].empty()) step(program, pc);
      arrivals_[pc].clear();
    }
    return result_;
  }

  std::string define(const char* sort, const std::string& body) {
    const std::string name = prefix_ + std::to_string(count_++);
    out_ += "(define-fun " + name + " () " + sort + " " + body + ")\n";
    return name;
  }
  std::string word(const std::string& body) { return define("(_ BitVec 32)", body); }

 private:
  void leave(const std::string& condition, const std::string& result) {
    result_ = word("(ite " + condition + " " + result + " " + result_ + ")");
  }

  Arrival merge(const std::vector<Arrival>& arrivals) {
    Arrival merged = arrivals[0];
    for (std::size_t i = 1; i < arrivals.size(); ++i) {
      for (std::size_t place = 0; place < place_count; ++place) {
        const std::string& other = arrivals[i].registers[place];
        if (other == merged.registers[place]) continue;
        merged.registers[place] =
            word("(ite " + arrivals[i].condition + " " + other + " " + merged.registers[place] + ")");
      }
      merged.condition = define("Bool", call("or", merged.condition, arrivals[i].condition));
    }
    return merged;
  }

  static const char* operation(Opcode opcode) {
    switch (opcode) {
      case Opcode::add_k:
      case Opcode::add_x: return "bvadd";
      case Opcode::sub_k:
      case Opcode::sub_x: return "bvsub";
      case Opcode::mul_k:
      case Opcode::mul_x: return "bvmul";
      case Opcode::div_k:
      case Opcode::div_x: return "bvudiv";
      case Opcode::or_k:
      case Opcode::or_x: return "bvor";
      case Opcode::and_k:
      case Opcode::and_x: return "bvand";
      case Opcode::xor_k:
      case Opcode::xor_x: return "bvxor";
      case Opcode::lsh_k:
      case Opcode::lsh_x: return "bvshl";
      case Opcode::rsh_k:
      case Opcode::rsh_x: return "bvlshr";
      default: return "";
    }
  }

  static std::string test(Opcode opcode, const std::string& a, const std::string& b) {
    switch (opcode) {
      case Opcode::jgt_k:
      case Opcode::jgt_x: return call("bvugt", a, b);
      case Opcode::jge_k:
      case Opcode::jge_x: return call("bvuge", a, b);
      case Opcode::jset_k:
      case Opcode::jset_x: return "(not (= " + call("bvand", a, b) + " #x00000000))";
      default: return call("=", a, b);
    }
  }

  void step(std::span<const Insn> program, std::size_t pc) {
    Arrival here = merge(arrivals_[pc]);
    const Insn& insn = program[pc];
    const Opcode opcode = bpf::opcode_of(insn);
    const bpf::Form form = bpf::find_opcode(insn.code)->form;
    std::string& a = here.registers[0];
    std::string& x = here.registers[1];
    std::string& slot = here.registers[2 + insn.k % scratch_slots];
    std::size_t next = pc + 1;
    if (bpf::is_branch(form)) {
      const std::string& operand = form == bpf::Form::branch_x ? x : literal(insn.k);
      const std::string taken = define("Bool", test(opcode, a, operand));
      const std::string yes = define("Bool", call("and", here.condition, taken));
      const std::string no = define("Bool", call("and", here.condition, "(not " + taken + ")"));
      arrivals_[pc + 1 + insn.jt].push_back({yes, here.registers});
      arrivals_[pc + 1 + insn.jf].push_back({no, here.registers});
      return;
    }
    switch (opcode) {
      case Opcode::ret_k: return leave(here.condition, literal(insn.k));
      case Opcode::ret_a: return leave(here.condition, a);
      case Opcode::ja: next += insn.k; break;
      case Opcode::ld_imm: a = literal(insn.k); break;
      case Opcode::ldx_imm: x = literal(insn.k); break;
      case Opcode::ld_abs: a = "w" + std::to_string(insn.k / 4); break;
      case Opcode::ld_len: a = literal(64); break;
      case Opcode::ldx_len: x = literal(64); break;
      case Opcode::ld_mem: a = slot; break;
      case Opcode::ldx_mem: x = slot; break;
      case Opcode::st: slot = a; break;
      case Opcode::stx: slot = x; break;
      case Opcode::tax: x = a; break;
      case Opcode::txa: a = x; break;
      case Opcode::neg: a = word("(bvneg " + a + ")"); break;
      case Opcode::lsh_x:
      case Opcode::rsh_x: a = word(call(operation(opcode), a, call("bvand", x, literal(31)))); break;
      case Opcode::div_x: {
        const std::string by_zero = define("Bool", call("=", x, literal(0)));
        leave(define("Bool", call("and", here.condition, by_zero)), literal(0));
        here.condition = define("Bool", call("and", here.condition, "(not " + by_zero + ")"));
        a = word(call("bvudiv", a, x));
        break;
      }
      default: a = word(call(operation(opcode), a, form == bpf::Form::x ? x : literal(insn.k))); break;
    }
    arrivals_[next].push_back(std::move(here));
  }

  std::string& out_;
  std::string prefix_;
  std::size_t count_ = 0;
  std::vector<std::vector<Arrival>> arrivals_;
  std::string result_;
};

std::string action(const std::string& result) { return call("bvand", result, literal(action_mask)); }

std::string encode_chain(std::string& out, const ChainRef& chain, const std::string& prefix) {
  Encoder encoder(out, prefix);
  std::string decision = literal(action::allow);
  std::vector<std::string> results;
  for (const Program& program : chain.oldest_first) results.push_back(encoder.encode(program.instructions()));
  if (chain.rule == MergeRule::first_non_allow) {
    for (const std::string& result : results) {  // oldest first: the newest is asked last and wins
      decision = encoder.word("(ite (= " + action(result) + " " + literal(action::allow) + ") " + decision + " " +
                              result + ")");
    }
    return decision;
  }
  for (std::size_t i = results.size(); i-- > 0;) {
    const std::string& result = results[i];
    decision =
        encoder.word("(ite " + call("bvslt", action(result), action(decision)) + " " + result + " " + decision + ")");
  }
  return decision;
}

}  // namespace

std::string smt2_declarations() {
  std::string out;
  for (std::uint32_t i = 0; i < word_count; ++i) {
    out += "(declare-const w" + std::to_string(i) + " (_ BitVec 32))\n";
  }
  return out;
}

std::string smt2_difference(const ChainRef& old_chain, const ChainRef& new_chain, const std::string& prefix) {
  std::string out;
  const std::string before = encode_chain(out, old_chain, prefix + "a");
  const std::string after = encode_chain(out, new_chain, prefix + "b");
  return out + "(assert (not (= " + before + " " + after + ")))\n";
}

std::string smt2_file(const ChainRef& old_chain, const ChainRef& new_chain) {
  return "(set-logic QF_BV)\n" + smt2_declarations() + smt2_difference(old_chain, new_chain, "") + "(check-sat)\n";
}

}  // namespace callgate::proof
