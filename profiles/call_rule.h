// The rules of a profile one by one, as engines give them to libseccomp.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <seccomp.h>

#include "callgate/insn.hpp"
#include "profiles/oci_profile.h"

namespace callgate::profiles {

// One rule for one call. Its tests are of different arguments, and all must hold.
struct CallRule {
  std::string path;  // of the rule in the JSON
  std::string name;
  std::uint32_t action;
  std::vector<scmp_arg_cmp> tests;
  bool is_default;  // says what the profile says anyway: engines leave it out
};

// Each rule once, in the profile's order; a rule that tests one argument twice is a rule for each test. Names that no
// Linux and no libseccomp knows are told in `notes` and left out. Throws std::runtime_error for more rules than any
// filter has room for.
std::vector<CallRule> split_rules(const Profile& profile, std::vector<std::string>& notes);

// The number by which libseccomp knows `name` on an architecture (its token), or __NR_SCMP_ERROR. Negative numbers
// stand for calls that the architecture lacks, or has by way of socketcall and ipc.
int libseccomp_number(const std::string& name, std::uint32_t token = SCMP_ARCH_NATIVE);

// An architecture whose calls a profile decides.
struct CallArch {
  std::uint32_t token;  // libseccomp's
  std::uint32_t arch;   // AUDIT_ARCH_*
  bool x32;
  bool wide;  // whether all 64 bits of arguments count; libseccomp looks at 32 for i386 and x32

  // Of a call, as seccomp_data has it.
  std::optional<std::uint32_t> number(std::string_view name) const;
  // Whether it is one of those that i386 has by way of socketcall and ipc as well: libseccomp knows them by negative
  // numbers, and takes care of both.
  bool is_multiplexed(std::uint32_t nr) const;
};
std::vector<CallArch> call_arches(const Profile& profile);

// Whether the arguments of a call, by index, are those that a test means.
bool holds(const scmp_arg_cmp& test, std::span<const std::uint64_t, 6> args, bool wide) noexcept;
bool holds(const CallRule& rule, std::span<const std::uint64_t, 6> args, bool wide) noexcept;

}  // namespace callgate::profiles
