// Chains: from filters, on top of each other, and what they tell of themselves.
#include "callgate/chain.hpp"

#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "capi/chain_handle.h"
#include "capi/convert.h"
#include "capi/program.h"

using namespace callgate;
using callgate::capi::Report;
using callgate::detail::BorrowedChain;
using callgate::detail::ChainHandle;

namespace {

using Programs = std::vector<Program>;

// The filter with which a path becomes as long as the error says.
std::uint32_t index_of_refused(const Chain& chain, const Programs& programs, const AttachError& error) noexcept {
  if (error.code != AttachErrc::path_too_long) return CALLGATE_NONE;
  constexpr std::uint64_t per_older_filter = 4;
  std::uint64_t path = chain.path_length() + (chain.length() == 0 ? 0 : per_older_filter);
  for (std::uint32_t i = 0; i < programs.size(); ++i) {
    path += programs[i].kernel_length();
    if (path >= error.path_length) return i;
    path += per_older_filter;
  }
  return CALLGATE_NONE;
}

int attach(const Chain& chain, const Programs& programs, const callgate_chain** out, Report& report) noexcept {
  auto attached = chain.attach(programs);
  if (!attached) return report.refused(attached.error(), index_of_refused(chain, programs, attached.error()));
  *out = ChainHandle::release(std::move(*attached));
  return report.ok();
}

// The verified filters, or what `report` was told.
int verify_all(const callgate_filter* filters, std::size_t count, Programs& programs, Report& report) {
  programs.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const callgate_filter& filter = filters[i];
    const auto index = static_cast<std::uint32_t>(i);
    if (filter.instructions == nullptr && filter.count != 0) {
      return report.misuse(CALLGATE_NULL_POINTER, "oldest_first[].instructions");
    }
    if (filter.count > PTRDIFF_MAX / sizeof(Insn)) return report.misuse(CALLGATE_BAD_COUNT, "oldest_first[].count");
    auto verified = verify(std::span(capi::cast(filter.instructions), filter.count));
    if (!verified) return report.refused(verified.error(), index);
    programs.push_back(std::move(*verified));
  }
  return CALLGATE_OK;
}

int copy_all(const callgate_program* const* from, std::size_t count, Programs& programs, Report& report) {
  programs.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (from[i] == nullptr) return report.misuse(CALLGATE_NULL_POINTER, "oldest_first[]");
    programs.push_back(from[i]->program);
  }
  return CALLGATE_OK;
}

// What standard containers throw for want of memory becomes an error.
template <class Work>
int without_exceptions(Report& report, Work work) noexcept {
  try {
    return work();
  } catch (const std::exception&) {
    return report.out_of_memory();
  }
}

// What every function that makes a chain asks first.
template <class Element>
int check(const Element* oldest_first, std::size_t count, const callgate_chain** out, Report& report) noexcept {
  if (out != nullptr) *out = nullptr;
  if (!report.is_usable()) return CALLGATE_BAD_SIZE;
  if (out == nullptr) return report.misuse(CALLGATE_NULL_POINTER, "out");
  if (oldest_first == nullptr && count != 0) return report.misuse(CALLGATE_NULL_POINTER, "oldest_first");
  if (count > PTRDIFF_MAX / sizeof(Element)) return report.misuse(CALLGATE_BAD_COUNT, "count");
  return CALLGATE_OK;
}

callgate_info info_of(const Chain& chain) noexcept {
  const ChainSizes sizes = chain.sizes();
  callgate_info info{};
  info.size = sizeof info;
  info.engine = static_cast<std::uint32_t>(chain.engine());
  info.fallback = capi::code_of(chain.fallback_reason());
  info.fallback_number = chain.fallback_errno();
  info.permanent = chain.permanent() ? 1 : 0;
  info.precision = static_cast<std::uint32_t>(chain.precision());
  info.degraded = chain.degraded() ? 1 : 0;
  info.frame_kind = static_cast<std::uint32_t>(chain.options().layout.kind());
  info.length = chain.length();
  info.path_length = chain.path_length();
  info.code_bytes = sizes.code;
  info.table_bytes = sizes.table;
  info.bytecode_bytes = sizes.bytecode;
  return info;
}

