#include "capi/filters.h"

#include <cstdint>
#include <span>
#include <utility>

#include "capi/convert.h"

namespace callgate::capi {
namespace {

// The filter with which a path becomes as long as the error says.
std::uint32_t index_of_refused(const AttachError& why, const Chain& chain, const Programs& programs) noexcept {
  if (why.code != AttachErrc::path_too_long) return CALLGATE_NONE;
  constexpr std::uint64_t per_older_filter = 4;
  std::uint64_t path = chain.path_length() + (chain.length() == 0 ? 0 : per_older_filter);
  for (std::uint32_t i = 0; i < programs.size(); ++i) {
    path += programs[i].kernel_length();
    if (path >= why.path_length) return i;
    path += per_older_filter;
  }
  return CALLGATE_NONE;
}

}  // namespace

int verify_all(const callgate_filter* filters, std::size_t count, Programs& programs, Report& report) {
  for (std::size_t i = 0; i < count; ++i) {
    const callgate_filter& filter = filters[i];
    if (filter.instructions == nullptr && filter.count != 0) {
      return report.misuse(CALLGATE_NULL_POINTER, "oldest_first[].instructions");
    }
    if (filter.count > PTRDIFF_MAX / sizeof(Insn)) return report.misuse(CALLGATE_BAD_COUNT, "oldest_first[].count");
    auto verified = verify(std::span(cast(filter.instructions), filter.count));
    if (!verified) return report.refused(verified.error(), static_cast<std::uint32_t>(i));
    programs.push_back(std::move(*verified));
  }
  return CALLGATE_OK;
}

int refuse(const AttachError& why, const Chain& chain, const Programs& programs, Report& report) noexcept {
  return report.refused(why, index_of_refused(why, chain, programs));
}

}  // namespace callgate::capi
