#include "cli/filter_path.h"

#include <optional>
#include <utility>

#include "bpf/disassembler.h"
#include "bpf/names.h"
#include "bpf/opcode.h"

namespace callgate::cli {
namespace {

using bpf::Opcode;

class Probe {
 public:
  Probe(const Program& program, const SeccompData& call)
      : insns_(program.instructions().begin(), program.instructions().end()), call_(call) {}

  // Two results, since one may be the filter's own.
  bool comes_to(std::size_t pc) {
    const auto returned = [&](std::uint32_t k) { return result_with(pc, {0x06, 0, 0, k}); };
    return returned(0) == std::uint32_t{0} && returned(1) == std::uint32_t{1};
  }
  std::uint32_t accumulator(std::size_t pc) { return result_with(pc, {0x16, 0, 0, 0}).value_or(0); }

 private:
  std::optional<std::uint32_t> result_with(std::size_t pc, const Insn& insn) {
    const Insn before = std::exchange(insns_[pc], insn);
    const auto program = verify(insns_);
    insns_[pc] = before;
    if (!program) return std::nullopt;
    return interpret(*program, call_);
  }

  std::vector<Insn> insns_;
  const SeccompData& call_;
};

bool is_conditional(const Insn& insn) {
  const bpf::OpcodeInfo* const info = bpf::find_opcode(insn.code);
  return info != nullptr && bpf::is_branch(info->form);
}

}  // namespace

std::vector<PassedTest> passed_tests(const Program& program, const SeccompData& call) {
  const auto insns = program.instructions();
  Probe probe(program, call);
  std::vector<PassedTest> tests;
  std::string what = "A";
  for (std::size_t pc = 0; pc < insns.size(); ++pc) {
    const Opcode opcode = bpf::opcode_of(insns[pc]);
    const bool is_load = opcode == Opcode::ld_abs;
    const bool changes =
        is_load || (insns[pc].code & 0x07) == 0 || (insns[pc].code & 0x07) == 4 || opcode == Opcode::txa;
    if (!is_conditional(insns[pc]) && !changes) continue;
    if (!probe.comes_to(pc)) continue;
    if (!is_conditional(insns[pc])) {
      what = is_load ? std::string(bpf::field_name(insns[pc].k)) : "A";
      continue;
    }
    const Insn& insn = insns[pc];
    // Jumps go forward: whoever takes the longer one does not come to the end of the shorter one.
    const bool holds = insn.jt < insn.jf ? probe.comes_to(pc + 1 + insn.jt) : !probe.comes_to(pc + 1 + insn.jf);
    tests.push_back({static_cast<std::uint32_t>(pc), bpf::disassemble(insn, static_cast<std::uint32_t>(pc)), what,
                     probe.accumulator(pc), holds});
  }
  return tests;
}

}  // namespace callgate::cli
