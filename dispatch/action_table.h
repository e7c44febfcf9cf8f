// The action table: what a chain decides for each system call number when number and architecture alone decide it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "callgate/chain.hpp"

namespace callgate::detail {

using ActionTable = std::span<std::uint32_t, action_table_entries>;

// The result of `program` for all calls with this number and architecture, if it is the same for all of them as far as
// one walk can tell: the walk ends at the first test that depends on anything else. As seccomp_is_const_allow() in
// kernel/seccomp.c, but for every result and every instruction.
std::optional<std::uint32_t> constant_result(const Program& program, std::uint32_t nr, std::uint32_t arch) noexcept;

// The table of a chain without filters.
void allow_all(ActionTable table) noexcept;

// Makes the table of a chain into that of the same chain with `newest` on top.
void put_on_top(ActionTable table, const Program& newest, MergeRule rule) noexcept;

}  // namespace callgate::detail
