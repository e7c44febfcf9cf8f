#include "dispatch/install.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "dispatch/image.h"

namespace callgate::detail {
namespace {

// The table of a chain that has none: every call runs the entry.
constexpr auto all_residual = [] {
  std::array<std::uint32_t, CALLGATE_TABLE_WORDS> table{};
  table.fill(CALLGATE_CODE_BASE);
  return table;
}();

// The newest `count` filters of `node`, oldest first.
using Filters = std::vector<const Program*>;
Filters newest_filters(const ChainNode& node, std::uint32_t count) {
  Filters filters(count);
  const FilterLink* link = node.filters.newest();
  for (auto slot = filters.rbegin(); slot != filters.rend(); ++slot, link = link->older) *slot = &link->program;
  return filters;
}

// On top of the parent's plan. A parent that ran out of memory has no plan; then everything is planned anew.
compose::Plan make_plan(const ChainNode& node, const ChainNode* parent, compose::Precision precision) {
  const bool extends = parent != nullptr && (!parent->plan.empty() || parent->length == 0);
  const std::uint32_t filter = extends ? parent->length : 0;
  return compose::attach(
      extends ? parent->plan : compose::Plan(), newest_filters(node, node.length - filter), filter,
      [&] { return newest_filters(node, node.length); }, plan_options(node.options, precision));
}

// What decides when nothing stands in the way.
Engine wanted_engine(const Options& options) noexcept {
  if (options.no_exec_memory) return Engine::interpreter;
  return options.engine == Engine::automatic ? best(Target::native) : options.engine;
}

// Why a chain whose options do not name the interpreter runs on it before anything was tried.
FallbackReason reason_for(const Options& options) noexcept {
  if (options.engine == Engine::automatic && best(Target::native) == Engine::interpreter) return FallbackReason::no_jit;
  return options.no_exec_memory ? FallbackReason::no_exec_memory : FallbackReason::none;
}

Image image_of(const ChainNode& node, const ChainNode* parent) {
  const auto plan_with = [&](compose::Precision precision) { return make_plan(node, nullptr, precision); };
  Image image = make_image(make_plan(node, parent, compose::Precision::path_sensitive), plan_with,
                           {node.options, wanted_engine(node.options), jit::host_target()});
  if (image.fallback_reason == FallbackReason::none) image.fallback_reason = reason_for(node.options);
  return image;
}

// Puts the image's code into sealed memory if there is code; if the system refuses, the image has none.
jit::CodeMemory publish(Image& image, ChainNode& node) {
  if (image.engine == Engine::interpreter) return {};
  auto memory = publish(image, node.filters, node.options.permanent);
  if (memory) return std::move(*memory);
  node.fallback_errno = memory.error().error;
  drop_code(image, memory.error().reason, node.options);
  return {};
}

// Where evaluate() and evaluate_frame() look. A chain for other layouts decides a SeccompData by the interpreter;
// frames that are read once have become a SeccompData when an entry sees them.
void decide_by(ChainNode& node, const std::uint32_t* table, const callgate_check* checks, callgate_entry data_entry,
               callgate_entry frame_entry) noexcept {
  const InputLayout& layout = node.options.layout;
  node.frame = {table, checks, reinterpret_cast<std::uintptr_t>(layout.single_fetch ? data_entry : frame_entry)};
  node.data = {table, checks, reinterpret_cast<std::uintptr_t>(data_entry)};
  if (layout.words != InputLayout::seccomp_data().words) {
    node.data = {all_residual.data(), nullptr, reinterpret_cast<std::uintptr_t>(interpret_data)};
  }
}

void decide_by_interpreter(ChainNode& node) noexcept {
  decide_by(node, all_residual.data(), nullptr, interpret_data, interpret_frame);
}

void decide_by_code(ChainNode& node, jit::CodeMemory memory) noexcept {
  node.memory = std::move(memory);
  const auto code = reinterpret_cast<callgate_entry>(reinterpret_cast<std::uintptr_t>(node.memory.code()));
  const std::uint8_t* const data = node.memory.data();
  const bool table = node.table_bytes != 0;
  node.bytecode = reinterpret_cast<const Insn*>(data + node.table_bytes);
  decide_by(node, table ? reinterpret_cast<const std::uint32_t*>(data) : all_residual.data(),
            table ? reinterpret_cast<const callgate_check*>(data + checks_at) : nullptr, code, code);
}

// By table and graph, or by table and interpreter.
void decide_by_graph(ChainNode& node, Image image) noexcept {
  WithoutCode& own = *node.without_code;
  own.table = std::move(image.table);
  own.checks = std::move(image.residuals.checks);
  own.flat = std::move(image.flat);
  if (!own.flat.empty()) {
    const compose::ChainGraph& graph = *node.plan[0]->chain_graph();
    const bool by_number = graph.by_number();
    own.walk = {own.flat.nodes(), own.flat.ops(), by_number ? graph.roots.data() : nullptr,
                by_number ? graph.rest : graph.roots[0]};
    node.walk = &own.walk;
  }
  decide_by(node, own.table.data(), own.checks.data(), node.walk != nullptr ? walk_data : interpret_data,
            node.walk != nullptr ? walk_frame : interpret_frame);
}

static_assert(static_cast<int>(Precision::path_sensitive) == static_cast<int>(compose::Precision::path_sensitive));
static_assert(static_cast<int>(Precision::per_number) == static_cast<int>(compose::Precision::per_number));
static_assert(static_cast<int>(Precision::number_blind) == static_cast<int>(compose::Precision::number_blind));
static_assert(static_cast<int>(Precision::baseline) == static_cast<int>(compose::Precision::baseline));

// Of the segment that has least of it.
Precision least_precision(const compose::Plan& plan) noexcept {
  auto least = compose::Precision::path_sensitive;
  for (const auto& segment : plan) {
    const compose::ChainGraph* graph = segment->chain_graph();
    least = std::max(least, graph == nullptr ? compose::Precision::baseline : graph->precision);
  }
  return static_cast<Precision>(least);
}

// Throws std::bad_alloc before it has changed anything, or not at all.
void put(ChainNode& node, Image image, jit::CodeMemory memory) {
  const bool by_graph = image.engine == Engine::interpreter && !image.table.empty();
  if (by_graph) node.without_code = std::make_unique<WithoutCode>();
  node.precision = least_precision(image.plan);
  node.plan = std::move(image.plan);
  node.engine = image.engine;
  node.fallback_reason = image.fallback_reason;
  node.table_bytes = image.table_bytes();
  node.code_bytes = image.code.bytes.size();
  if (image.engine != Engine::interpreter) decide_by_code(node, std::move(memory));
  if (by_graph) decide_by_graph(node, std::move(image));
}

// The field that holds no enumerator of its type, or null.
const char* out_of_range(const Options& options) noexcept {
  if (options.engine > Engine::asmjit) return "engine";
  if (options.target > Target::x86_32) return "target";
  if (options.optimize > Optimize::full) return "optimize";
  return options.rule > MergeRule::most_restrictive ? "rule" : nullptr;
}

bool is_sound(const InputLayout& layout) {
  const auto sound = [](const InputWord& word) {
    return word.is_constant || (word.value % 4 == 0 && word.value <= max_frame_offset);
  };
  return !layout.words[0].is_constant && std::all_of(layout.words.begin(), layout.words.end(), sound);
}

// Frames of a layout of one's own may have any type.
std::uint16_t kinds_taken(FrameKind kind) noexcept {
  return kind == FrameKind::custom ? std::uint16_t{0xffff}
                                   : static_cast<std::uint16_t>(1u << static_cast<unsigned>(kind));
}

// The parts of the image that do not depend on how it decides.
void describe(ChainNode& node) noexcept {
  const InputLayout& layout = node.options.layout;
  const InputWord& arch = layout.words[1];
  node.nr_offset = static_cast<std::uint16_t>(layout.words[0].value);
  node.arch_offset = arch.is_constant ? CALLGATE_NO_OFFSET : static_cast<std::uint16_t>(arch.value);
  node.arch_value = arch.is_constant ? arch.value : 0;
  node.single_fetch = layout.single_fetch;
  node.frame_kinds = kinds_taken(layout.kind());
  node.layout = &layout;
  node.rule = node.options.rule;
  node.newest = node.filters.newest();
}

}  // namespace

std::optional<AttachError> check_options(const Options& options) noexcept {
  if (const char* option = out_of_range(options)) return AttachError{AttachErrc::bad_option, 0, 0, option};
  if (!is_sound(options.layout)) return AttachError{AttachErrc::bad_layout};
  const Target target = options.target == Target::native ? jit::host_target() : options.target;
  if (target != jit::host_target()) return AttachError{AttachErrc::target_unavailable};
  if (available(options.engine, target)) return std::nullopt;
  const bool is_in_this_build = available(options.engine, Target::x86_64) || available(options.engine, Target::x86_32);
  return AttachError{is_in_this_build ? AttachErrc::target_unavailable : AttachErrc::engine_unavailable};
}

void install(ChainNode& node, const ChainNode* parent) noexcept {
  describe(node);
  decide_by_interpreter(node);
  if (node.options.engine == Engine::interpreter) return;
  try {
    Image image = image_of(node, parent);
    jit::CodeMemory memory = publish(image, node);
    put(node, std::move(image), std::move(memory));
  } catch (const std::bad_alloc&) {
    node.fallback_reason = FallbackReason::memory_refused;
    node.fallback_errno = ENOMEM;
  }
}

}  // namespace callgate::detail
