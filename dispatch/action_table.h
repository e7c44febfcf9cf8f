// The action table of a chain: what number and architecture decide, and where the code for the other calls is.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "callgate/chain.hpp"
#include "compose/plan.h"
#include "dispatch/records.h"

namespace callgate {
namespace CALLGATE_HIDDEN detail {

// What is left to decide: the distinct roots of the newest segment that are not plain results. Records decide some;
// the others need code, or the graph.
struct Residuals {
  std::vector<ir::NodeId> roots;
  Records records;
  // By domain class (compose/call_class.h): a result, a record's word, or CALLGATE_CODE_BASE + index of root. Empty if
  // the newest segment does not decide by number.
  std::vector<std::uint32_t> word_of_class;
};

// `layout` says where the records find arguments.
Residuals find_residuals(const compose::Plan& plan, MergeRule rule,
                         const InputLayout& layout = InputLayout::seccomp_data());

// The words by which a chain decides.
struct ActionTable {
  std::vector<std::uint32_t> words;  // CALLGATE_TABLE_ENTRIES words; none if all calls are decided in the same way
  std::uint32_t rest = CALLGATE_CODE_BASE;  // word of the calls that are not in the table
};

// entries[0] is where the code of the whole chain lies, entries[i + 1] that of residual i, in bytes from the start.
// Without entries, all code words name the start.
ActionTable make_table(const compose::Plan& plan, MergeRule rule, const Residuals& residuals,
                       std::span<const std::uint32_t> entries);

}  // namespace detail
}  // namespace callgate
