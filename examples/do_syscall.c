// An emulator's do_syscall(): the guest's seccomp(2) and prctl() go to callgate, and each call is decided before it is
// done. Its guest is 32 KiB of memory with a few calls in it; any host will do.
#include <callgate/callgate.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

// Numbers of an x86_64 guest.
enum { GUEST_WRITE = 1, GUEST_GETPID = 39, GUEST_PRCTL = 157, GUEST_SECCOMP = 317 };
enum { PRCTL_GET_SECCOMP = 21, PRCTL_SET_SECCOMP = 22, PRCTL_SET_NO_NEW_PRIVS = 38 };

struct task {
  unsigned char memory[32768];
  callgate_slot* slot;  // a thread's own: clone() makes the child's with callgate_slot_inherit()
  uint32_t no_new_privs;
};

static int read_guest(void* context, void* to, uint64_t address, size_t bytes) {
  const struct task* task = context;
  if (address > sizeof task->memory || bytes > sizeof task->memory - address) return -1;
  memcpy(to, task->memory + address, bytes);
  return 0;
}

static int write_guest(void* context, uint64_t address, const void* from, size_t bytes) {
  struct task* task = context;
  if (address > sizeof task->memory || bytes > sizeof task->memory - address) return -1;
  memcpy(task->memory + address, from, bytes);
  return 0;
}

static struct callgate_seccomp_args seccomp_args(struct task* task, uint64_t address) {
  const struct callgate_seccomp_args args = {.size = sizeof args,
                                             .pointer_size = 8,
                                             .no_new_privs = task->no_new_privs,
                                             .address = address,
                                             .context = task,
                                             .read = read_guest,
                                             .write = write_guest};
  return args;
}

static int64_t do_prctl(struct task* task, const uint64_t* args) {
  const struct callgate_seccomp_args of_task = seccomp_args(task, args[2]);
  switch (args[0]) {
    case PRCTL_SET_NO_NEW_PRIVS: task->no_new_privs = 1; return 0;
    case PRCTL_GET_SECCOMP: return callgate_prctl_get_seccomp(task->slot);
    case PRCTL_SET_SECCOMP: return callgate_prctl_set_seccomp(task->slot, args[1], &of_task);
    default: return -EINVAL;
  }
}

static int64_t do_allowed(struct task* task, uint32_t number, const uint64_t* args) {
  const struct callgate_seccomp_args of_task = seccomp_args(task, args[2]);
  switch (number) {
    case GUEST_WRITE: return (int64_t)args[2];
    case GUEST_GETPID: return 4711;
    case GUEST_PRCTL: return do_prctl(task, args);
    case GUEST_SECCOMP: return callgate_seccomp(task->slot, (uint32_t)args[0], (uint32_t)args[1], &of_task);
    default: return -ENOSYS;
  }
}

static int64_t do_syscall(struct task* task, uint32_t number, const uint64_t* args) {
  struct callgate_data call = {.nr = number, .arch = CALLGATE_ARCH_X86_64};
  memcpy(call.args, args, sizeof call.args);
  const uint32_t result = callgate_action_effective(callgate_evaluate(callgate_slot_current(task->slot), &call));
  switch (result & CALLGATE_ACTION_MASK) {
    case CALLGATE_LOG:
    case CALLGATE_ALLOW: return do_allowed(task, number, args);
    case CALLGATE_ERRNO: return -(int64_t)(result & CALLGATE_DATA_MASK);
    case CALLGATE_TRACE:       // without a tracer
    case CALLGATE_USER_NOTIF:  // and without a listener, as in the kernel
      return -ENOSYS;
    default: return -EKEYREVOKED;  // TRAP and the KILLs: here signals are raised
  }
}

static void show(struct task* task, const char* what, uint32_t number, uint64_t a, uint64_t b, uint64_t c) {
  const uint64_t args[6] = {a, b, c};
  printf("%s: %lld\n", what, (long long)do_syscall(task, number, args));
}

int main(void) {
  static struct task task;
  const struct callgate_options options = {.size = sizeof options, .rule = CALLGATE_MOST_RESTRICTIVE};
  const callgate_chain* empty = NULL;
  if (callgate_chain_from_filters(&options, NULL, 0, &empty, NULL) != CALLGATE_OK) return 1;
  if (callgate_slot_create(empty, &task.slot) != CALLGATE_OK) return 1;
  callgate_chain_release(empty);

  // What the guest has in its memory: struct sock_fprog at 256, its filter at 512: getpid() fails with EPERM.
  const struct callgate_insn filter[] = {
      {0x20, 0, 0, 0}, {0x15, 0, 1, GUEST_GETPID}, {0x06, 0, 0, CALLGATE_ERRNO | 1}, {0x06, 0, 0, CALLGATE_ALLOW}};
  const uint16_t length = 4;
  const uint64_t address = 512;
  memcpy(task.memory + 256, &length, sizeof length);
  memcpy(task.memory + 264, &address, sizeof address);
  memcpy(task.memory + 512, filter, sizeof filter);

  show(&task, "getpid", GUEST_GETPID, 0, 0, 0);
  show(&task, "seccomp without privileges", GUEST_SECCOMP, CALLGATE_SET_MODE_FILTER, 0, 256);
  show(&task, "prctl(no_new_privs)", GUEST_PRCTL, PRCTL_SET_NO_NEW_PRIVS, 1, 0);
  show(&task, "seccomp of an address beyond memory", GUEST_SECCOMP, CALLGATE_SET_MODE_FILTER, 0, 32767);
  show(&task, "seccomp", GUEST_SECCOMP, CALLGATE_SET_MODE_FILTER, 0, 256);
  show(&task, "prctl(get_seccomp)", GUEST_PRCTL, PRCTL_GET_SECCOMP, 0, 0);
  show(&task, "getpid", GUEST_GETPID, 0, 0, 0);
  show(&task, "write", GUEST_WRITE, 1, 0, 5);
  callgate_slot_destroy(task.slot);
  return 0;
}
