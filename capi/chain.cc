// Chains: from filters, on top of each other, and what they tell of themselves.
#include "callgate/chain.hpp"

#include <cstdint>
#include <utility>

#include "capi/chain_filters.h"
#include "capi/chain_handle.h"
#include "capi/convert.h"
#include "capi/filters.h"
#include "capi/program.h"

using namespace callgate;
using callgate::capi::Programs;
using callgate::capi::Report;
using callgate::detail::BorrowedChain;
using callgate::detail::ChainHandle;

namespace {

int attach(const Chain& chain, const Programs& programs, const callgate_chain** out, Report& report) noexcept {
  auto attached = chain.attach(programs);
  if (!attached) return capi::refuse(attached.error(), chain, programs, report);
  *out = ChainHandle::release(std::move(*attached));
  return report.ok();
}

int copy_all(const callgate_program* const* from, std::size_t count, Programs& programs, Report& report) {
  programs.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (from[i] == nullptr) return report.misuse(CALLGATE_NULL_POINTER, "oldest_first[]");
    programs.push_back(from[i]->program);
  }
  return CALLGATE_OK;
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

}  // namespace

int callgate_chain_from_filters(const callgate_options* options, const callgate_filter* oldest_first, std::size_t count,
                                const callgate_chain** out, callgate_error* error) noexcept {
  Report report(error);
  if (const int code = check(oldest_first, count, out, report)) return code;
  Options converted;
  if (const int code = capi::to_options(options, converted, report)) return code;
  return capi::without_exceptions(report, [&] {
    Programs programs;
    if (const int code = capi::verify_all(oldest_first, count, programs, report)) return code;
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
  return capi::without_exceptions(report, [&] {
    Programs programs;
    if (const int code = capi::verify_all(oldest_first, count, programs, report)) return code;
    return attach(*BorrowedChain(chain), programs, out, report);
  });
}

int callgate_chain_attach_programs(const callgate_chain* chain, const callgate_program* const* oldest_first,
                                   std::size_t count, const callgate_chain** out, callgate_error* error) noexcept {
  Report report(error);
  if (const int code = check(oldest_first, count, out, report)) return code;
  if (chain == nullptr) return report.misuse(CALLGATE_NULL_POINTER, "chain");
  return capi::without_exceptions(report, [&] {
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

int callgate_chain_is_ancestor(const callgate_chain* older, const callgate_chain* newer) noexcept {
  if (older == nullptr || newer == nullptr) return 0;
  return capi::is_ancestor(*BorrowedChain(older), *BorrowedChain(newer)) ? 1 : 0;
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
  callgate_options known = capi::of_options(used);
  known.layout = layout;
  capi::write_struct(known, *options);
  if (layout != nullptr) capi::write_struct(capi::of_layout(used.layout), *layout);
  return CALLGATE_OK;
}
