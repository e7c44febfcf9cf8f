#include "calls/int_arguments.h"

#include <unordered_map>

namespace callgate::calls {
namespace {

struct Group {
  std::uint8_t arguments;  // bit i: argument i
  std::string_view calls;  // separated by blanks
};

constexpr Group groups[] = {
    // A descriptor, AT_FDCWD or an id comes first.
    {0b000001,
     "accept accept4 bind close connect execveat faccessat faccessat2 fadvise64 fallocate fchdir fchmod fchmodat "
     "fchmodat2 "
     "fcntl fdatasync fgetxattr file_getattr file_setattr finit_module flistxattr flock fremovexattr fsconfig "
     "fsetxattr "
     "fsmount fspick fstat fstatfs fsync ftruncate futimesat getdents getdents64 getpeername getpgid getsid "
     "getsockname "
     "getsockopt inotify_add_watch io_uring_enter io_uring_register ioctl kill landlock_add_rule "
     "landlock_restrict_self "
     "listen listxattrat lseek migrate_pages mkdirat mknodat mount_setattr move_pages name_to_handle_at newfstatat "
     "open_by_handle_at open_tree open_tree_attr openat openat2 pidfd_open pidfd_send_signal pread64 preadv preadv2 "
     "prlimit64 process_madvise process_mrelease process_vm_readv process_vm_writev pwrite64 pwritev pwritev2 "
     "quotactl_fd "
     "read readahead readlinkat readv recvfrom recvmmsg recvmsg removexattrat rt_sigqueueinfo sched_getaffinity "
     "sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval sched_setaffinity sched_setattr "
     "sched_setparam "
     "sched_setscheduler sendmmsg sendmsg sendto setfsgid setfsuid setgid setns setsockopt setuid setxattrat "
     "getxattrat "
     "shutdown signalfd signalfd4 statx sync_file_range syncfs timerfd_gettime timerfd_settime tkill unlinkat "
     "utimensat "
     "vmsplice wait4 waitpid write writev fstatat64 fcntl64 ftruncate64 fstat64"},
    {0b000010, "getpriority ioprio_get ptrace symlinkat waitid"},
    {0b000011,
     "close_range dup2 dup3 inotify_rm_watch kcmp pidfd_getfd rt_tgsigqueueinfo sendfile sendfile64 setpgid setregid "
     "setreuid tee tgkill"},
    {0b000101, "copy_file_range epoll_ctl linkat move_mount renameat renameat2 splice"},
    {0b000110, "chown ioprio_set lchown setpriority"},
    {0b000111, "fchown setresgid setresuid socket socketpair"},
    {0b001000, "fanotify_mark"},
    {0b001001, "epoll_pwait epoll_wait"},
    {0b000100, "poll"},
    {0b001101, "fchownat"},
    {0b001110, "perf_event_open"},
    {0b010000, "mmap mmap2"},
    {0b000001, "dup epoll_pwait2 msgget semget shmget"},
    // Else: by the types in the kernel's definitions (int, unsigned int, pid_t, clockid_t, timer_t, key_t,
    // key_serial_t, mqd_t) or in the C library's (unshare, pkey_alloc, keyctl), one argument a group.
    {0b000001,
     "exit exit_group clock_gettime clock_settime clock_getres clock_nanosleep clock_adjtime timer_create "
     "timer_settime timer_gettime timer_getoverrun timer_delete timerfd_create eventfd eventfd2 epoll_create "
     "epoll_create1 inotify_init1 fanotify_init userfaultfd memfd_secret semop semtimedop semctl msgsnd msgrcv msgctl "
     "shmat shmctl mq_timedsend mq_timedreceive mq_notify mq_getsetattr kexec_file_load prctl unshare cachestat "
     "pkey_alloc pkey_free keyctl rt_sigaction rt_sigprocmask sched_get_priority_max sched_get_priority_min mlockall "
     "getrusage getitimer setitimer io_uring_setup bpf arch_prctl syslog membarrier umask alarm iopl reboot setrlimit "
     "getrlimit getgroups setgroups select pselect6 getpriority setpriority ioprio_get ioprio_set waitid seccomp "
     "quotactl modify_ldt set_mempolicy"},
    {0b000010,
     "timer_settime timerfd_create timerfd_settime clock_nanosleep eventfd2 fanotify_init semget semctl msgget msgctl "
     "shmctl mq_open kexec_file_load pkey_alloc keyctl access umount2 swapon delete_module memfd_create pipe2 "
     "futex futex_waitv futex_requeue epoll_ctl ioctl fcntl flock shutdown listen setsockopt getsockopt fallocate kill "
     "tkill rt_sigqueueinfo sched_setscheduler pidfd_open pidfd_send_signal setns fanotify_mark prlimit64 seccomp "
     "sethostname setdomainname io_uring_enter io_uring_register fsconfig fsmount fsopen membarrier reboot ppoll"},
    {0b000100,
     "semop semtimedop semget semctl shmget shmat bpf syslog membarrier reboot futex futex_waitv futex_wake "
     "futex_requeue epoll_wait epoll_pwait epoll_pwait2 bind connect sendmsg recvmsg sendmmsg recvmmsg setsockopt "
     "getsockopt faccessat faccessat2 unlinkat statx open_by_handle_at lseek wait4 tgkill rt_tgsigqueueinfo "
     "sched_setattr sched_getattr pidfd_getfd inotify_add_watch landlock_create_ruleset msync madvise mlock2 "
     "getrandom quotactl io_uring_enter mount_setattr open_tree fsmount fspick close_range dup3 rseq"},
    {0b001000,
     "request_key pkey_mprotect msgsnd mq_timedsend cachestat futex_wake futex_wait futex_requeue accept4 sendto "
     "recvfrom sendmmsg recvmmsg faccessat2 fchmodat2 utimensat newfstatat statx tee vmsplice sync_file_range "
     "fadvise64 waitid sched_getattr pidfd_send_signal process_madvise signalfd4 io_uring_enter io_uring_register "
     "rseq"},
    {0b010000,
     "add_key msgrcv futex_waitv setsockopt linkat renameat2 fchownat execveat name_to_handle_at process_madvise "
     "move_mount fsconfig setxattr lsetxattr fsetxattr"},
    {0b100000, "futex futex_wait sendto copy_file_range splice"},
};

using Table = std::unordered_map<std::string_view, std::uint8_t>;

Table make_table() {
  Table table;
  for (const Group& group : groups) {
    for (std::string_view rest = group.calls; !rest.empty();) {
      const std::size_t end = rest.find(' ');
      table[rest.substr(0, end)] |= group.arguments;
      rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    }
  }
  return table;
}

}  // namespace

std::uint8_t int_arguments(std::string_view call) {
  static const Table table = make_table();
  const auto found = table.find(call);
  return found == table.end() ? std::uint8_t{0} : found->second;
}

}  // namespace callgate::calls
