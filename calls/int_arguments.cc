#include "calls/int_arguments.h"

#include <unordered_map>

namespace callgate::calls {
namespace {

struct Group {
  std::uint8_t arguments;  // bit i: argument i
  std::string_view calls;  // separated by blanks
};

// The calls that have a number on x86_64; on the others a register has 32 bits.
constexpr Group groups[] = {
    // By the prototypes of include/linux/syscalls.h (Linux 6.12): int, unsigned int, and the types that are one of
    // them (pid_t, uid_t, umode_t, clockid_t, timer_t, key_serial_t, mqd_t, qid_t, rwf_t). Without those for which the
    // C library has a long or a size: poll's nfds, readlink's bufsiz, personality's persona and the like.
    {0b000001,
     "accept alarm clock_adjtime clock_getres clock_gettime clock_settime close dup epoll_create epoll_create1 eventfd "
     "exit exit_group fchdir fdatasync fgetxattr flistxattr fremovexattr fstat fstatfs fsync ftruncate futimesat "
     "get_robust_list getdents64 getgroups getitimer getpeername getpgid getrlimit getrusage getsid getsockname "
     "inotify_init1 io_setup io_uring_setup keyctl memfd_secret migrate_pages mlockall mq_getsetattr mq_notify "
     "mq_timedreceive openat2 pkey_free prctl pread64 process_vm_readv process_vm_writev pselect6 pwrite64 read "
     "readahead readlinkat rt_sigaction rt_sigprocmask sched_get_priority_max sched_get_priority_min sched_getaffinity "
     "sched_getparam sched_getscheduler sched_rr_get_interval sched_setaffinity sched_setparam select semop semtimedop "
     "set_mempolicy setfsgid setfsuid setgid setgroups setitimer setrlimit setuid signalfd syncfs sysfs timer_create "
     "timer_delete timer_getoverrun timer_gettime timerfd_gettime umask userfaultfd write"},
    {0b000010, "access chmod creat delete_module fsopen memfd_create mkdir mknod pipe2 swapon symlinkat umount2"},
    {0b000100, "getrandom ioperm landlock_create_ruleset lsm_list_modules madvise map_shadow_stack mlock2 msync poll"},
    {0b001000, "listmount pkey_mprotect request_key statmount"},
    {0b010000, "add_key lsetxattr setxattr"},
    {0b100000, "mbind preadv2 pwritev2"},
    {0b000011,
     "clock_nanosleep dup2 eventfd2 fallocate fanotify_init fchmod fcntl flock getpriority inotify_rm_watch ioctl "
     "ioprio_get kexec_file_load kill landlock_restrict_self listen msgctl msgget pidfd_open prlimit64 "
     "process_mrelease rt_sigqueueinfo sched_setscheduler seccomp sendfile setns setpgid setregid setreuid shmctl "
     "shutdown timer_settime timerfd_create timerfd_settime tkill"},
    {0b000101,
     "bind bpf connect epoll_pwait2 faccessat fchmodat finit_module fspick getdents inotify_add_watch lseek mkdirat "
     "mknodat mount_setattr open_by_handle_at open_tree quotactl recvmsg renameat sched_setattr sendmsg shmat shmget "
     "syslog unlinkat wait4"},
    {0b000110, "chown lchown mq_open open"},
    {0b001001,
     "accept4 cachestat fadvise64 lsm_get_self_attr mq_timedsend msgsnd newfstatat recvfrom signalfd4 sync_file_range "
     "utimensat vmsplice"},
    {0b001100, "futex_wake"},
    {0b010001, "execveat fsetxattr msgrcv name_to_handle_at"},
    {0b100001, "move_pages"},
    {0b101000, "futex_wait"},
    {0b000111,
     "close_range dup3 epoll_ctl fchown fsmount getsockopt ioprio_set kcmp membarrier pidfd_getfd quotactl_fd reboot "
     "rt_tgsigqueueinfo semctl semget setpriority setresgid setresuid socket socketpair tgkill"},
    {0b001011, "fanotify_mark io_uring_register landlock_add_rule pidfd_send_signal tee waitid"},
    {0b001101,
     "epoll_pwait epoll_wait faccessat2 fchmodat2 lsm_set_self_attr openat recvmmsg sched_getattr sendmmsg statx"},
    {0b001110, "futex_requeue perf_event_open rseq"},
    {0b010011, "fsconfig"},
    {0b010101, "linkat move_mount renameat2"},
    {0b010110, "futex_waitv"},
    {0b011001, "process_madvise"},
    {0b100101, "copy_file_range splice"},
    {0b100110, "futex"},
    {0b101001, "sendto"},
    {0b001111, "io_uring_enter"},
    {0b010111, "setsockopt"},
    {0b011101, "fchownat"},
    // Newer ones, by their definitions.
    {0b000101, "getxattrat listxattrat open_tree_attr removexattrat setxattrat"},
    {0b010001, "file_getattr file_setattr"},
    // By the definitions of x86.
    {0b000001, "arch_prctl iopl modify_ldt"},
    // Longs of the kernel that are ints of the C library.
    {0b000001, "preadv preadv2 pwritev pwritev2 readv unshare writev"},
    {0b000010, "keyctl ptrace"},
    {0b000011, "pkey_alloc"},
    {0b010000, "mmap"},
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
