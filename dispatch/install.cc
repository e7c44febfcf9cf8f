#include "dispatch/install.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

#include "dispatch/action_table.h"
#include "jit/compile.h"

namespace callgate::detail {
namespace {

// The table of a chain that has none: every call runs the entry.
constexpr auto all_residual = [] {
  std::array<std::uint32_t, action_table_words> table{};
  table.fill(residual_marker);
  return table;
}();

constexpr std::size_t table_bytes = sizeof all_residual;

std::size_t table_size(const ChainNode& node) noexcept { return has_table(node) ? table_bytes : 0; }

bool wants_table(const Options& options) noexcept {
  return options.optimize == Optimize::full && options.engine != Engine::interpreter;
}

// What decides when nothing stands in the way.
Engine wanted_engine(const Options& options) noexcept {
  if (options.engine != Engine::automatic) return options.engine;
  for (const Engine engine : {Engine::xbyak, Engine::asmjit}) {
    const jit::Backend* backend = jit::find_backend(engine);
    if (backend != nullptr && backend->makes(jit::host_target())) return engine;
  }
  return Engine::interpreter;
}

void fall_back(ChainNode& node, FallbackReason reason, int error = 0) noexcept {
  node.engine = Engine::interpreter;
  node.fallback_reason = reason;
  node.fallback_errno = error;
}

// The newest `count` filters of `node`, oldest first.
using Filters = std::vector<const Program*>;
Filters newest_filters(const ChainNode& node, std::uint32_t count) {
  Filters filters(count);
  const FilterLink* link = node.filters.newest();
  for (auto slot = filters.rbegin(); slot != filters.rend(); ++slot, link = link->older) *slot = &link->program;
  return filters;
}

// A parent that ran out of memory has no plan; then everything is planned anew. Should memory run out here, the node has
// no plan either: half a plan would lose filters when the chain is attached to.
void make_plan(ChainNode& node, const ChainNode* parent) {
  const bool extends = parent != nullptr && (!parent->plan.empty() || parent->length == 0);
  ir::Plan plan = extends ? parent->plan : ir::Plan();
  std::uint32_t filter = extends ? parent->length : 0;
  for (const Program* program : newest_filters(node, node.length - filter)) {
    plan = ir::attach(plan, *program, filter++, node.options.rule, node.options.optimize);
  }
  node.plan = std::move(plan);
}

void make_table(ChainNode& node) {
  node.own_table = std::make_unique<std::uint32_t[]>(action_table_words);
  fill(ActionTable(node.own_table.get(), action_table_entries), node.plan, node.options.rule);
  node.own_table[action_table_entries] = residual_marker;
  node.table = node.own_table.get();
}

// The action table, if there is one, then the bytecode of all filters, newest first.
std::vector<std::uint8_t> sealed_data(const ChainNode& node) {
  std::vector<std::uint8_t> data(table_size(node) + node.bytecode_bytes);
  if (has_table(node)) std::memcpy(data.data(), node.table, table_bytes);
  std::size_t at = table_size(node);
  for (const FilterLink* link = node.filters.newest(); link != nullptr; link = link->older) {
    const auto bytes = std::as_bytes(link->program.instructions());
    std::memcpy(data.data() + at, bytes.data(), bytes.size());
    at += bytes.size();
  }
  return data;
}

void run_native(ChainNode& node, jit::CodeMemory memory, std::size_t code_bytes) noexcept {
  node.memory = std::move(memory);
  node.code_bytes = code_bytes;
  node.entry = reinterpret_cast<decltype(node.entry)>(reinterpret_cast<std::uintptr_t>(node.memory.code()));
  node.sealed_bytecode = reinterpret_cast<const Insn*>(node.memory.data() + table_size(node));
  if (has_table(node)) node.table = reinterpret_cast<const std::uint32_t*>(node.memory.data());
  node.own_table.reset();
}

void install_native(ChainNode& node) {
  const auto code = jit::compile({node.plan, node.options.rule, node.engine, jit::host_target()});
  if (!code) return fall_back(node, code.error().reason);
  auto memory = jit::publish(sealed_data(node), code->bytes, {.permanent = node.options.permanent});
  if (!memory) return fall_back(node, memory.error().reason, memory.error().error);
  run_native(node, std::move(*memory), code->bytes.size());
}

void install_compiled(ChainNode& node, const ChainNode* parent) {
  make_plan(node, parent);
  if (wants_table(node.options)) make_table(node);
  if (node.engine == Engine::interpreter) return fall_back(node, FallbackReason::no_jit);
  if (node.options.no_exec_memory) return fall_back(node, FallbackReason::no_exec_memory);
  install_native(node);
}

}  // namespace

std::optional<AttachErrc> check_options(const Options& options) noexcept {
  const Target target = options.target == Target::native ? jit::host_target() : options.target;
  if (target != jit::host_target()) return AttachErrc::target_unavailable;
  if (options.engine == Engine::automatic || options.engine == Engine::interpreter) return std::nullopt;
  const jit::Backend* backend = jit::find_backend(options.engine);
  if (backend == nullptr) return AttachErrc::engine_unavailable;
  if (!backend->makes(target)) return AttachErrc::target_unavailable;
  return std::nullopt;
}

bool has_table(const ChainNode& node) noexcept { return node.table != all_residual.data(); }

void install(ChainNode& node, const ChainNode* parent) noexcept {
  node.entry = interpret_chain;
  node.table = all_residual.data();
  node.engine = wanted_engine(node.options);
  if (node.options.engine == Engine::interpreter) return;
  try {
    install_compiled(node, parent);
  } catch (const std::bad_alloc&) {
    fall_back(node, FallbackReason::memory_refused, ENOMEM);
  }
}

}  // namespace callgate::detail
