#include "dispatch/install.h"

#include <array>

namespace callgate::detail {
namespace {

// The table of a chain that has none: every call runs the entry.
constexpr auto all_residual = [] {
  std::array<std::uint32_t, action_table_entries> table{};
  table.fill(residual_marker);
  return table;
}();

}  // namespace

std::optional<AttachErrc> check_options(const Options&) noexcept { return std::nullopt; }

bool install(ChainNode& node) noexcept {
  node.entry = interpret_chain;
  node.table = all_residual.data();
  node.engine = Engine::interpreter;
  return true;
}

}  // namespace callgate::detail
