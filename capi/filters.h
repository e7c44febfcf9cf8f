// Filters that a caller of the C API gives, and why they are refused.
#pragma once

#include <cstddef>
#include <exception>
#include <vector>

#include "callgate/callgate.h"
#include "callgate/chain.hpp"
#include "callgate/program.hpp"
#include "capi/report.h"

namespace callgate::capi {

using Programs = std::vector<Program>;

// Verifies all, in their order. CALLGATE_OK, or what `report` was told. May throw what standard containers throw.
int verify_all(const callgate_filter* filters, std::size_t count, Programs& programs, Report& report);

// Reports why the programs cannot be put on the chain.
int refuse(const AttachError& why, const Chain& chain, const Programs& programs, Report& report) noexcept;

// What standard containers throw for want of memory becomes an error.
template <class Work>
int without_exceptions(Report& report, Work work) noexcept {
  try {
    return work();
  } catch (const std::exception&) {
    return report.out_of_memory();
  }
}

}  // namespace callgate::capi
