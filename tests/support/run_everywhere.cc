#include "tests/support/run_everywhere.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <utility>

#include "bpf/disassembler.h"
#include "bpf/names.h"
#include "callgate/core.h"
#include "compose/plan.h"
#include "dispatch/action_table.h"
#include "interp/run.h"
#include "ir/evaluate.h"
#include "jit/compile.h"
#include "oracles/generator/inputs.h"
#include "oracles/harness/decider_kinds.h"
#include "oracles/reference/reference.h"
#include "oracles/x86_32/helper_32.h"

namespace callgate::test {
namespace {

using Results = std::vector<std::uint32_t>;

// Who decides, and how it decides all inputs.
struct Decider {
  std::string name;
  std::function<Results(std::span<const SeccompData>)> run;
};

Decider of_chain(const std::string& name, const Chain& chain) {
  return {name, [chain](std::span<const SeccompData> inputs) {
            Results results;
            for (const SeccompData& data : inputs) results.push_back(chain.evaluate(data));
            return results;
          }};
}

Decider failure(const std::string& name, const std::string& why) {
  return {name + " (" + why + ")", [](std::span<const SeccompData>) { return Results{}; }};
}

// A chain that is not what was asked for is a failure, never a silent other engine.
Decider chain_decider(std::span<const Program> filters, const Options& options, bool one_by_one, bool native) {
  std::string name = std::string("Chain ") + callgate::name(options.engine) +
                     " optimize=" + callgate::name(options.optimize) + (one_by_one ? " one by one" : " all at once") +
                     (options.no_exec_memory ? " no_exec_memory" : "");
  auto chain = Chain::create(options);
  if (!chain) return failure(name, to_string(chain.error()));
  const std::size_t step = one_by_one ? 1 : filters.size();
  for (std::size_t i = 0; i < filters.size(); i += step) {
    auto next = chain->attach(filters.subspan(i, step));
    if (!next) return failure(name, to_string(next.error()));
    chain = std::move(next);
  }
  if (native && chain->engine() != options.engine) return failure(name, message(chain->fallback_reason()));
  if (!native && chain->engine() != Engine::interpreter) return failure(name, "runs native code");
  return of_chain(name, *chain);
}

Decider match_decider(std::span<const Program> filters, MergeRule rule) {
  auto chain = Chain::create({.rule = rule, .path_limit = 0});
  if (chain) chain = chain->attach(filters);
  if (!chain) return failure("match", to_string(chain.error()));
  const std::vector<Program> copy(filters.begin(), filters.end());
  return {"match()", [chain = *chain, copy](std::span<const SeccompData> inputs) {
            Results results;
            for (const SeccompData& data : inputs) {
              const Match match = chain.match(data);
              const bool sound =
                  !match.filter ? match.result == action::allow : interpret(copy[*match.filter], data) == match.result;
              results.push_back(sound ? match.result : ~match.result);
            }
            return results;
          }};
}

// The freestanding core: filters on top of each other in memory of our own.
struct Layers {
  std::vector<std::vector<std::uint8_t>> memory;
  const callgate_image* image = nullptr;
  int code = 0;

