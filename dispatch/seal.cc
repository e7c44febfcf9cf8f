#include "dispatch/seal.h"

#include <cerrno>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

namespace callgate::detail {
namespace {

// Frames of a layout of one's own may have any type.
std::uint16_t kinds_taken(FrameKind kind) noexcept {
  return kind == FrameKind::custom ? std::uint16_t{0xffff}
                                   : static_cast<std::uint16_t>(1u << static_cast<unsigned>(kind));
}

// The parts of the header that do not depend on how it decides.
void describe(Published& header, const ChainNode& node) noexcept {
  const InputLayout& layout = node.options.layout;
  const InputWord& arch = layout.words[1];
  header.nr_offset = static_cast<std::uint16_t>(layout.words[0].value);  // check_options() bounds both
  header.arch_offset = arch.is_constant ? CALLGATE_NO_OFFSET : static_cast<std::uint16_t>(arch.value);
  header.arch_value = arch.is_constant ? arch.value : 0;
  header.single_fetch = layout.single_fetch;
  header.frame_kinds = kinds_taken(layout.kind());
  header.node = &node;
  header.rule = node.options.rule;
  header.length = node.length;
  header.layout = layout;
}

// Without a table: every call runs the entry.
callgate_route always(callgate_entry entry) noexcept {
  return {0, CALLGATE_CODE_BASE, reinterpret_cast<std::uintptr_t>(entry)};
}

// Where the parts lie: header, table, records, sizes and bytecode of the filters, graph. In bytes from the start.
class Arrangement {
 public:
  Arrangement(const ChainNode& node, const Image& image) noexcept {
    place<Published>(1);
    if (!image.table.words.empty()) bytes = CALLGATE_RECORDS_AT + image.residuals.records.bytes().size();
    sizes = place<std::uint32_t>(node.length);
    bytecode = place<Insn>(node.bytecode_bytes / sizeof(Insn));
    nodes = place<ir::FlatNode>(image.flat.node_count());
    ops = place<ir::FlatOp>(image.flat.op_count());
    if (!image.flat.empty()) roots = place<ir::NodeId>(image.plan[0]->chain_graph()->roots.size());
  }

  std::size_t sizes = 0, bytecode = 0, nodes = 0, ops = 0, roots = 0;
  std::size_t bytes = 0;  // of all

 private:
  template <class T>
  std::size_t place(std::size_t count) noexcept {
    const std::size_t start = (bytes + alignof(T) - 1) / alignof(T) * alignof(T);
    bytes = start + count * sizeof(T);
    return start;
  }
};

// Writes the parts into a buffer, with the addresses that they will have.
class Writer {
 public:
  Writer(const ChainNode& node, const Image& image, const Arrangement& at, const jit::CodeMemory& memory,
         std::uint8_t* out) noexcept
      : node_(node), image_(image), at_(at), memory_(memory), out_(out) {}

  void run() const noexcept {
    Published header{};
    describe(header, node_);
    if (!image_.table.words.empty()) {
      const std::span<const std::uint8_t> records = image_.residuals.records.bytes();
      copy(CALLGATE_TABLE_AT, image_.table.words.data(), image_.table.words.size());
      copy(CALLGATE_RECORDS_AT, records.data(), records.size());
    }
    write_filters(header);
    if (!image_.flat.empty()) write_graph(header);
    decide(header);
    std::memcpy(out_, &header, sizeof header);
  }

 private:
  template <class T>
  const T* address(std::size_t at) const noexcept {
    return reinterpret_cast<const T*>(memory_.data() + at);
  }

  template <class T>
  void copy(std::size_t at, const T* from, std::size_t count) const noexcept {
    if (count != 0) std::memcpy(out_ + at, from, count * sizeof(T));
  }

  void write_filters(Published& header) const noexcept {
    header.sizes = address<std::uint32_t>(at_.sizes);
    header.bytecode = address<Insn>(at_.bytecode);
    std::size_t size_at = at_.sizes;
    std::size_t at = at_.bytecode;
    for (const FilterLink* link = node_.filters.newest(); link != nullptr; link = link->older) {
      const std::span<const Insn> instructions = link->program.instructions();
      const auto size = static_cast<std::uint32_t>(instructions.size());
      copy(size_at, &size, 1);
      copy(at, instructions.data(), instructions.size());
      size_at += sizeof size;
      at += instructions.size_bytes();
    }
  }

