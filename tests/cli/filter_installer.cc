// Installs filters in the way that its argument says, for callgate capture.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string_view>

namespace {

sock_filter allow[] = {{0x06, 0, 0, 0x7fff0000}};
sock_filter allow_all_but_nothing[] = {{0x20, 0, 0, 0}, {0x06, 0, 0, 0x7fff0000}};
sock_filter endless[] = {{0x20, 0, 0, 0}};

bool install(sock_filter* filter, unsigned short length) {
  sock_fprog program{length, filter};
  return syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

int in_child() {
  const pid_t child = fork();
  if (child == 0) _exit(install(allow_all_but_nothing, 2) ? 0 : 1);
  int status = 1;
  waitpid(child, &status, 0);
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view way = argc > 1 ? argv[1] : "";
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 2;
  sock_fprog program{1, allow};
  if (way == "prctl") return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 ? 0 : 1;
  if (way == "refused") return install(endless, 1) ? 1 : 0;
  if (!install(allow, 1)) return 1;
  return way == "child" ? in_child() : 0;
}