  Layers(std::span<const Program> oldest_first, MergeRule rule) {
    for (const Program& filter : oldest_first) {
      memory.emplace_back(callgate_core_attach_size(filter.size()));
      const auto* insns = reinterpret_cast<const callgate_insn*>(filter.instructions().data());
      code = callgate_core_attach(memory.back().data(), memory.back().size(), image, static_cast<std::uint32_t>(rule),
                                  insns, filter.size(), &image);
      if (code != 0) return;
    }
  }
};

Decider core_decider(std::span<const Program> filters, MergeRule rule) {
  const auto layers = std::make_shared<Layers>(filters, rule);
  if (layers->code != 0) return failure("core", "code " + std::to_string(layers->code));
  return {"core", [layers](std::span<const SeccompData> inputs) {
            Results results;
            for (const SeccompData& data : inputs) {
              results.push_back(layers->image == nullptr ? action::allow : callgate_decide(layers->image, &data));
            }
            return results;
          }};
}

void add_graph_deciders(std::vector<Decider>& out, std::span<const Program> filters, MergeRule rule) {
  for (const compose::Precision precision :
       {compose::Precision::path_sensitive, compose::Precision::per_number, compose::Precision::number_blind}) {
    compose::Plan plan = compose::make_plan(filters, {.rule = rule, .precision = precision});
    if (plan.size() != 1 || plan[0]->chain_graph() == nullptr) return;  // over budget: the chains above run it
    out.push_back({std::string("decision graph, precision ") + compose::name(precision),
                   [plan](std::span<const SeccompData> inputs) {
                     const compose::ChainGraph& decisions = *plan[0]->chain_graph();
                     Results results;
                     for (const SeccompData& data : inputs) {
                       const ir::NodeId root = decisions.root_of(compose::class_of(data.nr, data.arch));
                       results.push_back(ir::evaluate(decisions.graph, root, &data));
                     }
                     return results;
                   }});
  }
}

// Whether x86_32 code cannot run here, which is said once in a process.
bool is_absent_32() {
  static const bool is_absent = [] {
    const std::string why = oracles::Helper32::obstacle(CALLGATE_HELPER_32);
    if (!why.empty()) std::printf("left out: asmjit x86_32: %s\n", why.c_str());
    return !why.empty();
  }();
  return is_absent;
}

// x86_32 code from this 64-bit process, run by the helper, with the action table that a chain would have.
void add_32_bit(std::vector<Decider>& out, std::span<const Program> filters, MergeRule rule) {
  if (sizeof(void*) != 8 || !available(Engine::asmjit, Target::x86_32) || is_absent_32()) return;
  for (const Optimize level : {Optimize::none, Optimize::full}) {
    static const std::unique_ptr<oracles::Decider> deciders[] = {
        oracles::code_32_decider(CALLGATE_HELPER_32, Optimize::none),
        oracles::code_32_decider(CALLGATE_HELPER_32, Optimize::full)};
    oracles::Decider& decider = *deciders[level == Optimize::none ? 0 : 1];
    const std::vector<Program> copy(filters.begin(), filters.end());
    out.push_back({decider.name(), [&decider, copy, rule](std::span<const SeccompData> inputs) {
                     const oracles::Question question{copy, rule, inputs};
                     Results results(inputs.size());
                     oracles::Answer answer;
                     oracles::Times times;
                     decider.decide({&question, 1}, results.data(), {&answer, 1}, times);
                     if (answer.what != oracles::Answer::decided) results.clear();
                     return results;
                   }});
  }
}

std::vector<Decider> deciders(std::span<const Program> filters, MergeRule rule) {
  std::vector<Decider> all;
  for (const Engine engine : native_engines()) {
    for (const Optimize level : {Optimize::none, Optimize::full}) {
      const Options options{.engine = engine, .optimize = level, .rule = rule, .path_limit = 0};
      all.push_back(chain_decider(filters, options, false, true));
      if (filters.size() > 1) all.push_back(chain_decider(filters, options, true, true));
    }
  }
  all.push_back(chain_decider(filters, {.engine = Engine::interpreter, .rule = rule, .path_limit = 0}, true, false));
  all.push_back(chain_decider(filters, {.rule = rule, .no_exec_memory = true, .path_limit = 0}, true, false));
  all.push_back(match_decider(filters, rule));
  all.push_back(core_decider(filters, rule));
  add_graph_deciders(all, filters, rule);
  add_32_bit(all, filters, rule);
  return all;
}

// The instructions that the program runs, e.g. "0 1 4 5 ". Whether it comes by an instruction is found by asking: all
// returns become RET 0 and this instruction RET 1.
std::string path(const Program& program, const SeccompData& data) {
  constexpr std::uint16_t ret_k = 0x06;
  constexpr std::uint16_t ret_a = 0x16;
  std::vector<Insn> probe(program.instructions().begin(), program.instructions().end());
  for (Insn& insn : probe) {
    if (insn.code == ret_k || insn.code == ret_a) insn = {ret_k, 0, 0, 0};
  }
  std::string visited;
  for (std::size_t pc = 0; pc < probe.size(); ++pc) {
    const Insn kept = std::exchange(probe[pc], Insn{ret_k, 0, 0, 1});
    if (interp::run(probe.data(), data) == 1) visited += std::to_string(pc) + " ";
    probe[pc] = kept;
  }
  return visited;
}

std::string show(const SeccompData& data) {
  std::ostringstream out;
  out << std::hex << "nr=0x" << data.nr << " arch=0x" << data.arch << " ip=0x" << data.instruction_pointer << " args=";
  for (const std::uint64_t arg : data.args) out << "0x" << arg << ' ';
  return out.str();
}

std::string show(std::uint32_t result) {
  std::ostringstream out;
  out << "0x" << std::hex << result << " (" << bpf::result_name(result) << ")";
  return out.str();
}

std::string report(std::span<const Program> filters, MergeRule rule, const std::string& engine, const SeccompData& data,
                   std::uint32_t expected, const std::string& actual) {
  std::ostringstream out;
  out << engine << ", rule " << callgate::name(rule) << "\n  says " << actual << "\n  interpreter says "
      << show(expected) << "\n  for " << show(data) << "\n";
  for (std::size_t i = 0; i < filters.size(); ++i) {
    out << "filter " << i << " (oldest first), path " << path(filters[i], data) << "\n"
        << bpf::disassemble(filters[i].instructions());
  }
  return out.str();
}

std::string compare(std::span<const Program> filters, MergeRule rule, std::span<const SeccompData> inputs) {
  Results expected;
  for (const SeccompData& data : inputs) expected.push_back(oracles::reference(filters, rule, data));
  for (const Decider& decider : deciders(filters, rule)) {
    const Results actual = decider.run(inputs);
    if (actual.size() != inputs.size()) {
      return report(filters, rule, decider.name, inputs[0], expected[0], "nothing: it cannot run");
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (actual[i] != expected[i]) return report(filters, rule, decider.name, inputs[i], expected[i], show(actual[i]));
    }
  }
  return "";
}

}  // namespace

std::vector<Engine> native_engines() {
  std::vector<Engine> engines;
  for (const Engine engine : {Engine::xbyak, Engine::asmjit}) {
    if (available(engine, Target::native)) engines.push_back(engine);
  }
  return engines;
}

std::string run_everywhere(std::span<const Program> oldest_first, std::span<const SeccompData> inputs) {
  for (const MergeRule rule : {MergeRule::first_non_allow, MergeRule::most_restrictive}) {
    std::string report = compare(oldest_first, rule, inputs);
    if (!report.empty()) return report;
  }
  return "";
}

std::string run_everywhere(std::span<const Program> oldest_first, std::uint64_t seed, std::size_t count) {
  std::vector<SeccompData> inputs;
  for (const Program& program : oldest_first) {
    const auto more = oracles::inputs_for(program.instructions(), seed++, count);
    inputs.insert(inputs.end(), more.begin(), more.end());
  }
  return run_everywhere(oldest_first, inputs);
}

}  // namespace callgate::test