  void write_graph(Published& header) const noexcept {
    const compose::ChainGraph& graph = *image_.plan[0]->chain_graph();
    copy(at_.nodes, image_.flat.nodes(), image_.flat.node_count());
    copy(at_.ops, image_.flat.ops(), image_.flat.op_count());
    copy(at_.roots, graph.roots.data(), graph.roots.size());
    const bool by_number = graph.by_number();
    header.walk = {address<ir::FlatNode>(at_.nodes), address<ir::FlatOp>(at_.ops),
                   by_number ? address<ir::NodeId>(at_.roots) : nullptr, by_number ? graph.rest : graph.roots[0]};
  }

  // Where evaluate() and evaluate_frame() look. A chain for other layouts decides a SeccompData by the interpreter;
  // frames that are read once have become a SeccompData when an entry sees them.
  void decide(Published& header) const noexcept {
    const InputLayout& layout = node_.options.layout;
    const std::uint32_t numbers = image_.table.words.empty() ? 0 : CALLGATE_DOMAIN_SIZE;
    const std::uintptr_t of_data = entry(interpret_data, walk_data);
    const std::uintptr_t of_frame = entry(interpret_frame, walk_frame);
    header.frame = {numbers, image_.table.rest, layout.single_fetch ? of_data : of_frame};
    header.data = {numbers, image_.table.rest, of_data};
    if (layout.words != InputLayout::seccomp_data().words) header.data = always(interpret_data);
  }

  // Code, else the graph, else the interpreter.
  std::uintptr_t entry(callgate_entry interpret, callgate_entry walk) const noexcept {
    if (!image_.code.bytes.empty()) return reinterpret_cast<std::uintptr_t>(memory_.code());
    return reinterpret_cast<std::uintptr_t>(image_.flat.empty() ? interpret : walk);
  }

  const ChainNode& node_;
  const Image& image_;
  const Arrangement& at_;
  const jit::CodeMemory& memory_;
  std::uint8_t* out_;
};

std::optional<jit::PublishError> put_on_heap(ChainNode& node) noexcept {
  node.on_heap.reset(new (std::nothrow) Published);
  if (node.on_heap == nullptr) return jit::PublishError{FallbackReason::memory_refused, ENOMEM};
  Published& header = *node.on_heap;
  describe(header, node);
  header.newest = node.filters.newest();
  header.data = always(interpret_data);
  header.frame = always(header.single_fetch ? interpret_data : interpret_frame);
  return std::nullopt;
}

std::optional<jit::PublishError> seal_by(ChainNode& node, const Image& image, jit::Way way) noexcept {
  const Arrangement at(node, image);
  const std::vector<std::uint8_t>& code = image.code.bytes;
  auto memory = jit::CodeMemory::reserve(at.bytes, code.size());
  if (!memory) return memory.error();
  const std::unique_ptr<std::uint8_t[]> bytes(new (std::nothrow) std::uint8_t[at.bytes]());
  if (bytes == nullptr) return jit::PublishError{FallbackReason::memory_refused, ENOMEM};
  Writer(node, image, at, *memory, bytes.get()).run();
  const bool permanent = node.options.permanent && node.options.engine != Engine::interpreter;
  if (const auto error = memory->seal({bytes.get(), at.bytes}, code, {.permanent = permanent, .way = way})) {
    return *error;
  }
  node.memory = std::move(*memory);
  return std::nullopt;
}

}  // namespace

std::optional<jit::PublishError> seal(ChainNode& node, const Image& image) noexcept {
  if (stays_on_heap(node)) return put_on_heap(node);
  // Chains that are to do without executable memory make no call that a sandbox could take for the wish to have some.
  const bool wants_code = node.options.engine != Engine::interpreter && !node.options.no_exec_memory;
  const auto error = seal_by(node, image, wants_code ? jit::Way::file_first : jit::Way::anonymous);
  return error && error->lost ? seal_by(node, image, jit::Way::anonymous) : error;
}

}  // namespace callgate::detail
