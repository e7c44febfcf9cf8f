// callgate lint: filters, tests and instructions that change no decision.
#include <algorithm>
#include <optional>

#include "bpf/disassembler.h"
#include "bpf/opcode.h"
#include "bpf/quote.h"
#include "cli/lint_policy.h"

namespace callgate::cli {
namespace {

using bpf::Opcode;
using proof::IntervalSet;

// Calls of these architectures with these numbers, whatever their arguments.
struct Calls {
  IntervalSet arches;
  IntervalSet numbers;
  bool empty() const { return arches.empty() || numbers.empty(); }
};

// What the accumulator holds, as far as calls are told apart by it here.
enum class Holds : std::size_t { nr, arch, other };
constexpr std::size_t all_holds = 3;

// The calls that may come to an instruction, and perhaps others.
class Arrivals {
 public:
  void add(const Calls& calls) {
    if (calls.empty()) return;
    const auto like = std::ranges::find(list_, calls.arches, &Calls::arches);
    if (like != list_.end()) {
      like->numbers = like->numbers | calls.numbers;
    } else {
      list_.push_back(calls);
    }
    constexpr std::size_t most = 64;
    if (list_.size() > most) list_ = {{IntervalSet::all(), IntervalSet::all()}};
  }
  const std::vector<Calls>& list() const { return list_; }

 private:
  std::vector<Calls> list_;
};

// Values of the accumulator for which a jump on a constant is taken, if they are intervals.
std::optional<IntervalSet> taken_values(const Insn& insn) {
  switch (bpf::opcode_of(insn)) {
    case Opcode::jeq_k: return IntervalSet::of(insn.k);
    case Opcode::jge_k: return IntervalSet(insn.k, proof::largest_word);
    case Opcode::jgt_k:
      return insn.k == proof::largest_word ? IntervalSet() : IntervalSet(insn.k + 1, proof::largest_word);
    default: return std::nullopt;
  }
}

struct Useless {
  std::size_t pc;
  bool is_test;  // or an instruction that nothing comes to
  bool passes;   // whether every call passes the test
  Calls calls;   // that come to it; all, if none does
};

// Follows numbers and architectures through one filter. What it says never happens does not happen.
class Reach {
 public:
  explicit Reach(std::span<const Insn> instructions) : insns_(instructions), at_(instructions.size()) {}

  std::vector<Useless> run() {
    at_[0][index(Holds::other)].add({IntervalSet::all(), IntervalSet::all()});
    std::vector<Useless> found;
    for (std::size_t pc = 0; pc < insns_.size(); ++pc) {
      const std::optional<Calls> first = first_arrival(pc);
      if (!first) {
        found.push_back({pc, false, false, {IntervalSet::all(), IntervalSet::all()}});
        continue;
      }
      step(pc);
      const Insn& insn = insns_[pc];
      if (is_test_ && insn.jt != insn.jf && passes_ != fails_) found.push_back({pc, true, passes_, *first});
    }
    return found;
  }

 private:
  static std::size_t index(Holds holds) { return static_cast<std::size_t>(holds); }

  std::optional<Calls> first_arrival(std::size_t pc) const {
    for (const Arrivals& arrivals : at_[pc]) {
      if (!arrivals.list().empty()) return arrivals.list().front();
    }
    return std::nullopt;
  }

  void step(std::size_t pc) {
    const Insn& insn = insns_[pc];
    const Opcode opcode = bpf::opcode_of(insn);
    is_test_ = passes_ = fails_ = false;
    for (std::size_t i = 0; i < all_holds; ++i) {
      for (const Calls& calls : at_[pc][i].list()) step(pc, insn, opcode, static_cast<Holds>(i), calls);
    }
  }

  void step(std::size_t pc, const Insn& insn, Opcode opcode, Holds holds, const Calls& calls) {
    if (opcode == Opcode::ret_k || opcode == Opcode::ret_a) return;
    if (opcode == Opcode::ja) return go(pc + 1 + insn.k, holds, calls);
    if ((insn.code & 0x07) == 0x05) return jump(pc, insn, holds, calls);
    const bool sets_x = (insn.code & 0x07) == 0x01 || opcode == Opcode::tax;  // BPF_LDX
    const bool stores = (insn.code & 0x07) == 0x02 || (insn.code & 0x07) == 0x03;
    Holds next = sets_x || stores ? holds : Holds::other;
    if (opcode == Opcode::ld_abs && insn.k == 0) next = Holds::nr;
    if (opcode == Opcode::ld_abs && insn.k == 4) next = Holds::arch;
    go(pc + 1, next, calls);
  }