callgate_options options_of(const Options& from) noexcept {
  callgate_options options{};
  options.size = sizeof options;
  options.engine = static_cast<std::uint32_t>(from.engine);
  options.target = static_cast<std::uint32_t>(from.target);
  options.optimize = from.optimize == Optimize::none ? CALLGATE_OPTIMIZE_NONE : CALLGATE_OPTIMIZE_FULL;
  options.rule = static_cast<std::uint32_t>(from.rule);
  options.no_exec_memory = from.no_exec_memory ? 1 : 0;
  options.permanent = from.permanent ? 1 : 0;
  options.code_limit = from.code_limit;
  options.path_limit = from.path_limit == 0 ? CALLGATE_NONE : from.path_limit;
  return options;
}

}  // namespace

int callgate_chain_from_filters(const callgate_options* options, const callgate_filter* oldest_first, std::size_t count,
                                const callgate_chain** out, callgate_error* error) noexcept {
  Report report(error);
  if (const int code = check(oldest_first, count, out, report)) return code;
  Options converted;
  if (const int code = capi::to_options(options, converted, report)) return code;
  return without_exceptions(report, [&] {
    Programs programs;
    if (const int code = verify_all(oldest_first, count, programs, report)) return code;
    const auto root = Chain::create(converted);
    if (!root) return report.refused(root.error(), CALLGATE_NONE);
    return attach(*root, programs, out, report);
  });
}

int callgate_chain_attach(const callgate_chain* chain, const callgate_filter* oldest_first, std::size_t count,
                          const callgate_chain** out, callgate_error* error) noexcept {
  Report report(error);
  if (const int code = check(oldest_first, count, out, report)) return code;
  if (chain == nullptr) return report.misuse(CALLGATE_NULL_POINTER, "chain");
  return without_exceptions(report, [&] {
    Programs programs;
    if (const int code = verify_all(oldest_first, count, programs, report)) return code;
    return attach(*BorrowedChain(chain), programs, out, report);
  });
}

int callgate_chain_attach_programs(const callgate_chain* chain, const callgate_program* const* oldest_first,
                                   std::size_t count, const callgate_chain** out, callgate_error* error) noexcept {
  Report report(error);
  if (const int code = check(oldest_first, count, out, report)) return code;
  if (chain == nullptr) return report.misuse(CALLGATE_NULL_POINTER, "chain");
  return without_exceptions(report, [&] {
    Programs programs;
    if (const int code = copy_all(oldest_first, count, programs, report)) return code;
    return attach(*BorrowedChain(chain), programs, out, report);
  });
}

const callgate_chain* callgate_chain_retain(const callgate_chain* chain) noexcept {
  return chain == nullptr ? nullptr : ChainHandle::release(Chain(*BorrowedChain(chain)));
}

void callgate_chain_release(const callgate_chain* chain) noexcept {
  if (chain != nullptr) ChainHandle::adopt(chain);
}

int callgate_chain_info(const callgate_chain* chain, callgate_info* info) noexcept {
  if (info == nullptr || chain == nullptr) return CALLGATE_NULL_POINTER;
  if (!capi::has_sound_size(*info)) return CALLGATE_BAD_SIZE;
  capi::write_struct(info_of(*BorrowedChain(chain)), *info);
  return CALLGATE_OK;
}

int callgate_chain_options(const callgate_chain* chain, callgate_options* options, callgate_layout* layout) noexcept {
  if (options == nullptr || chain == nullptr) return CALLGATE_NULL_POINTER;
  if (!capi::has_sound_size(*options) || (layout != nullptr && !capi::has_sound_size(*layout)))
    return CALLGATE_BAD_SIZE;
  const Options& used = BorrowedChain(chain)->options();
  callgate_options known = options_of(used);
  known.layout = layout;
  capi::write_struct(known, *options);
  if (layout != nullptr) capi::write_struct(capi::of_layout(used.layout), *layout);
  return CALLGATE_OK;
}
