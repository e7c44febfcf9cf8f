#include "tests/support/run_everywhere.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

#include "bpf/disassembler.h"
#include "bpf/names.h"
#include "dispatch/action_table.h"
#include "fuzz/generator/inputs.h"
#include "interp/run.h"
#include "ir/evaluate.h"
#include "ir/plan.h"
#include "jit/compile.h"
#include "tests/support/helper_32.h"

namespace callgate::test {
namespace {

using Results = std::vector<std::uint32_t>;

// Who decides, and how it decides all inputs.
struct Evaluator {
  std::string name;
  std::function<Results(std::span<const SeccompData>)> run;
};

std::uint32_t reference(std::span<const Program> oldest_first, MergeRule rule, const SeccompData& data) {
  std::uint32_t current = 0x7fff0000;
  for (std::size_t i = oldest_first.size(); i-- > 0;) {
    const std::uint32_t result = interpret(oldest_first[i], data);
    if (rule == MergeRule::first_non_allow) {
      if ((result & 0xffff0000) != 0x7fff0000) return result;
    } else if (static_cast<std::int32_t>(result & 0xffff0000) < static_cast<std::int32_t>(current & 0xffff0000)) {
      current = result;
    }
  }
  return current;
}

Evaluator of_chain(const std::string& name, const Chain& chain) {
  return {name, [chain](std::span<const SeccompData> inputs) {
            Results results;
            for (const SeccompData& data : inputs) results.push_back(chain.evaluate(data));
            return results;
          }};
}

Evaluator failure(const std::string& name, const std::string& why) {
  return {name + " (" + why + ")", [](std::span<const SeccompData>) { return Results{}; }};
}

// A chain that is not what was asked for is a failure, never a silent other engine.
Evaluator chain_evaluator(std::span<const Program> filters, const Options& options, bool one_by_one, bool native) {
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
  if (native && chain->engine() != options.engine) return failure(name, rule(chain->fallback_reason()));
  if (!native && chain->engine() != Engine::interpreter) return failure(name, "runs native code");
  return of_chain(name, *chain);
}

Evaluator match_evaluator(std::span<const Program> filters, MergeRule rule) {
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

void add_graph_evaluators(std::vector<Evaluator>& out, std::span<const Program> filters, MergeRule rule) {
  for (const ir::Detail detail : {ir::Detail::facts, ir::Detail::numbers, ir::Detail::whole}) {
    ir::Plan plan = ir::make_plan(filters, {.rule = rule, .detail = detail});
    if (plan.size() != 1 || plan[0]->decisions() == nullptr) return;  // over budget: the chains above run it
    out.push_back(
        {std::string("decision graph, detail ") + ir::name(detail), [plan](std::span<const SeccompData> inputs) {
           const ir::Decisions& decisions = *plan[0]->decisions();
           Results results;
           for (const SeccompData& data : inputs) {
             const ir::NodeId root = decisions.root_of(ir::class_of(data.nr, data.arch));
             results.push_back(ir::evaluate(decisions.graph, root, data));
           }
           return results;
         }});
  }
}

// Code of a chain with its action table, as Chain uses both.
struct TableAndCode {
  std::vector<std::uint32_t> table;
  std::vector<detail::ArgumentCheck> checks;
  std::vector<std::uint8_t> code;

  // The word of a call, and the code that it names: a jump to it, in front of all code.
  std::uint32_t word_of(const SeccompData& data) const {
    return table[detail::table_index(detail::call_id(data.nr, data.arch))];
  }
  std::vector<std::uint8_t> code_at(std::uint32_t word) const {
    const std::uint32_t offset = word - detail::code_base;
    std::vector<std::uint8_t> bytes = {0xe9, 0, 0, 0, 0};  // jmp rel32
    std::memcpy(&bytes[1], &offset, sizeof offset);
    bytes.insert(bytes.end(), code.begin(), code.end());
    return bytes;
  }
};

// x86_32 code from this 64-bit process, run by the helper, a batch for each entry.
Results run_in_helper(const TableAndCode& made, std::span<const SeccompData> inputs) {
  Results results(inputs.size());
  std::map<std::uint32_t, std::vector<std::size_t>> by_word;
  for (std::size_t i = 0; i < inputs.size(); ++i) by_word[made.word_of(inputs[i])].push_back(i);
  for (const auto& [word, indices] : by_word) {
    std::vector<SeccompData> batch;
    for (const std::size_t i : indices) batch.push_back(inputs[i]);
    Results answers(batch.size(), word);
    if (detail::is_residual(word) && word >= detail::code_base) {
      answers = Helper32::instance().run(made.code_at(word), batch);
    } else if (detail::is_residual(word)) {
      for (std::size_t i = 0; i < batch.size(); ++i)
        answers[i] = made.checks[word - detail::check_base].decide(&batch[i]);
    }
    if (answers.size() != batch.size()) return {};  // the helper died of it
    for (std::size_t i = 0; i < indices.size(); ++i) results[indices[i]] = answers[i];
  }
  return results;
}

// With less detail as long as the code is larger than the table can reach, as Chain does it.
std::optional<TableAndCode> compile_32_bit(std::span<const Program> filters, ir::PlanOptions options) {
  for (const ir::Detail level : {ir::Detail::facts, ir::Detail::numbers, ir::Detail::whole, ir::Detail::straight}) {
    options.detail = level;
    const ir::Plan plan = ir::make_plan(filters, options);
    const auto residuals = detail::find_residuals(plan, options.rule);
    const bool has_less = options.level == Optimize::full && level != ir::Detail::straight;
    const auto code = jit::compile({.plan = plan,
                                    .rule = options.rule,
                                    .engine = Engine::asmjit,
                                    .target = Target::x86_32,
                                    .residuals = residuals.roots,
                                    .max_bytes = has_less ? max_code_bytes : jit::max_straight_bytes});
    if (!code && has_less && code.error().reason == FallbackReason::code_too_large) continue;
    if (!code) return std::nullopt;
    TableAndCode made{std::vector<std::uint32_t>(detail::action_table_words), residuals.checks, code->bytes};
    detail::fill(detail::ActionTable(made.table.data(), made.table.size()), plan, options.rule, residuals,
                 code->entries);
    return made;
  }
  return std::nullopt;
}

void add_32_bit(std::vector<Evaluator>& out, std::span<const Program> filters, MergeRule rule) {
  if (!Helper32::is_available() || jit::find_backend(Engine::asmjit) == nullptr) return;
  for (const Optimize level : {Optimize::none, Optimize::full}) {
    const std::string name = std::string("x86_32 by AsmJit in the helper, optimize=") + callgate::name(level);
    const auto made = compile_32_bit(filters, {.rule = rule, .level = level});
    if (!made) {
      out.push_back(failure(name, "does not compile"));
      continue;
    }
    out.push_back({name, [made = *made](std::span<const SeccompData> inputs) { return run_in_helper(made, inputs); }});
  }
}

std::vector<Evaluator> evaluators(std::span<const Program> filters, MergeRule rule) {
  std::vector<Evaluator> all;
  for (const Engine engine : native_engines()) {
    for (const Optimize level : {Optimize::none, Optimize::full}) {
      const Options options{.engine = engine, .optimize = level, .rule = rule, .path_limit = 0};
      all.push_back(chain_evaluator(filters, options, false, true));
      if (filters.size() > 1) all.push_back(chain_evaluator(filters, options, true, true));
    }
  }
  all.push_back(chain_evaluator(filters, {.engine = Engine::interpreter, .rule = rule, .path_limit = 0}, true, false));
  all.push_back(chain_evaluator(filters, {.rule = rule, .no_exec_memory = true, .path_limit = 0}, true, false));
  all.push_back(match_evaluator(filters, rule));
  add_graph_evaluators(all, filters, rule);
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
  for (const SeccompData& data : inputs) expected.push_back(reference(filters, rule, data));
  for (const Evaluator& evaluator : evaluators(filters, rule)) {
    const Results actual = evaluator.run(inputs);
    if (actual.size() != inputs.size()) {
      return report(filters, rule, evaluator.name, inputs[0], expected[0], "nothing: it cannot run");
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (actual[i] != expected[i])
        return report(filters, rule, evaluator.name, inputs[i], expected[i], show(actual[i]));
    }
  }
  return "";
}

}  // namespace

std::vector<Engine> native_engines() {
  std::vector<Engine> engines;
  for (const Engine engine : {Engine::xbyak, Engine::asmjit}) {
    if (Chain::create({.engine = engine})) engines.push_back(engine);
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
    const auto more = fuzz::inputs_for(program.instructions(), seed++, count);
    inputs.insert(inputs.end(), more.begin(), more.end());
  }
  return run_everywhere(oldest_first, inputs);
}

}  // namespace callgate::test
