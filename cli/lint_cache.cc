// callgate lint: what the kernel's cache of constant decisions cannot know.
#include <algorithm>

#include "bpf/opcode.h"
#include "cli/lint_policy.h"

namespace callgate::cli {
namespace {

// Whether the kernel's cache of constant ALLOWs can know it: seccomp_is_const_allow() in kernel/seccomp.c follows loads
// of number and architecture, jumps on constants, AND, and RET K, and gives up on everything else.
bool is_known_to_the_cache(const Program& program, const SeccompData& data) {
  using bpf::Opcode;
  std::uint32_t a = 0;
  const auto instructions = program.instructions();
  for (std::size_t pc = 0; pc < instructions.size(); ++pc) {
    const Insn& insn = instructions[pc];
    bool taken = false;
    switch (bpf::opcode_of(insn)) {
      case Opcode::ld_abs:
        if (insn.k > 4) return false;
        a = insn.k == 0 ? data.nr : data.arch;
        continue;
      case Opcode::ret_k: return insn.k == action::allow;
      case Opcode::ja: pc += insn.k; continue;
      case Opcode::and_k: a &= insn.k; continue;
      case Opcode::jeq_k: taken = a == insn.k; break;
      case Opcode::jge_k: taken = a >= insn.k; break;
      case Opcode::jgt_k: taken = a > insn.k; break;
      case Opcode::jset_k: taken = (a & insn.k) != 0; break;
      default: return false;
    }
    pc += taken ? insn.jt : insn.jf;
  }
  return false;
}

}  // namespace

void lint_cache(LintPolicy& policy) {
  std::vector<std::string> names;
  std::optional<SeccompData> example;
  for (const auto& [nr, name] : policy.native().names) {
    if (!policy.fate_of(policy.native(), nr).always_runs()) continue;
    const SeccompData call = *policy.fate_of(policy.native(), nr).run;
    if (policy.policy().decide(call) != action::allow) continue;
    const auto known = [&](const Program& program) { return is_known_to_the_cache(program, call); };
    if (std::ranges::all_of(policy.policy().programs(), known)) continue;
    if (!example) example = call;
    names.push_back(name);
  }
  if (example)
    policy.find(
        "not-cached",
        fmt::format("{} always be allowed without the kernel's cache knowing it, as an argument is looked at or "
                    "something is computed before: {}",
                    names.size() == 1 ? "one call will" : fmt::format("{} calls will", names.size()),
                    short_list(names)),
        *example);
}

}  // namespace callgate::cli
