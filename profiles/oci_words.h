// The words of OCI seccomp profiles and what they stand for.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <seccomp.h>

#include "profiles/json_node.h"

namespace callgate::profiles {

// These throw std::runtime_error, whose text names the place and the word that may be meant.
scmp_compare read_operator(const Node& node);
std::uint32_t read_action_word(const Node& node);  // with no data
void check_flag(const Node& node);                 // of seccomp(2), as the runtime specification lists them

// By name ("ENOSYS") or in decimal digits ("38"), as podman has it.
std::uint32_t read_errno_text(const Node& node, std::uint32_t max);

// Whether actions of this kind carry an error number or a message (ERRNO, TRACE).
constexpr bool has_data(std::uint32_t action) noexcept {
  return (action & SECCOMP_RET_ACTION_FULL) == SCMP_ACT_ERRNO(0) ||
         (action & SECCOMP_RET_ACTION_FULL) == SCMP_ACT_TRACE(0);
}

// "SCMP_ARCH_X86_64", "SCMP_ARCH_X86" and "SCMP_ARCH_X32" as libseccomp's tokens; "SCMP_ARCH_NATIVE" as `native`; empty
// for the others that Linux has: no call on x86 is one of theirs.
std::optional<std::uint32_t> read_architecture(const Node& node, std::uint32_t native);

// Whether it is a word that "arches" of a condition may hold: Go's or libseccomp's names of architectures.
bool is_condition_arch(std::string_view name);

}  // namespace callgate::profiles
