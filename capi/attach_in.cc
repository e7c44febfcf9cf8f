// Filters in the caller's memory. What is async-signal-safe allocates nothing.
#include <cstdint>
#include <span>
#include <utility>

#include "capi/chain_handle.h"
#include "capi/convert.h"
#include "capi/filters.h"
#include "capi/slot.h"
#include "verifier/verify.h"

using namespace callgate;
using callgate::capi::Exchange;
using callgate::capi::Report;
using callgate::detail::BorrowedChain;
using callgate::detail::ChainHandle;

namespace {

// What both functions that attach ask first.
int check(const callgate_filter* filter, const void* memory, std::size_t bytes, Report& report) noexcept {
  if (filter == nullptr) return report.misuse(CALLGATE_NULL_POINTER, "filter");
  if (memory == nullptr && bytes != 0) return report.misuse(CALLGATE_NULL_POINTER, "memory");
  if (filter->instructions == nullptr && filter->count != 0) {
    return report.misuse(CALLGATE_NULL_POINTER, "filter->instructions");
  }
  if (filter->count > PTRDIFF_MAX / sizeof(Insn)) return report.misuse(CALLGATE_BAD_COUNT, "filter->count");
  const auto error = verifier::check({capi::cast(filter->instructions), filter->count});
  return error ? report.refused(*error, 0) : int{CALLGATE_OK};
}

Expected<Chain, AttachError> attach(const Chain& below, const callgate_filter& filter, void* memory,
                                    std::size_t bytes) noexcept {
  return below.attach_in({static_cast<std::byte*>(memory), bytes}, {capi::cast(filter.instructions), filter.count});
}

int refuse(const AttachError& why, Report& report) noexcept {
  return report.refused(why, why.code == AttachErrc::path_too_long ? 0 : CALLGATE_NONE);
}

}  // namespace

std::size_t callgate_attach_in_size(std::size_t instructions) noexcept { return Chain::attach_in_size(instructions); }

int callgate_chain_attach_in(const callgate_chain* chain, const callgate_filter* filter, void* memory,
                             std::size_t bytes, const callgate_chain** out, callgate_error* error) noexcept {
  if (out != nullptr) *out = nullptr;
  Report report(error);
  if (!report.is_usable()) return CALLGATE_BAD_SIZE;
  if (out == nullptr) return report.misuse(CALLGATE_NULL_POINTER, "out");
  if (chain == nullptr) return report.misuse(CALLGATE_NULL_POINTER, "chain");
  if (const int code = check(filter, memory, bytes, report)) return code;
  auto attached = attach(*BorrowedChain(chain), *filter, memory, bytes);
  if (!attached) return refuse(attached.error(), report);
  *out = ChainHandle::release(std::move(*attached));
  return report.ok();
}

int callgate_chain_promote(const callgate_chain* chain, const callgate_chain** out, callgate_error* error) noexcept {
  if (out != nullptr) *out = nullptr;
  Report report(error);
  if (!report.is_usable()) return CALLGATE_BAD_SIZE;
  if (out == nullptr) return report.misuse(CALLGATE_NULL_POINTER, "out");
  if (chain == nullptr) return report.misuse(CALLGATE_NULL_POINTER, "chain");
  auto promoted = BorrowedChain(chain)->promote();
  if (!promoted) return refuse(promoted.error(), report);
  *out = ChainHandle::release(std::move(*promoted));
  return report.ok();
}

int callgate_slot_attach_in(callgate_slot* slot, const callgate_filter* filter, void* memory, std::size_t bytes,
                            callgate_error* error) noexcept {
  Report report(error);
  if (!report.is_usable()) return CALLGATE_BAD_SIZE;
  if (slot == nullptr) return report.misuse(CALLGATE_NULL_POINTER, "slot");
  if (const int code = check(filter, memory, bytes, report)) return code;
  while (true) {
    const Chain below = capi::current(*slot);
    auto attached = attach(below, *filter, memory, bytes);
    if (!attached) return refuse(attached.error(), report);
    if (capi::exchange(*slot, below, std::move(*attached)) == Exchange::done) return report.ok();
  }
}

int callgate_slot_promote(callgate_slot* slot, callgate_error* error) noexcept {
  Report report(error);
  if (!report.is_usable()) return CALLGATE_BAD_SIZE;
  if (slot == nullptr) return report.misuse(CALLGATE_NULL_POINTER, "slot");
  while (true) {
    const Chain now = capi::current(*slot);
    auto promoted = now.promote();
    if (!promoted) return refuse(promoted.error(), report);
    if (ChainHandle::image(*promoted) == ChainHandle::image(now)) return report.ok();
    const Exchange end = capi::exchange(*slot, now, std::move(*promoted));
    if (end == Exchange::done) return report.ok();
    if (end == Exchange::out_of_memory) return report.out_of_memory();
  }
}
