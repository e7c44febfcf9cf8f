// OCI seccomp JSON to instructions, through libseccomp, as container engines do it.
#pragma once

#include <compare>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "callgate/expected.hpp"
#include "callgate/insn.hpp"

namespace callgate::profiles {

struct KernelVersion {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;

  friend constexpr auto operator<=>(const KernelVersion&, const KernelVersion&) = default;
};

// "4.8", "6.1.0-13-amd64": the first two numbers count. Throws nothing; an error says what is expected.
Expected<KernelVersion, std::string> parse_kernel_version(std::string_view text);
KernelVersion running_kernel();

// The container that the profile is for.
struct OciOptions {
  std::set<std::string, std::less<>> capabilities;  // of the bounding set, such as "CAP_SYS_ADMIN"
  KernelVersion kernel = running_kernel();
  std::uint32_t native_arch = arch::x86_64;  // x86_64 or i386; not that of this process
  bool binary_tree = false;                  // system calls in a binary tree (SCMP_FLTATR_CTL_OPTIMIZE 2), not a list
  std::uint32_t seconds = 5;                 // of processor time, at most, for libseccomp
};

struct OciFilter {
  std::vector<Insn> instructions;
  std::vector<std::string> notes;  // what was left out, each name once, with its first JSON path; one line each
};

// The filter that `json` stands for: either the runtime specification's form ("architectures") or the form of the
// engines' default profiles ("archMap", "includes", "excludes"). A rule whose action is the default one is left
// out, several tests of one argument become several rules, and a system call that libseccomp does not know is
// skipped with a note. Keys without a bearing on decisions are ignored. An error names the place:
// "syscalls[3].args[0].op: unknown operator "SCMP_CMP_FOO"". libseccomp works in a child process, so that it can be
// stopped. The filter is not verified.
Expected<OciFilter, std::string> compile_oci(std::string_view json, const OciOptions& options = {});

}  // namespace callgate::profiles
