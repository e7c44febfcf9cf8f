#include "cli/chain_options.h"

namespace callgate::cli {
namespace {

// Switches by the names that the library gives them.
template <class T>
CLI::Option* add_named(CLI::App& command, const std::string& flag, T& value, std::initializer_list<T> values,
                       const std::string& help) {
  std::vector<std::pair<std::string, T>> choices;
  for (const T each : values) choices.emplace_back(name(each), each);
  return add_choice(command, flag, value, choices, help);
}

}  // namespace

void add_chain_options(CLI::App& command, Options& chain) {
  add_named(command, "--engine", chain.engine, {Engine::automatic, Engine::interpreter, Engine::asmjit, Engine::xbyak},
            "What decides the calls");
  add_named(command, "--target", chain.target, {Target::native, Target::x86_64, Target::x86_32},
            "The machine that native code is made for");
  add_named(command, "--optimize", chain.optimize, {Optimize::full, Optimize::none},
            "none compiles each filter as it stands");
  add_named(command, "--rule", chain.rule, {MergeRule::first_non_allow, MergeRule::most_restrictive},
            "How the filters' results become one: the newest that is not ALLOW, or\nthe strictest (as in the kernel)");
  command.add_option("--step-limit", chain.step_limit, "The most steps of composing filters, about 60 ns each")
      ->check(whole_number(0, 0xffffffff))
      ->type_name("N");
  command.add_option("--node-limit", chain.node_limit, "The most nodes of the decision graph")
      ->check(whole_number(0, 0xffffffff))
      ->type_name("N");
  command.add_option("--byte-limit", chain.byte_limit, "The most bytes of table, records, code and graph")
      ->check(whole_number(0, 0xffffffff))
      ->type_name("BYTES");
  command.add_flag("--blind-constants", chain.blind_constants,
                   "Constants of filters do not stand in machine code as they are");
}

}  // namespace callgate::cli
