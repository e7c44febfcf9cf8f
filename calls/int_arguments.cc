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
