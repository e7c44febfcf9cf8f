#include <cstring>
#include <stdexcept>

#include "jit/backend.h"
#include "oracles/harness/config.h"
#include "oracles/harness/decider.h"
#include "oracles/harness/decider_kinds.h"
#include "oracles/machine/machine.h"
#include "oracles/x86_32/helper_32.h"

namespace callgate::oracles {
namespace {

Engine engine_of(DeciderKind kind) { return kind == DeciderKind::xbyak ? Engine::xbyak : Engine::asmjit; }

bool is_code(DeciderKind kind) { return kind == DeciderKind::xbyak || kind == DeciderKind::asmjit; }

Target resolved(Target target) { return target == Target::native ? jit::host_target() : target; }

bool is_foreign(const Config& config) { return resolved(config.target) != jit::host_target(); }

std::string foreign_obstacle(const Config& config) {
  if (resolved(config.target) != Target::x86_32) return "this process is 32-bit";
  return config.reuse_code_memory ? machine::obstacle(machine::Ability::segment_32)
                                  : Helper32::obstacle(config.helper_32);
}

// Why it cannot run here; empty if it can.
std::string obstacle(DeciderKind kind, const Config& config) {
  const std::string who = name(kind);
  if (!is_code(kind)) return is_foreign(config) ? who + " runs natively only" : "";
  if (!available(engine_of(kind), config.target)) {
    return who + " makes no code for " + callgate::name(config.target) + " in this build";
  }
  const std::string why = target_obstacle(config);
  return why.empty() ? "" : "code for " + std::string(callgate::name(config.target)) + " cannot run here: " + why;
}

std::unique_ptr<Decider> foreign_decider(const Config& config, Optimize level) {
  return config.reuse_code_memory ? gate_32_decider(level) : code_32_decider(config.helper_32, level);
}

void add(Deciders& deciders, DeciderKind kind, const Config& config) {
  switch (kind) {
    case DeciderKind::xbyak:
    case DeciderKind::asmjit:
      for (const Optimize level : config.levels) {
        deciders.push_back(is_foreign(config) ? foreign_decider(config, level)
                                              : code_decider(engine_of(kind), level, config.reuse_code_memory));
      }
      break;
    case DeciderKind::table: deciders.push_back(chain_decider()); break;
    case DeciderKind::match: deciders.push_back(match_decider()); break;
    case DeciderKind::graph: deciders.push_back(graph_decider()); break;
  }
}

}  // namespace

void refuse_to_run(FallbackReason reason, int error) {
  throw std::runtime_error(std::string("code cannot run here: ") + message(reason) +
                           (error != 0 ? std::string(" (") + std::strerror(error) + ")" : ""));
}

const char* name(DeciderKind kind) noexcept {
  switch (kind) {
    case DeciderKind::xbyak: return "xbyak";
    case DeciderKind::asmjit: return "asmjit";
    case DeciderKind::table: return "table";
    case DeciderKind::match: return "match";
    case DeciderKind::graph: return "graph";
  }
  return "?";
}

std::string target_obstacle(const Config& config) {
  if (!is_foreign(config)) return "";
  return available(Engine::asmjit, config.target) ? foreign_obstacle(config) : "this build has no AsmJit";
}

std::vector<DeciderKind> available_deciders(const Config& config) {
  std::vector<DeciderKind> found;
  for (const DeciderKind kind :
       {DeciderKind::xbyak, DeciderKind::asmjit, DeciderKind::table, DeciderKind::match, DeciderKind::graph}) {
    if (obstacle(kind, config).empty()) found.push_back(kind);
  }
  return found;
}

Expected<Deciders, std::string> make_deciders(const Config& config) {
  Deciders deciders;
  for (const DeciderKind kind : config.kinds) {
    if (std::string problem = obstacle(kind, config); !problem.empty()) return problem;
    add(deciders, kind, config);
  }
  if (deciders.empty()) return std::string("no engine to compare with the interpreter");
  return deciders;
}

}  // namespace callgate::oracles
