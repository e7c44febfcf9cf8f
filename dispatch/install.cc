#include "dispatch/install.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

#include "dispatch/planned_code.h"

namespace callgate::detail {
namespace {

// The table of a chain that has none: every call runs the entry.
constexpr auto all_residual = [] {
  std::array<std::uint32_t, action_table_words> table{};
  table.fill(code_base);
  return table;
}();

// Behind the table lie the checks.
constexpr std::size_t checks_at = (sizeof all_residual + alignof(ArgumentCheck) - 1) / alignof(ArgumentCheck) * alignof(ArgumentCheck);

// What decides when nothing stands in the way.
Engine wanted_engine(const Options& options) noexcept {
  return options.engine == Engine::automatic ? best(Target::native) : options.engine;
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

// Words that the layout makes constant, for the compiler.
ir::FixedWords fixed_words(const InputLayout& layout) {
  ir::FixedWords fixed;
  for (std::size_t i = 0; i < fixed.size(); ++i) {
    if (layout.words[i].is_constant) fixed[i] = layout.words[i].value;
  }
  return fixed;
}

bool is_seccomp_data(const InputLayout& layout) { return layout.words == InputLayout::seccomp_data().words; }

compose::PlanOptions plan_options(const ChainNode& node, compose::Precision precision) {
  return {node.options.rule, node.options.optimize, fixed_words(node.options.layout), precision};
}

// A parent that ran out of memory has no plan; then everything is planned anew. Should memory run out here, the node has
// no plan either: half a plan would lose filters when the chain is attached to.
compose::Plan make_plan(const ChainNode& node, const ChainNode* parent, compose::Precision precision) {
  const bool extends = parent != nullptr && (!parent->plan.empty() || parent->length == 0);
  const std::uint32_t filter = extends ? parent->length : 0;
  return compose::attach(extends ? parent->plan : compose::Plan(), newest_filters(node, node.length - filter), filter,
                    [&] { return newest_filters(node, node.length); }, plan_options(node, precision));
}

void make_table(ChainNode& node, const Residuals& residuals, std::span<const std::uint32_t> entries) {
  node.own_table = std::make_unique<std::uint32_t[]>(action_table_words);
  node.own_checks = residuals.checks;
  node.table_bytes = checks_at + residuals.checks.size() * sizeof(ArgumentCheck);
  fill(ActionTable(node.own_table.get(), action_table_words), node.plan, node.options.rule, residuals, entries);
}

// Where evaluate() and evaluate_frame() look. A chain for other layouts decides a SeccompData by the interpreter; frames
// that are read once have become a SeccompData when an entry sees them.
void decide_by(ChainNode& node, const std::uint32_t* table, const ArgumentCheck* checks, Entry data_entry,
               Entry frame_entry) noexcept {
  const bool both = is_seccomp_data(node.options.layout);
  node.frame_table = table;
  node.frame_checks = checks;
  node.frame_code = reinterpret_cast<std::uintptr_t>(node.options.layout.single_fetch ? data_entry : frame_entry);
  node.table = both ? table : all_residual.data();
  node.checks = checks;
  node.code = reinterpret_cast<std::uintptr_t>(both ? data_entry : interpret_data);
}

void decide_by_interpreter(ChainNode& node) noexcept {
  decide_by(node, all_residual.data(), nullptr, interpret_data, interpret_frame);
}

// The action table and its checks, if there are any, then the bytecode of all filters, newest first.
std::vector<std::uint8_t> sealed_data(const ChainNode& node) {
  std::vector<std::uint8_t> data(node.table_bytes + node.bytecode_bytes);
  if (node.own_table) {
    std::memcpy(data.data(), node.own_table.get(), sizeof all_residual);
    if (!node.own_checks.empty()) std::memcpy(data.data() + checks_at, node.own_checks.data(), node.table_bytes - checks_at);
  }
  std::size_t at = node.table_bytes;
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
  const auto code = reinterpret_cast<Entry>(reinterpret_cast<std::uintptr_t>(node.memory.code()));
  const std::uint8_t* const data = node.memory.data();
  node.sealed_bytecode = reinterpret_cast<const Insn*>(data + node.table_bytes);
  const bool table = has_table(node);
  decide_by(node, table ? reinterpret_cast<const std::uint32_t*>(data) : all_residual.data(),
            table ? reinterpret_cast<const ArgumentCheck*>(data + checks_at) : nullptr, code, code);
  node.own_table.reset();
  node.own_checks = {};
}

void install_native(ChainNode& node) {
  const auto plan_with = [&](compose::Precision precision) { return make_plan(node, nullptr, precision); };
  const auto made = compile(node.plan, plan_with, node.options, node.engine, jit::host_target());
  if (!made) return fall_back(node, made.error().reason);
  if (wants_table(node.options)) make_table(node, made->residuals, made->code.entries);
  auto memory = jit::publish(sealed_data(node), made->code.bytes, {.permanent = node.options.permanent});
  if (!memory) return fall_back(node, memory.error().reason, memory.error().error);
  run_native(node, std::move(*memory), made->code.bytes.size());
}

// Decides by table and graph, or by the interpreter, until there is code.
void install_walk(ChainNode& node) {
  if (!wants_table(node.options)) return;
  make_table(node, find_residuals(node.plan, node.options.rule, node.options.layout), {});
  const compose::ChainGraph* decisions = node.plan.size() == 1 ? node.plan[0]->chain_graph() : nullptr;
  if (decisions != nullptr) node.flat = std::make_unique<ir::FlatGraph>(ir::FlatGraph::make(decisions->graph));
  const bool walks = node.flat != nullptr && !node.flat->empty();
  decide_by(node, node.own_table.get(), node.own_checks.data(), walks ? walk_data : interpret_data,
            walks ? walk_frame : interpret_frame);
}

void install_compiled(ChainNode& node, const ChainNode* parent) {
  node.plan = make_plan(node, parent, compose::Precision::path_sensitive);
  const bool no_jit = node.engine == Engine::interpreter;
  if (no_jit) fall_back(node, FallbackReason::no_jit);
  if (!no_jit && node.options.no_exec_memory) fall_back(node, FallbackReason::no_exec_memory);
  if (node.engine != Engine::interpreter) install_native(node);
  if (node.engine == Engine::interpreter) install_walk(node);
}

bool is_sound(const InputLayout& layout) {
  const auto sound = [](const InputWord& word) {
    return word.is_constant || (word.value % 4 == 0 && word.value <= max_frame_offset);
  };
  return !layout.words[0].is_constant && std::all_of(layout.words.begin(), layout.words.end(), sound);
}

}  // namespace

std::optional<AttachErrc> check_options(const Options& options) noexcept {
  if (!is_sound(options.layout)) return AttachErrc::bad_layout;
  const Target target = options.target == Target::native ? jit::host_target() : options.target;
  if (target != jit::host_target()) return AttachErrc::target_unavailable;
  if (available(options.engine, target)) return std::nullopt;
  const bool is_in_this_build = available(options.engine, Target::x86_64) || available(options.engine, Target::x86_32);
  return is_in_this_build ? AttachErrc::target_unavailable : AttachErrc::engine_unavailable;
}

bool has_table(const ChainNode& node) noexcept { return node.table_bytes != 0; }

void install(ChainNode& node, const ChainNode* parent) noexcept {
  const InputLayout& layout = node.options.layout;
  node.nr_offset = static_cast<std::uint16_t>(layout.words[0].value);
  node.arch_offset = layout.words[1].is_constant ? no_offset : static_cast<std::uint16_t>(layout.words[1].value);
  node.arch_value = layout.words[1].is_constant ? layout.words[1].value : 0;
  node.single_fetch = layout.single_fetch;
  decide_by_interpreter(node);
  node.engine = wanted_engine(node.options);
  if (node.options.engine == Engine::interpreter) return;
  try {
    install_compiled(node, parent);
  } catch (const std::bad_alloc&) {
    node.own_table.reset();
    node.own_checks = {};
    node.table_bytes = 0;
    decide_by_interpreter(node);
    fall_back(node, FallbackReason::memory_refused, ENOMEM);
  }
}

}  // namespace callgate::detail
