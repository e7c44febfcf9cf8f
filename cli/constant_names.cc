#include "cli/constant_names.h"

#include <fmt/format.h>

#include "calls/symbols.h"

namespace callgate::cli {
namespace {

// The names that an argument may have. Values are those of calls/symbols.cc.
struct Family {
  std::string_view arguments;  // "call:index", separated by blanks
  bool are_flags;
  std::string_view names;  // separated by blanks; of two with one value the first is shown
};

constexpr Family families[] = {
    {"clone:0 unshare:0 setns:1", true,
     "CLONE_NEWNS CLONE_NEWCGROUP CLONE_NEWUTS CLONE_NEWIPC CLONE_NEWUSER CLONE_NEWPID CLONE_NEWNET CLONE_NEWTIME "
     "CLONE_VM CLONE_FS CLONE_FILES CLONE_SIGHAND CLONE_PIDFD CLONE_PTRACE CLONE_VFORK CLONE_PARENT CLONE_THREAD "
     "CLONE_SYSVSEM CLONE_SETTLS CLONE_PARENT_SETTID CLONE_CHILD_CLEARTID CLONE_DETACHED CLONE_UNTRACED "
     "CLONE_CHILD_SETTID CLONE_IO"},
    {"mmap:2 mmap2:2 mprotect:2 pkey_mprotect:2", true,
     "PROT_NONE PROT_READ PROT_WRITE PROT_EXEC PROT_GROWSDOWN PROT_GROWSUP"},
    {"mmap:3 mmap2:3", true,
     "MAP_SHARED MAP_PRIVATE MAP_FIXED MAP_ANONYMOUS MAP_32BIT MAP_GROWSDOWN MAP_DENYWRITE MAP_EXECUTABLE MAP_LOCKED "
     "MAP_NORESERVE MAP_POPULATE MAP_NONBLOCK MAP_STACK MAP_HUGETLB MAP_SYNC MAP_FIXED_NOREPLACE"},
    {"open:1 openat:2", true,
     "O_TMPFILE O_SYNC O_WRONLY O_RDWR O_CREAT O_EXCL O_NOCTTY O_TRUNC O_APPEND O_NONBLOCK O_DSYNC O_ASYNC O_DIRECT "
     "O_LARGEFILE O_DIRECTORY O_NOFOLLOW O_NOATIME O_CLOEXEC O_PATH"},
    {"chmod:1 fchmod:1 fchmodat:2 fchmodat2:2 mknod:1 mknodat:2 open:2 openat:3 creat:1", true,
     "S_IFSOCK S_IFLNK S_IFREG S_IFBLK S_IFDIR S_IFCHR S_IFIFO S_ISUID S_ISGID S_ISVTX"},
    {"socket:0 socketpair:0", false,
     "AF_UNSPEC AF_UNIX AF_INET AF_AX25 AF_IPX AF_APPLETALK AF_X25 AF_INET6 AF_KEY AF_NETLINK AF_PACKET AF_RDS "
     "AF_PPPOX "
     "AF_LLC AF_IB AF_CAN AF_TIPC AF_BLUETOOTH AF_RXRPC AF_ISDN AF_PHONET AF_ALG AF_NFC AF_VSOCK AF_KCM AF_QIPCRTR "
     "AF_SMC AF_XDP AF_MCTP"},
    {"ioctl:1", false,
     "TCSETS TCSETSW TCSETSF TIOCSCTTY TIOCGPGRP TIOCSPGRP TIOCSTI TIOCGWINSZ TIOCSWINSZ TIOCLINUX TIOCNOTTY TIOCGPTN "
     "TIOCSPTLCK TIOCGSID FIONREAD FIONBIO FIOCLEX FIONCLEX FIOASYNC"},
    {"prctl:0", false,
     "PR_SET_PDEATHSIG PR_GET_PDEATHSIG PR_GET_DUMPABLE PR_SET_DUMPABLE PR_GET_KEEPCAPS PR_SET_KEEPCAPS PR_SET_NAME "
     "PR_GET_NAME PR_GET_SECCOMP PR_SET_SECCOMP PR_CAPBSET_READ PR_CAPBSET_DROP PR_GET_TSC PR_SET_TSC "
     "PR_GET_SECUREBITS "
     "PR_SET_SECUREBITS PR_SET_TIMERSLACK PR_GET_TIMERSLACK PR_MCE_KILL PR_SET_MM PR_SET_CHILD_SUBREAPER "
     "PR_GET_CHILD_SUBREAPER PR_SET_NO_NEW_PRIVS PR_GET_NO_NEW_PRIVS PR_GET_TID_ADDRESS PR_SET_THP_DISABLE "
     "PR_GET_THP_DISABLE PR_CAP_AMBIENT PR_GET_SPECULATION_CTRL PR_SET_SPECULATION_CTRL PR_SET_IO_FLUSHER "
     "PR_SET_SYSCALL_USER_DISPATCH PR_SCHED_CORE PR_SET_MDWE PR_GET_MDWE PR_SET_PTRACER PR_SET_VMA"},
    {"arch_prctl:0", false,
     "ARCH_SET_GS ARCH_SET_FS ARCH_GET_FS ARCH_GET_GS ARCH_CET_STATUS ARCH_GET_CPUID ARCH_SET_CPUID "
     "ARCH_GET_XCOMP_SUPP "
     "ARCH_GET_XCOMP_PERM ARCH_REQ_XCOMP_PERM"},
    {"ptrace:0", false,
     "PTRACE_TRACEME PTRACE_PEEKTEXT PTRACE_PEEKDATA PTRACE_POKETEXT PTRACE_POKEDATA PTRACE_CONT PTRACE_KILL "
     "PTRACE_SINGLESTEP PTRACE_GETREGS PTRACE_SETREGS PTRACE_ATTACH PTRACE_DETACH PTRACE_SYSCALL PTRACE_SETOPTIONS "
     "PTRACE_GETEVENTMSG PTRACE_GETSIGINFO PTRACE_SEIZE PTRACE_INTERRUPT PTRACE_LISTEN"},
    {"seccomp:0", false,
     "SECCOMP_SET_MODE_STRICT SECCOMP_SET_MODE_FILTER SECCOMP_GET_ACTION_AVAIL SECCOMP_GET_NOTIF_SIZES"},
    {"bpf:0", false,
     "BPF_MAP_CREATE BPF_MAP_LOOKUP_ELEM BPF_MAP_UPDATE_ELEM BPF_MAP_DELETE_ELEM BPF_MAP_GET_NEXT_KEY BPF_PROG_LOAD "
     "BPF_OBJ_PIN BPF_OBJ_GET BPF_PROG_ATTACH BPF_PROG_DETACH"},
    {"personality:0", false,
     "PER_LINUX PER_LINUX32 UNAME26 ADDR_NO_RANDOMIZE MMAP_PAGE_ZERO ADDR_COMPAT_LAYOUT READ_IMPLIES_EXEC "
     "ADDR_LIMIT_32BIT"},
    {"fcntl:1 fcntl64:1", false,
     "F_DUPFD F_GETFD F_SETFD F_GETFL F_SETFL F_GETLK F_SETLK F_SETLKW F_SETOWN F_GETOWN F_SETSIG F_GETSIG F_OFD_GETLK "
     "F_OFD_SETLK F_OFD_SETLKW F_SETLEASE F_GETLEASE F_NOTIFY F_DUPFD_CLOEXEC F_SETPIPE_SZ F_GETPIPE_SZ F_ADD_SEALS "
     "F_GET_SEALS"},
    {"madvise:2 process_madvise:3", false,
     "MADV_NORMAL MADV_RANDOM MADV_SEQUENTIAL MADV_WILLNEED MADV_DONTNEED MADV_FREE MADV_REMOVE MADV_DONTFORK "
     "MADV_DOFORK "
     "MADV_MERGEABLE MADV_UNMERGEABLE MADV_HUGEPAGE MADV_NOHUGEPAGE MADV_DONTDUMP MADV_DODUMP MADV_WIPEONFORK "
     "MADV_KEEPONFORK MADV_COLD MADV_PAGEOUT MADV_POPULATE_READ MADV_POPULATE_WRITE"},
    {"kill:1 tkill:1 tgkill:2 rt_sigqueueinfo:1 rt_tgsigqueueinfo:2 pidfd_send_signal:1 rt_sigaction:0", false,
     "SIGHUP SIGINT SIGQUIT SIGILL SIGTRAP SIGABRT SIGBUS SIGFPE SIGKILL SIGUSR1 SIGSEGV SIGUSR2 SIGPIPE SIGALRM "
     "SIGTERM "
     "SIGSTKFLT SIGCHLD SIGCONT SIGSTOP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGXCPU SIGXFSZ SIGVTALRM SIGPROF SIGWINCH "
     "SIGIO "
     "SIGPWR SIGSYS"},
    {"futex:1", false,
     "FUTEX_WAIT FUTEX_WAKE FUTEX_REQUEUE FUTEX_CMP_REQUEUE FUTEX_WAKE_OP FUTEX_LOCK_PI FUTEX_UNLOCK_PI "
     "FUTEX_TRYLOCK_PI "
     "FUTEX_WAIT_BITSET FUTEX_WAKE_BITSET FUTEX_WAIT_PRIVATE FUTEX_WAKE_PRIVATE FUTEX_REQUEUE_PRIVATE "
     "FUTEX_CMP_REQUEUE_PRIVATE FUTEX_WAKE_OP_PRIVATE FUTEX_WAIT_BITSET_PRIVATE FUTEX_WAKE_BITSET_PRIVATE"},
    {"prlimit64:1 setrlimit:0 getrlimit:0", false,
     "RLIMIT_CPU RLIMIT_FSIZE RLIMIT_DATA RLIMIT_STACK RLIMIT_CORE RLIMIT_RSS RLIMIT_NPROC RLIMIT_NOFILE "
     "RLIMIT_MEMLOCK "
     "RLIMIT_AS RLIMIT_LOCKS RLIMIT_SIGPENDING RLIMIT_MSGQUEUE RLIMIT_NICE RLIMIT_RTPRIO RLIMIT_RTTIME"},
};

// The words of a list, one by one.
template <class Use>
void for_each_word(std::string_view list, Use use) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(' '), list.size());
    use(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

const Family* find_family(std::string_view call, std::size_t argument) {
  const std::string wanted = fmt::format("{}:{}", call, argument);
  for (const Family& family : families) {
    bool found = false;
    for_each_word(family.arguments, [&](std::string_view word) { found |= word == wanted; });
    if (found) return &family;
  }
  return nullptr;
}

std::string number_text(std::uint64_t value) {
  return value < 10 ? std::to_string(value) : fmt::format("{:#x}", value);
}

std::string flags_text(const Family& family, std::uint64_t value) {
  std::string text;
  for_each_word(family.names, [&](std::string_view name) {
    const std::uint64_t flag = static_cast<std::uint32_t>(calls::symbol_value(name).value_or(0));
    if (flag == 0 || (value & flag) != flag) return;
    text += (text.empty() ? "" : "|") + std::string(name);
    value &= ~flag;
  });
  if (text.empty()) return number_text(value);
  return value == 0 ? text : text + "|" + number_text(value);
}

}  // namespace

std::string constant_text(std::string_view call, std::size_t argument, std::uint64_t value) {
  const Family* const family = find_family(call, argument);
  if (family == nullptr) return number_text(value);
  std::string_view exact;
  for_each_word(family->names, [&](std::string_view name) {
    const auto known = calls::symbol_value(name);
    if (exact.empty() && known && static_cast<std::uint32_t>(*known) == value) exact = name;
  });
  if (!exact.empty()) return std::string(exact);
  return family->are_flags ? flags_text(*family, value) : number_text(value);
}

bool has_constants(std::string_view call, std::size_t argument) { return find_family(call, argument) != nullptr; }

bool is_flags(std::string_view call, std::size_t argument) {
  const Family* const family = find_family(call, argument);
  return family != nullptr && family->are_flags;
}

}  // namespace callgate::cli
