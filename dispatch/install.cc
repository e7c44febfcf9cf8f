#include "dispatch/install.h"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <utility>
#include <vector>

#include "dispatch/image.h"
#include "dispatch/seal.h"

namespace callgate::detail {
namespace {

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
  return compose::attach(extends ? parent->plan : compose::Plan(), newest_filters(node, node.length - filter), filter,
                         plan_options(node.options, precision));
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

// What `work` throws for want of memory (standard containers also throw std::length_error) becomes `false`.
template <class Work>
bool succeeds(Work work) noexcept {
  try {
    work();
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

void note(ChainNode& node, FallbackReason reason, int error) noexcept {
  node.fallback_reason = reason;
  node.fallback_errno = error;
}

// The image that decides if nothing is refused. Where memory runs out, the interpreter decides, and the node says so.
Image first_image(ChainNode& node, const ChainNode* parent) noexcept {
  Image image;
  if (node.options.engine == Engine::interpreter) return image;
  if (!succeeds([&] { image = image_of(node, parent); })) {
    note(node, FallbackReason::memory_refused, ENOMEM);
    return {};
  }
  node.fallback_reason = image.fallback_reason;
  return image;
}

// Seals the image; without its code if memory for that is refused, and without table and graph if there is not even
// memory for those. False if none can be sealed.
bool seal_some(ChainNode& node, Image& image) noexcept {
  const auto refused = seal(node, image);
  if (!refused) return true;
  if (!image.code.bytes.empty()) {
    note(node, refused->reason, refused->error);
    if (succeeds([&] { drop_code(image, refused->reason, node.options); }) && !seal(node, image)) return true;
  }
  if (image.plan.empty()) return false;
  if (node.fallback_reason == FallbackReason::none) note(node, refused->reason, refused->error);
  image = {};
  return !seal(node, image);
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

bool install(ChainNode& node, const ChainNode* parent) noexcept {
  Image image = first_image(node, parent);
  if (!seal_some(node, image)) return false;
  node.engine = image.code.bytes.empty() ? Engine::interpreter : image.engine;
  node.table_bytes = image.table_bytes();
  node.code_bytes = image.code.bytes.size();
  const bool has_code = !image.code.bytes.empty() || !image.flat.empty();
  const bool is_interpreted = !has_code && image.table.words.empty() && callgate_is_residual(image.table.rest);
  node.precision = is_interpreted ? Precision::baseline : least_precision(image.plan);
  node.plan = std::move(image.plan);
  return true;
}

}  // namespace callgate::detail