  void jump(std::size_t pc, const Insn& insn, Holds holds, const Calls& calls) {
    is_test_ = true;
    const auto taken = taken_values(insn);
    Calls yes = calls;
    Calls no = calls;
    if (taken && holds == Holds::nr) {
      yes.numbers = yes.numbers & *taken;
      no.numbers = no.numbers & taken->complement();
    } else if (taken && holds == Holds::arch) {
      yes.arches = yes.arches & *taken;
      no.arches = no.arches & taken->complement();
    }
    passes_ |= !yes.empty();
    fails_ |= !no.empty();
    go(pc + 1 + insn.jt, holds, yes);
    go(pc + 1 + insn.jf, holds, no);
  }

  void go(std::size_t pc, Holds holds, const Calls& calls) { at_[pc][index(holds)].add(calls); }

  std::span<const Insn> insns_;
  std::vector<std::array<Arrivals, all_holds>> at_;
  bool is_test_ = false;
  bool passes_ = false;  // whether a call passes the test of this step, or fails it
  bool fails_ = false;
};

// A call that the test is about: with its constant as the number, where that can be one.
SeccompData call_for(const Useless& useless, const Insn& insn) {
  SeccompData call{};
  const auto arches =
      useless.calls.arches.contains(arch::x86_64) ? std::uint32_t{arch::x86_64} : useless.calls.arches.min();
  call.arch = arches;
  const bool is_number = useless.is_test && insn.k < 2 * arch::x32_bit;
  call.nr = is_number ? insn.k : useless.calls.numbers.min();
  return call;
}

std::string place_of(const Policy& policy, std::size_t filter) {
  return policy.files().size() < 2 ? "" : fmt::format("filter {}, {}, ", filter, bpf::visible(policy.files()[filter]));
}

void lint_instructions(LintPolicy& policy, std::size_t filter) {
  constexpr std::size_t most = 4;
  const auto instructions = policy.policy().programs()[filter].instructions();
  std::vector<std::string> unreached;
  std::optional<SeccompData> any;
  std::size_t told = 0;
  for (const Useless& useless : Reach(instructions).run()) {
    const Insn& insn = instructions[useless.pc];
    if (!useless.is_test) {
      unreached.push_back(std::to_string(useless.pc));
      any = call_for(useless, insn);
      continue;
    }
    if (++told > most) continue;
    policy.find("test-never-acts",
                fmt::format("{}instruction {}, which compares with {:#x}: every call that comes there {} it, as tests "
                            "before it have decided on the others",
                            place_of(policy.policy(), filter), useless.pc, insn.k, useless.passes ? "passes" : "fails"),
                call_for(useless, insn));
  }
  if (told > most) {
    policy.find("test-never-acts", fmt::format("{}and {} more tests", place_of(policy.policy(), filter), told - most),
                SeccompData{0, arch::x86_64, 0, {}});
  }
  if (any) {
    policy.find("never-reached",
                fmt::format("{}no call comes to instruction{} {}", place_of(policy.policy(), filter),
                            unreached.size() == 1 ? "" : "s", short_list(unreached)),
                *any);
  }
}

void lint_filters(LintPolicy& policy) {
  constexpr std::size_t most = 16;
  const std::vector<Program>& programs = policy.policy().programs();
  if (programs.size() < 2 || programs.size() > most) return;
  for (std::size_t i = 0; i < programs.size(); ++i) {
    std::vector<Program> others = programs;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
    const proof::ChainRef without{others, policy.policy().chain().rule};
    if (proof::compare(policy.policy().chain(), without).verdict != proof::Verdict::equal) continue;
    policy.find("filter-never-acts",
                fmt::format("filter {}, {}, changes no decision of the chain", i, policy.policy().files()[i]),
                SeccompData{0, arch::x86_64, 0, {}});
  }
}

}  // namespace

void lint_useless(LintPolicy& policy) {
  lint_filters(policy);
  for (std::size_t i = 0; i < policy.policy().programs().size(); ++i) {
    const bool is_profile = bpf::detect_format(policy.policy().contents()[i]) == bpf::Format::oci;
    if (!is_profile) lint_instructions(policy, i);  // a profile's instructions are not its author's
  }
}

}  // namespace callgate::cli
