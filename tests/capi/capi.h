// The C API in tests: chains that release themselves, and C++ values as C has them.
#pragma once

#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "callgate/callgate.h"
#include "callgate/options.hpp"
#include "callgate/program.hpp"

namespace callgate::test {

struct ReleaseChain {
  void operator()(const callgate_chain* chain) const { callgate_chain_release(chain); }
};
using CChain = std::unique_ptr<const callgate_chain, ReleaseChain>;

inline std::string text_of(const callgate_error& error) {
  char text[256];
  callgate_error_text(&error, text, sizeof text);
  return text;
}

inline callgate_error no_error() {
  callgate_error error{};
  error.size = sizeof error;
  return error;
}

inline callgate_filter filter_of(std::span<const Insn> instructions) {
  return {reinterpret_cast<const callgate_insn*>(instructions.data()), instructions.size()};
}

inline const callgate_data* data_of(const SeccompData& call) { return reinterpret_cast<const callgate_data*>(&call); }

// Written by hand, apart from capi/convert.cc.
inline callgate_layout layout_of(const InputLayout& from) {
  callgate_layout layout{};
  layout.size = sizeof layout;
  layout.single_fetch = from.single_fetch;
  for (std::size_t i = 0; i < 16; ++i) layout.words[i] = {from.words[i].is_constant, from.words[i].value};
  return layout;
}

inline callgate_options options_of(const Options& from, const callgate_layout& layout) {
  callgate_options options{};
  options.size = sizeof options;
  options.engine = static_cast<std::uint32_t>(from.engine);
  options.optimize = from.optimize == Optimize::none ? CALLGATE_OPTIMIZE_NONE : CALLGATE_OPTIMIZE_FULL;
  options.rule = static_cast<std::uint32_t>(from.rule);
  options.no_exec_memory = from.no_exec_memory;
  options.code_limit = from.code_limit;
  options.path_limit = from.path_limit == 0 ? CALLGATE_NONE : from.path_limit;
  options.layout = &layout;
  options.step_limit = from.step_limit;
  options.node_limit = from.node_limit;
  options.byte_limit = from.byte_limit;
  options.blind_constants = from.blind_constants;
  return options;
}

inline CChain c_chain(const std::vector<Program>& oldest_first, const Options& options = {}) {
  std::vector<callgate_filter> filters;
  for (const Program& program : oldest_first) filters.push_back(filter_of(program.instructions()));
  const callgate_layout layout = layout_of(options.layout);
  const callgate_options given = options_of(options, layout);
  const callgate_chain* chain = nullptr;
  callgate_error error = no_error();
  if (callgate_chain_from_filters(&given, filters.data(), filters.size(), &chain, &error) != CALLGATE_OK) {
    throw std::runtime_error("no chain: " + text_of(error));
  }
  return CChain(chain);
}

}  // namespace callgate::test
