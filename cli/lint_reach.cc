// callgate lint: other ways to what is refused.
#include <algorithm>
#include <set>

#include "cli/decision_text.h"
#include "cli/lint_policy.h"

namespace callgate::cli {
namespace {

// A call that is refused, and others that do the same.
struct Twins {
  const char* call;
  std::initializer_list<const char*> twins;
  const char* why;
};
const Twins all_twins[] = {
    {"open", {"openat", "openat2", "creat"}, "opens files as well"},
    {"openat", {"openat2", "open"}, "opens files as well"},
    {"execve", {"execveat"}, "runs programs as well"},
    {"ptrace", {"process_vm_readv", "process_vm_writev"}, "reaches into other processes as well"},
    {"socket", {"io_uring_setup"}, "makes sockets without a call that a filter sees"},
    {"connect", {"io_uring_setup"}, "connects without a call that a filter sees"},
    {"openat", {"io_uring_setup"}, "opens files without a call that a filter sees"},
    {"mount", {"move_mount"}, "mounts as well"},
    {"unshare", {"setns"}, "enters namespaces as well"},
    {"chmod", {"fchmodat", "fchmodat2"}, "changes modes as well"},
    {"kill", {"tkill", "tgkill", "pidfd_send_signal"}, "sends signals as well"},
    {"init_module", {"finit_module"}, "loads modules as well"},
    {"kexec_load", {"kexec_file_load"}, "loads kernels as well"},
    {"setxattr", {"setxattrat"}, "sets attributes as well"},
};

std::string count_text(const std::vector<std::string>& names) {
  return names.size() == 1 ? "one call can" : fmt::format("{} calls can", names.size());
}

// Calls by name that never run on x86_64, and run on another architecture.
void compare_with(LintPolicy& policy, const Domain& other, const char* id, const char* what) {
  std::vector<std::string> names;
  std::optional<SeccompData> example;
  for (const auto& [nr, name] : policy.native().names) {
    if (!policy.fate_of(policy.native(), nr).never_runs()) continue;
    const Fate fate = policy.fate_of(other, name);
    if (!fate.run) continue;
    if (!example) example = fate.run;
    names.push_back(name);
  }
  if (example)
    policy.find(id, fmt::format("{}: {} run there and never on x86_64: {}", what, count_text(names), short_list(names)),
                *example);
}

}  // namespace

void lint_architectures(LintPolicy& policy) {
  const bool looks =
      std::ranges::any_of(policy.walk().parts(), [](const proof::Part& p) { return !p.arches.is_all(); });
  if (!looks) {
    for (const auto& [nr, name] : policy.native().names) {
      const Fate& fate = policy.fate_of(policy.native(), nr);
      const Fate other = policy.fate_of(policy.x86_32(), name);
      if (!fate.never_runs() || !other.run) continue;
      return policy.find(
          "no-architecture",
          fmt::format("the filters never look at the architecture, whose numbers mean other calls: {} is "
                      "refused on x86_64 and runs on i386",
                      name),
          *other.run);
    }
    return;
  }
  compare_with(policy, policy.x32(), "x32-open", "the numbers of x32 are left open");
  compare_with(policy, policy.x86_32(), "i386-open", "i386 is left open");
}

void lint_multiplexers(LintPolicy& policy) {
  const auto look = [&](const char* through, std::initializer_list<const char*> direct) {
    const Fate fate = policy.fate_of(policy.x86_32(), through);
    if (!fate.run) return;
    for (const char* name : direct) {
      const Fate here = policy.fate_of(policy.x86_32(), name);
      const Fate native_fate = policy.fate_of(policy.native(), name);
      if (!here.refused && !native_fate.refused) continue;
      return policy.find(
          "multiplexer-open",
          fmt::format(
              "{} of i386 does what {} does, which is refused or restricted, and no filter sees what it points to",
              through, name),
          *fate.run);
    }
  };
  look("socketcall", {"socket", "connect", "bind", "listen", "sendto", "recvfrom", "setsockopt"});
  look("ipc", {"shmget", "semget", "msgget", "shmat"});
}

void lint_twins(LintPolicy& policy) {
  std::set<std::string> told;
  for (const Twins& group : all_twins) {
    const Fate fate = policy.fate_of(policy.native(), group.call);
    if (!fate.never_runs()) continue;
    for (const char* twin : group.twins) {
      const Fate other = policy.fate_of(policy.native(), twin);
      if (!other.run || !told.insert(twin).second) continue;
      policy.find("twin-open", fmt::format("{} never runs, and {}, which {}, does", group.call, twin, group.why),
                  *other.run);
    }
  }
}

void lint_clone3(LintPolicy& policy) {
  const Fate clone = policy.fate_of(policy.native(), "clone");
  const Fate fate = policy.fate_of(policy.native(), "clone3");
  if (clone.run && clone.refused && fate.run) {
    policy.find("clone3-open", "clone is restricted by its flags, and clone3, whose flags no filter sees, runs",
                *fate.run);
  }
  if (!clone.run || !fate.refused) return;
  constexpr std::uint32_t enosys = action::errno_ | 38;
  if (policy.policy().decide(*fate.refused) == enosys) return;
  policy.find("clone3-not-enosys",
              "clone3 is refused with something else than ENOSYS, for which alone C libraries fall back to clone",
              *fate.refused);
}

void lint_new_calls(LintPolicy& policy) {
  constexpr std::uint32_t unnamed = 1000;
  const Fate& fate = policy.fate_of(policy.native(), unnamed);
  if (!fate.refused) return;
  const std::uint32_t decision = policy.policy().decide(*fate.refused);
  if (action_of(decision) != action::errno_ || data_of(decision) == 38) return;
  policy.find(
      "new-calls-not-enosys",
      fmt::format(
          "calls newer than the policy get {}, and programs that try them do not fall back as they do after ENOSYS",
          decision_text(decision)),
      *fate.refused);
}

}  // namespace callgate::cli
