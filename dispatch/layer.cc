#include "dispatch/layer.h"

#include <new>

#include "dispatch/merge.h"
#include "interp/by_number.h"

namespace callgate::detail {
namespace {

// Of an empty chain for struct seccomp_data.
void describe_first(Published& layer, MergeRule rule) noexcept {
  layer.nr_offset = offsetof(SeccompData, nr);
  layer.arch_offset = offsetof(SeccompData, arch);
  layer.frame_kinds = static_cast<std::uint16_t>(1u << static_cast<unsigned>(FrameKind::seccomp_data));
  layer.rule = rule;
  layer.length = 1;
  layer.layout = InputLayout::seccomp_data();
}

void describe_next(Published& layer, const Published& base) noexcept {
  layer.nr_offset = base.nr_offset;
  layer.arch_offset = base.arch_offset;
  layer.arch_value = base.arch_value;
  layer.single_fetch = base.single_fetch;
  layer.frame_kinds = base.frame_kinds;
  layer.rule = base.rule;
  layer.length = base.length + 1;
  layer.layout = base.layout;
  layer.base = &base;
}

// The word of the table for calls of a number: a result, or the entry that runs the filters.
class Words {
 public:
  Words(const Published& layer, const Insn* filter) noexcept : rule_(layer.rule), filter_(filter), base_(layer.base) {}

  std::uint32_t of(std::uint32_t nr, std::uint32_t arch) const noexcept {
    const auto result = interp::result_by_number(filter_, nr, arch);
    if (!result) return CALLGATE_CODE_BASE;
    Merge merge(rule_, 2);
    if (!merge.take(*result) || base_ == nullptr) return result_word(merge);
    const std::uint32_t below = callgate_word(&base_->frame, nr, arch, base_);
    if (callgate_is_residual(below)) return is_strictest(*result) ? result_word(merge) : CALLGATE_CODE_BASE;
    merge.take(below);
    return result_word(merge);
  }

 private:
  // Whether no older filter has a say, by either rule.
  bool is_strictest(std::uint32_t result) const noexcept {
    return rule_ == MergeRule::most_restrictive && action_of(result) == action::kill_process;
  }
  static std::uint32_t result_word(const Merge& merge) noexcept {
    const std::uint32_t result = merge.match().result;
    return callgate_is_residual(result) ? CALLGATE_CODE_BASE : result;
  }

  MergeRule rule_;
  const Insn* filter_;
  const Published* base_;
};

void fill_table(std::uint32_t* words, const Words& word) noexcept {
  constexpr struct {
    std::uint32_t arch;
    std::uint32_t first;
  } domains[] = {{arch::x86_64, 0}, {arch::x86_64, arch::x32_bit}, {arch::x86_32, 0}};
  for (const auto& domain : domains) {
    for (std::uint32_t n = 0; n < CALLGATE_DOMAIN_SIZE; ++n) *words++ = word.of(domain.first + n, domain.arch);
  }
}

}  // namespace

Published& make_layer(void* memory, const Published* base, MergeRule rule, std::span<const Insn> filter) noexcept {
  auto* const start = static_cast<unsigned char*>(memory);
  auto* const insns = reinterpret_cast<Insn*>(start + layer_insns_at);
  auto* const size = reinterpret_cast<std::uint32_t*>(start + CALLGATE_RECORDS_AT);
  for (std::size_t i = 0; i < filter.size(); ++i) insns[i] = filter[i];
  *size = static_cast<std::uint32_t>(filter.size());

  Published& layer = *new (memory) Published;
  if (base == nullptr) {
    describe_first(layer, rule);
  } else {
    describe_next(layer, *base);
  }
  layer.is_layer = true;
  layer.bytecode = insns;
  layer.sizes = size;
  const bool has_table = filter.size() <= max_tabled_insns;
  if (has_table) fill_table(reinterpret_cast<std::uint32_t*>(start + CALLGATE_TABLE_AT), Words(layer, insns));

  // The table is made for frames, of which some words may be constants: where the layout is another than that of
  // struct seccomp_data, it is none for that.
  const std::uint32_t numbers = has_table ? CALLGATE_DOMAIN_SIZE : 0;
  const bool is_same = layer.layout.words == InputLayout::seccomp_data().words;
  layer.frame = {numbers, CALLGATE_CODE_BASE, reinterpret_cast<std::uintptr_t>(&decide_layers_frame)};
  layer.data = {is_same ? numbers : 0, CALLGATE_CODE_BASE, reinterpret_cast<std::uintptr_t>(&decide_layers_data)};
  return layer;
}

}  // namespace callgate::detail
