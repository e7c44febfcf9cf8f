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

Engine engine_of(Contestant contestant) { return contestant == Contestant::xbyak ? Engine::xbyak : Engine::asmjit; }

bool is_code(Contestant contestant) { return contestant == Contestant::xbyak || contestant == Contestant::asmjit; }

Target resolved(Target target) { return target == Target::native ? jit::host_target() : target; }

bool is_foreign(const Config& config) { return resolved(config.target) != jit::host_target(); }

std::string foreign_obstacle(const Config& config) {
  if (resolved(config.target) != Target::x86_32) return "this process is 32-bit";
  return config.reuse_code_memory ? machine::obstacle(machine::Ability::segment_32)
                                  : Helper32::obstacle(config.helper_32);
}

// Why it cannot run here; empty if it can.
std::string obstacle(Contestant contestant, const Config& config) {
  const std::string who = name(contestant);
  if (!is_code(contestant)) return is_foreign(config) ? who + " runs natively only" : "";
  if (!available(engine_of(contestant), config.target)) {
    return who + " makes no code for " + callgate::name(config.target) + " in this build";
  }
  const std::string why = target_obstacle(config);
  return why.empty() ? "" : "code for " + std::string(callgate::name(config.target)) + " cannot run here: " + why;
}

std::unique_ptr<Decider> foreign_decider(const Config& config, Optimize level) {
  return config.reuse_code_memory ? gate_32_decider(level) : code_32_decider(config.helper_32, level);
}

void add(Deciders& deciders, Contestant contestant, const Config& config) {
  switch (contestant) {
    case Contestant::xbyak:
    case Contestant::asmjit:
      for (const Optimize level : config.levels) {
        deciders.push_back(is_foreign(config) ? foreign_decider(config, level)
                                              : code_decider(engine_of(contestant), level, config.reuse_code_memory));
      }
      break;
    case Contestant::table: deciders.push_back(chain_decider()); break;
    case Contestant::match: deciders.push_back(match_decider()); break;
    case Contestant::graph: deciders.push_back(graph_decider()); break;
  }
}

}  // namespace

void refuse_to_run(FallbackReason reason, int error) {
  throw std::runtime_error(std::string("code cannot run here: ") + message(reason) +
                           (error != 0 ? std::string(" (") + std::strerror(error) + ")" : ""));
}

const char* name(Contestant contestant) noexcept {
  switch (contestant) {
    case Contestant::xbyak: return "xbyak";
    case Contestant::asmjit: return "asmjit";
    case Contestant::table: return "table";
    case Contestant::match: return "match";
    case Contestant::graph: return "graph";
  }
  return "?";
}

std::string target_obstacle(const Config& config) {
  if (!is_foreign(config)) return "";
  return available(Engine::asmjit, config.target) ? foreign_obstacle(config) : "this build has no AsmJit";
}

std::vector<Contestant> available_contestants(const Config& config) {
  std::vector<Contestant> found;
  for (const Contestant contestant :
       {Contestant::xbyak, Contestant::asmjit, Contestant::table, Contestant::match, Contestant::graph}) {
    if (obstacle(contestant, config).empty()) found.push_back(contestant);
  }
  return found;
}

Expected<Deciders, std::string> make_deciders(const Config& config) {
  Deciders deciders;
  for (const Contestant contestant : config.contestants) {
    if (std::string problem = obstacle(contestant, config); !problem.empty()) return problem;
    add(deciders, contestant, config);
  }
  if (deciders.empty()) return std::string("no engine to compare with the interpreter");
  return deciders;
}

}  // namespace callgate::oracles
