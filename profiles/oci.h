// OCI seccomp JSON to instructions, through libseccomp, as container engines do it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bpf/kernel.h"
#include "callgate/expected.hpp"
#include "callgate/insn.hpp"
#include "profiles/capability.h"

namespace callgate::profiles {

using bpf::KernelVersion;

// "4.8", "6.1.0-13-amd64": the first two numbers count. Throws nothing; an error says what is expected.
Expected<KernelVersion, std::string> parse_kernel_version(std::string_view text);
KernelVersion running_kernel();

// Whose reading of a profile counts. docs/profiles.md has the differences.
enum class ContainerEngine : std::uint8_t {
  common,  // none in particular: every key that one of them knows; no stub of runc's; what one refuses is an error
  runc,    // ENOSYS for numbers above the largest that the profile names, unless the default action lets calls pass
  crun,    // no such stub; only the first six tests of a rule
  podman,  // podman's keys, with crun
  docker,  // Docker's keys, with runc
};

// The container that the profile is for.
struct OciOptions {
  Capabilities capabilities;  // of the bounding set, such as "CAP_SYS_ADMIN"; no rule of a bundle asks for them
  KernelVersion kernel = running_kernel();
  std::uint32_t native_arch = arch::x86_64;  // x86_64 or i386; not that of this process
  bool binary_tree = false;                  // system calls in a binary tree (SCMP_FLTATR_CTL_OPTIMIZE 2), not a list
  std::uint32_t seconds = 5;                 // of processor time, at most, for libseccomp
  ContainerEngine engine = ContainerEngine::common;
  bool accept_mismatch = false;  // calls that libseccomp's filter decides in another way than the rules are notes
};

struct OciFilter {
  std::vector<Insn> instructions;
  std::vector<std::string> notes;  // what was left out or does nothing; one line each, with the first JSON path
};

// The filter that `json` stands for: the runtime specification's form ("architectures"), the form of the engines'
// default profiles ("archMap", "includes", "excludes"), or a bundle's config.json, whose "linux.seccomp" counts.
// A rule whose action is the default one is left out, several tests of one argument become several rules, and a system
// call that Linux does not know is skipped with a note. The names are those of callgate's own table (bpf/syscalls.h):
// calls that libseccomp does not know are decided by instructions in front of its own. Keys that nobody knows, and
// what has no effect, are told in notes; what the specification forbids is an error. An error names the place:
// "syscalls[3].args[0].op: unknown operator "SCMP_CMP_FOO"". libseccomp works in a child process, so that it can be
// stopped. The filter is not verified, but it is tried: a call that a rule means and that the filter decides in another
// way, or less strictly than one of several rules that mean it, is an error (libseccomp before 2.6.1 makes such
// filters, GHSA-4q85-33p6-j5g6). Calls are taken from the edges of the rules' conditions, up to a bound on time.
Expected<OciFilter, std::string> compile_oci(std::string_view json, const OciOptions& options = {});

}  // namespace callgate::profiles
