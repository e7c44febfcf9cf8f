// A dozen small filters, one for each of the directives with which a service manager takes system calls away from a
// service. The names are those of systemd's unit files (systemd.exec(5)); rules and lists are this project's own.
#include <sched.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <array>
#include <cerrno>

#include "bench/filters/seccomp_filter.h"

namespace callgate::bench {
namespace {

const std::vector<std::uint32_t> native_only = {SCMP_ARCH_X86_64};
const std::vector<std::uint32_t> all_modes = {SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_X32};

constexpr std::uint32_t deny = SCMP_ACT_ERRNO(EPERM);
constexpr std::uint32_t absent = SCMP_ACT_ERRNO(ENOSYS);  // makes the C library try the older call

scmp_arg_cmp equals(unsigned argument, std::uint64_t value) { return {argument, SCMP_CMP_EQ, value, 0}; }
scmp_arg_cmp differs(unsigned argument, std::uint64_t value) { return {argument, SCMP_CMP_NE, value, 0}; }
scmp_arg_cmp above(unsigned argument, std::uint64_t value) { return {argument, SCMP_CMP_GT, value, 0}; }

// All of `bits` are set.
scmp_arg_cmp has(unsigned argument, std::uint64_t bits) { return {argument, SCMP_CMP_MASKED_EQ, bits, bits}; }

SeccompFilter everything_but(const char* name, const std::vector<std::uint32_t>& arches = all_modes) {
  return {name, SCMP_ACT_ALLOW, arches};
}

SeccompFilter deny_list(const char* name, const std::vector<const char*>& calls) {
  SeccompFilter filter = everything_but(name);
  filter.rules(deny, calls);
  return filter;
}

// AF_UNIX, AF_INET, AF_INET6 and AF_NETLINK only. The i386 calls are left alone: socketcall(2) passes the family in
// memory, where no filter can see it.
SeccompFilter restrict_address_families() {
  SeccompFilter filter = everything_but("RestrictAddressFamilies", {SCMP_ARCH_X86_64, SCMP_ARCH_X32});
  filter.other_arches(SCMP_ACT_ALLOW);
  constexpr std::uint32_t refuse = SCMP_ACT_ERRNO(EAFNOSUPPORT);
  for (std::uint64_t family = 0; family < AF_NETLINK; ++family) {
    if (family != AF_UNIX && family != AF_INET && family != AF_INET6) {
      filter.rule(refuse, "socket", {equals(0, family)});
    }
  }
  filter.rule(refuse, "socket", {above(0, AF_NETLINK)});
  return filter;
}

SeccompFilter memory_deny_write_execute() {
  SeccompFilter filter = everything_but("MemoryDenyWriteExecute", {SCMP_ARCH_X86_64, SCMP_ARCH_X32});
  filter.other_arches(SCMP_ACT_ALLOW);
  filter.rule(deny, "mmap", {has(2, PROT_EXEC | PROT_WRITE)});
  filter.rule(deny, "mprotect", {has(2, PROT_EXEC)});
  filter.rule(deny, "pkey_mprotect", {has(2, PROT_EXEC)});
  filter.rule(deny, "shmat", {has(2, SHM_EXEC)});
  return filter;
}

// The scheduling classes that every user may have, and no other.
SeccompFilter restrict_realtime() {
  SeccompFilter filter = everything_but("RestrictRealtime");
  filter.rule(deny, "sched_setscheduler", {equals(1, SCHED_FIFO)});
  filter.rule(deny, "sched_setscheduler", {equals(1, SCHED_RR)});
  filter.rule(deny, "sched_setscheduler", {equals(1, 4)});          // SCHED_ISO, reserved
  filter.rule(deny, "sched_setscheduler", {above(1, SCHED_IDLE)});  // SCHED_DEADLINE and what may come
  filter.rule(deny, "sched_setattr");                               // its policy is in memory
  return filter;
}

// No file gets the set-user-ID or set-group-ID bit.
SeccompFilter restrict_suid_sgid() {
  SeccompFilter filter = everything_but("RestrictSUIDSGID");
  struct WithMode {
    const char* name;
    unsigned mode;
  };
  constexpr std::array plain = {WithMode{"chmod", 1}, WithMode{"fchmod", 1}, WithMode{"fchmodat", 2},
                                WithMode{"creat", 1}, WithMode{"mkdir", 1},  WithMode{"mkdirat", 2},
                                WithMode{"mknod", 1}, WithMode{"mknodat", 2}};
  for (const std::uint64_t bit : {std::uint64_t{S_ISUID}, std::uint64_t{S_ISGID}}) {
    for (const auto& [name, mode] : plain) filter.rule(deny, name, {has(mode, bit)});
    filter.rule(deny, "open", {has(1, O_CREAT), has(2, bit)});
    filter.rule(deny, "openat", {has(2, O_CREAT), has(3, bit)});
  }
  filter.rule(absent, "openat2");  // its mode is in memory
  return filter;
}

SeccompFilter restrict_namespaces() {
  SeccompFilter filter = everything_but("RestrictNamespaces");
  constexpr std::array<std::uint64_t, 7> kinds = {CLONE_NEWNS,   CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
                                                  CLONE_NEWUSER, CLONE_NEWPID,    CLONE_NEWNET};
  for (const std::uint64_t kind : kinds) {
    filter.rule(deny, "unshare", {has(0, kind)});
    filter.rule(deny, "clone", {has(0, kind)});
    filter.rule(deny, "setns", {has(1, kind)});
  }
  filter.rule(deny, "setns", {equals(1, 0)});  // whatever the descriptor stands for
  filter.rule(absent, "clone3");               // its flags are in memory
  return filter;
}

SeccompFilter lock_personality() {
  SeccompFilter filter = everything_but("LockPersonality");
  filter.rule(deny, "personality", {differs(0, 0)});
  return filter;
}

// The lists @obsolete, @raw-io, @reboot and @swap.
SeccompFilter system_call_filter() {
  return deny_list("SystemCallFilter=~@obsolete @raw-io @reboot @swap", {"_sysctl",
                                                                         "afs_syscall",
                                                                         "bdflush",
                                                                         "break",
                                                                         "create_module",
                                                                         "ftime",
                                                                         "get_kernel_syms",
                                                                         "getpmsg",
                                                                         "gtty",
                                                                         "idle",
                                                                         "lock",
                                                                         "mpx",
                                                                         "prof",
                                                                         "profil",
                                                                         "putpmsg",
                                                                         "query_module",
                                                                         "security",
                                                                         "sgetmask",
                                                                         "ssetmask",
                                                                         "stime",
                                                                         "stty",
                                                                         "sysfs",
                                                                         "tuxcall",
                                                                         "ulimit",
                                                                         "uselib",
                                                                         "ustat",
                                                                         "vserver",
                                                                         "ioperm",
                                                                         "iopl",
                                                                         "pciconfig_iobase",
                                                                         "pciconfig_read",
                                                                         "pciconfig_write",
                                                                         "kexec_load",
                                                                         "kexec_file_load",
                                                                         "reboot",
                                                                         "swapon",
                                                                         "swapoff"});
}

}  // namespace

Workload hardening() {
  // In the order in which systemd applies its own.
  const std::array filters = {
      restrict_address_families(),
      memory_deny_write_execute(),
      restrict_realtime(),
      restrict_suid_sgid(),
      restrict_namespaces(),
      deny_list("ProtectHostname", {"sethostname", "setdomainname"}),
      deny_list("ProtectKernelModules", {"init_module", "finit_module", "delete_module"}),
      deny_list("ProtectKernelLogs", {"syslog"}),
      deny_list("ProtectClock", {"adjtimex", "clock_adjtime", "clock_adjtime64", "clock_settime", "clock_settime64",
                                 "settimeofday", "stime"}),
      everything_but("SystemCallArchitectures=native", native_only),
      lock_personality(),
      system_call_filter(),
  };
  Workload workload{"hardening", "a dozen small filters of the kind service managers install", {}};
  for (const SeccompFilter& filter : filters) workload.filters.push_back(filter.build());
  return workload;
}

}  // namespace callgate::bench
