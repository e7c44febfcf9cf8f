// Chain: reference counting, attach, accessors.
#include "callgate/chain.hpp"

#include <memory>
#include <new>
#include <utility>

#include "dispatch/chain_node.h"
#include "dispatch/install.h"
#include "dispatch/placed_node.h"

namespace callgate {

using detail::ChainNode;

namespace detail {
namespace {

constexpr callgate_route killing{0, action::kill_process, 0};

}  // namespace

constinit const Published moved_from_image{{killing, killing, 0, CALLGATE_NO_OFFSET, 0, false, 0}};

}  // namespace detail

namespace {

// What the accessors tell of chains that were moved from.
constexpr Options no_options;

// Puts the filters on top of `node`, or says why the kernel would refuse the path.
std::optional<AttachError> extend(ChainNode& node, std::span<const Program> oldest_first) noexcept {
  constexpr std::uint32_t per_filter = 4;  // what seccomp_attach_filter() charges for each older filter
  for (const Program& program : oldest_first) {
    if (program.instructions().empty()) return AttachError{AttachErrc::moved_from};
    const std::uint64_t path = node.path_length + program.kernel_length();
    if (node.options.path_limit != 0 && path > node.options.path_limit) {
      return AttachError{AttachErrc::path_too_long, path, node.options.path_limit};
    }
    if (!node.filters.push(program)) return AttachError{AttachErrc::out_of_memory};
    node.path_length = path + per_filter;
    node.bytecode_bytes += program.instructions().size_bytes();
    ++node.length;
  }
  return std::nullopt;
}

}  // namespace

namespace {

using Node = std::unique_ptr<ChainNode>;

// The chain of a node whose filters are known.
Expected<Chain, AttachError> finish(Node node, const ChainNode* parent) noexcept {
  if (!detail::install(*node, parent)) return AttachError{AttachErrc::out_of_memory};
  return ChainNode::wrap(*node.release());
}

}  // namespace

Expected<Chain, AttachError> Chain::create(const Options& options) noexcept {
  if (const auto error = detail::check_options(options)) return *error;
  Node node(new (std::nothrow) ChainNode);
  if (node == nullptr) return AttachError{AttachErrc::out_of_memory};
  node->options = options;
  return finish(std::move(node), nullptr);
}

Chain::Chain(const Chain& other) noexcept : image_(other.image_) {
  if (const ChainNode* node = ChainNode::of(image_)) node->references.acquire();
}

Chain::Chain(Chain&& other) noexcept : image_(std::exchange(other.image_, &detail::moved_from_image)) {}

Chain& Chain::operator=(Chain other) noexcept {
  std::swap(image_, other.image_);
  return *this;
}

Chain::~Chain() {
  if (const ChainNode* node = ChainNode::of(image_)) detail::release(node);
}

Expected<Chain, AttachError> Chain::attach(const Program& filter) const noexcept {
  return attach(std::span(&filter, 1));
}

Expected<Chain, AttachError> Chain::attach(std::span<const Program> oldest_first) const noexcept {
  const ChainNode* old = ChainNode::of(image_);
  if (old == nullptr) return AttachError{AttachErrc::moved_from};
  if (oldest_first.empty() && old->placed == nullptr) return *this;
  const ChainNode& settled = detail::below_layers(*old);
  Node node(new (std::nothrow) ChainNode);
  if (node == nullptr) return AttachError{AttachErrc::out_of_memory};
  node->options = old->options;
  node->filters = settled.filters;
  node->length = old->length;
  node->path_length = old->path_length;
  node->bytecode_bytes = old->bytecode_bytes;
  if (!detail::push_layers(*node, *old)) return AttachError{AttachErrc::out_of_memory};
  if (const auto error = extend(*node, oldest_first)) return *error;
  return finish(std::move(node), &settled);
}

Match Chain::match(const SeccompData& data) const noexcept { return match_chain(data, detail::Published::of(image_)); }

Match Chain::match_frame(const void* frame) const noexcept {
  return match_chain_frame(frame, detail::Published::of(image_));
}

std::size_t Chain::length() const noexcept { return detail::Published::of(image_).length; }

std::uint64_t Chain::path_length() const noexcept {
  const ChainNode* node = ChainNode::of(image_);
  return length() == 0 ? 0 : node->path_length - 4;  // the newest filter is not charged for being older
}

Engine Chain::engine() const noexcept {
  const ChainNode* node = ChainNode::of(image_);
  return node == nullptr ? Engine::interpreter : node->engine;
}

FallbackReason Chain::fallback_reason() const noexcept {
  const ChainNode* node = ChainNode::of(image_);
  return node == nullptr ? FallbackReason::none : node->fallback_reason;
}

int Chain::fallback_errno() const noexcept {
  const ChainNode* node = ChainNode::of(image_);
  return node == nullptr ? 0 : node->fallback_errno;
}

bool Chain::permanent() const noexcept {
  const ChainNode* node = ChainNode::of(image_);
  return node != nullptr && node->memory.permanent();
}

Precision Chain::precision() const noexcept {
  const ChainNode* node = ChainNode::of(image_);
  return node == nullptr ? Precision::baseline : node->precision;
}

bool Chain::degraded() const noexcept {
  const Options& asked = options();
  if (asked.engine == Engine::interpreter || ChainNode::of(image_) == nullptr) return false;
  const FallbackReason reason = fallback_reason();
  if (reason != FallbackReason::none && reason != FallbackReason::no_exec_memory) return true;
  return asked.optimize == Optimize::full && precision() != Precision::path_sensitive;
}

const Options& Chain::options() const noexcept {
  const ChainNode* node = ChainNode::of(image_);
  return node == nullptr ? no_options : node->options;
}

ChainSizes Chain::sizes() const noexcept {
  ChainSizes sizes;
  const ChainNode* node = ChainNode::of(image_);
  if (node == nullptr) return sizes;
  sizes.code = node->code_bytes;
  sizes.table = node->table_bytes;
  sizes.bytecode = node->bytecode_bytes;
  return sizes;
}

}  // namespace callgate
