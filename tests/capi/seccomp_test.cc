// seccomp(2), emulated: its errors and their order against the running kernel's, and what the embedder is asked.
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "callgate/chain.hpp"
#include "tests/capi/capi.h"
#include "tests/support/child.h"
#include "tests/support/filters.h"
#include "tests/support/machine.h"

namespace callgate::test {
namespace {

struct DestroySlot {
  void operator()(callgate_slot* slot) const { callgate_slot_destroy(slot); }
};
using Slot = std::unique_ptr<callgate_slot, DestroySlot>;

Slot task(const std::vector<Program>& filters = {}) {
  const CChain chain = c_chain(filters, {.engine = Engine::interpreter, .rule = MergeRule::most_restrictive});
  callgate_slot* slot = nullptr;
  if (callgate_slot_create(chain.get(), &slot) != CALLGATE_OK) throw std::bad_alloc();
  return Slot(slot);
}

// ---- against the kernel
// -----------------------------------------------------------------------------------------------

// The caller's accessors for this process's own memory: the kernel says what can be read and written.
int read_own(void*, void* to, std::uint64_t address, std::size_t bytes) {
  const iovec here{to, bytes};
  const iovec there{reinterpret_cast<void*>(static_cast<std::uintptr_t>(address)), bytes};
  return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == static_cast<ssize_t>(bytes) ? 0 : -1;
}
int write_own(void*, std::uint64_t address, const void* from, std::size_t bytes) {
  const iovec here{const_cast<void*>(from), bytes};
  const iovec there{reinterpret_cast<void*>(static_cast<std::uintptr_t>(address)), bytes};
  return process_vm_writev(getpid(), &here, 1, &there, 1, 0) == static_cast<ssize_t>(bytes) ? 0 : -1;
}
int open_any(void*) { return 77; }
void close_any(void*, int) {}
int synchronise_none(void*, const callgate_chain*, const callgate_chain*) { return 0; }

callgate_seccomp_args own_args() {
  callgate_seccomp_args args{};
  args.size = sizeof args;
  args.read = read_own;
  args.write = write_own;
  args.open_listener = open_any;
  args.close_listener = close_any;
  args.synchronise = synchronise_none;
  return args;
}

template <class T>
std::uint64_t address_of(const T& object) {
  return reinterpret_cast<std::uintptr_t>(&object);
}

constexpr std::uintptr_t nowhere = 8;  // in the first page, which nobody maps

// What can be given to seccomp(2), good and bad.
struct Memory {
  std::vector<Insn> allow = insns("ret #ALLOW");
  std::vector<Insn> invalid = insns("ld [nr]\nret #ALLOW");
  std::vector<Insn> largest = std::vector<Insn>(4096, Insn{0x06, 0, 0, action::allow});
  sock_fprog good = of(allow);
  sock_fprog broken = of(invalid);
  sock_fprog large = of(largest);
  sock_fprog empty = of(allow);
  sock_fprog too_long = of(allow);
  sock_fprog no_array = of(allow);
  sock_fprog no_array_and_empty = of(allow);
  sock_fprog unreadable = of(allow);
  std::uint32_t known_action = SECCOMP_RET_ERRNO;
  std::uint32_t action_with_data = SECCOMP_RET_ERRNO | 1;
  std::uint32_t unknown_action = 0x12340000;
  std::array<std::uint16_t, 4> sizes{};

  Memory() {
    invalid[0].k = 3;  // not aligned
    empty.len = 0;
    too_long.len = 4097;
    no_array.filter = nullptr;
    no_array_and_empty = no_array;
    no_array_and_empty.len = 0;
    unreadable.filter = reinterpret_cast<sock_filter*>(nowhere);
  }

  static sock_fprog of(std::vector<Insn>& insns) {
    sock_fprog program{};
    program.len = static_cast<unsigned short>(insns.size());
    program.filter = reinterpret_cast<sock_filter*>(insns.data());
    return program;
  }

  // Those that cannot install a filter.
  std::vector<std::uint64_t> harmless() const {
    return {0,
            nowhere,
            address_of(broken),
            address_of(empty),
            address_of(too_long),
            address_of(no_array),
            address_of(no_array_and_empty),
            address_of(unreadable),
            address_of(known_action),
            address_of(action_with_data),
            address_of(unknown_action),
            address_of(sizes)};
  }
};

// The kernel's answer: a negative errno value, or 0, or 77 for a descriptor.
int by_kernel(std::uint32_t op, std::uint32_t flags, std::uint64_t address) {
  const long result = syscall(SYS_seccomp, op, flags, reinterpret_cast<void*>(static_cast<std::uintptr_t>(address)));
  if (result < 0) return -errno;
  return result == 0 ? 0 : 77;
}

std::string difference(std::uint32_t op, std::uint32_t flags, std::uint64_t address, int kernel, int emulated) {
  return "op " + std::to_string(op) + " flags " + std::to_string(flags) + " address " + std::to_string(address) +
         ": kernel " + std::to_string(kernel) + ", callgate " + std::to_string(emulated);
}

// A task of the kernel, which is this process, and one of callgate's. Both are asked the same.
class Both {
 public:
  Both() : slot_(task()), args_(own_args()) {}

  // "" if both say the same; then `said` is it.
  std::string ask(std::uint32_t op, std::uint32_t flags, std::uint64_t address) {
    args_.address = address;
    const int emulated = callgate_seccomp(slot_.get(), op, flags, &args_);
    said = by_kernel(op, flags, address);
    return said == emulated ? "" : difference(op, flags, address, said, emulated);
  }
  std::string install(const sock_fprog& program, std::uint32_t flags, int expected) {
    usleep(20'000);  // filters loaded one behind the other can hang a kernel
    const std::string wrong = ask(CALLGATE_SET_MODE_FILTER, flags, address_of(program));
    if (wrong.empty() && said != expected) return "both say " + std::to_string(said);
    return wrong;
  }
  std::string ask_mode() {
    const int kernel = prctl(PR_GET_SECCOMP, 0, 0, 0, 0);
    const int emulated = callgate_prctl_get_seccomp(slot_.get());
    return kernel == emulated ? "" : "mode " + std::to_string(kernel) + ", callgate " + std::to_string(emulated);
  }
  void set_no_new_privs() {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    args_.no_new_privs = 1;
  }
  // No capability any more.
  void drop_privileges() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const __user_cap_data_struct none[2] = {};
    if (syscall(SYS_capset, &header, none) != 0) _exit(98);
  }

  // Every operation with every combination of flags and what cannot install a filter.
  std::string ask_all(const Memory& memory) {
    for (const std::uint32_t op : {1u, 2u, 3u, 4u, 5u, 0x80000000u, 0xffffffffu}) {
      for (std::uint32_t flags = 0; flags < 128; ++flags) {
        for (const std::uint64_t address : memory.harmless()) {
          if (std::string wrong = ask(op, flags, address); !wrong.empty()) return wrong;
        }
      }
      for (const std::uint32_t flags : {0x100u, 0x80000000u, 0xffffffffu}) {
        if (std::string wrong = ask(op, flags, address_of(memory.empty)); !wrong.empty()) return wrong;
      }
    }
    for (const std::uint32_t flags : {1u, 2u, 0xffffffffu}) {
      if (std::string wrong = ask(CALLGATE_SET_MODE_STRICT, flags, 0); !wrong.empty()) return wrong;
    }
    return ask(CALLGATE_SET_MODE_STRICT, 0, address_of(memory.good));
  }

  int said = 0;

 private:
  Slot slot_;
  callgate_seccomp_args args_;
};

#define CALLGATE_ASK(question) \
  if (const std::string wrong = (question); !wrong.empty()) return wrong

class SeccompByKernel : public testing::Test {
 protected:
  void SetUp() override { CALLGATE_SKIP_WITHOUT(filters); }
  Memory memory;
};

TEST_F(SeccompByKernel, ErrorsOfATaskThatMayInstallFilters) {
  EXPECT_EQ(in_child([&]() -> std::string {
              Both both;
              both.set_no_new_privs();
              CALLGATE_ASK(both.ask_mode());
              return both.ask_all(memory);
            }),
            "");
}

TEST_F(SeccompByKernel, ErrorsOfATaskThatMayNot) {
  EXPECT_EQ(in_child([&]() -> std::string {
              Both both;
              both.drop_privileges();
              CALLGATE_ASK(both.ask_all(memory));
              CALLGATE_ASK(both.install(memory.good, 0, -EACCES));
              return both.install(memory.good, CALLGATE_FLAG_NEW_LISTENER, -EACCES);
            }),
            "");
}

TEST_F(SeccompByKernel, ErrorsOfATaskThatHasFilters) {
  EXPECT_EQ(in_child([&]() -> std::string {
              Both both;
              both.set_no_new_privs();
              CALLGATE_ASK(both.install(memory.good, 0, 0));
              CALLGATE_ASK(both.ask_mode());
              CALLGATE_ASK(both.ask(CALLGATE_SET_MODE_STRICT, 0, 0));
              CALLGATE_ASK(both.ask_all(memory));
              CALLGATE_ASK(both.install(memory.good, CALLGATE_FLAG_TSYNC | CALLGATE_FLAG_LOG, 0));
              return both.install(memory.good, CALLGATE_FLAG_SPEC_ALLOW | CALLGATE_FLAG_TSYNC_ESRCH, 0);
            }),
            "");
}

TEST_F(SeccompByKernel, ASecondListenerAndALongPath) {
  EXPECT_EQ(in_child([&]() -> std::string {
              Both both;
              both.set_no_new_privs();
              CALLGATE_ASK(both.install(memory.good, CALLGATE_FLAG_NEW_LISTENER, 77));
              CALLGATE_ASK(both.install(memory.good, CALLGATE_FLAG_NEW_LISTENER, -EBUSY));
              CALLGATE_ASK(both.install(memory.broken, CALLGATE_FLAG_NEW_LISTENER, -EINVAL));
              CALLGATE_ASK(both.ask_all(memory));
              for (int i = 0; i < 3; ++i) CALLGATE_ASK(both.install(memory.large, 0, 0));
              CALLGATE_ASK(both.install(memory.large, 0, -ENOMEM));
              return both.install(memory.large, CALLGATE_FLAG_NEW_LISTENER, -EBUSY);
            }),
            "");
}

// A listener that was not to be is forgotten: the next one is the first.
TEST_F(SeccompByKernel, AListenerOfARefusedFilter) {
  EXPECT_EQ(in_child([&]() -> std::string {
              Both both;
              both.set_no_new_privs();
              for (int i = 0; i < 3; ++i) CALLGATE_ASK(both.install(memory.large, 0, 0));
              CALLGATE_ASK(both.install(memory.large, CALLGATE_FLAG_NEW_LISTENER, -ENOMEM));
              CALLGATE_ASK(both.install(memory.good, CALLGATE_FLAG_NEW_LISTENER, 77));
              return both.install(memory.good, CALLGATE_FLAG_NEW_LISTENER, -EBUSY);
            }),
            "");
}

TEST_F(SeccompByKernel, Prctl) {
  EXPECT_EQ(in_child([&]() -> std::string {
              const Slot slot = task();
              callgate_seccomp_args args = own_args();
              prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
              args.no_new_privs = 1;
              for (const unsigned long mode : {0ul, 2ul, 3ul, ~0ul}) {
                for (const std::uint64_t address : memory.harmless()) {
                  args.address = address;
                  const int kernel =
                      prctl(PR_SET_SECCOMP, mode, static_cast<unsigned long>(address), 0, 0) == 0 ? 0 : -errno;
                  const int emulated = callgate_prctl_set_seccomp(slot.get(), mode, &args);
                  if (kernel != emulated)
                    return difference(static_cast<std::uint32_t>(mode), 0, address, kernel, emulated);
                }
              }
              return "";
            }),
            "");
}

TEST_F(SeccompByKernel, EveryActionIsKnownOrNot) {
  const Slot slot = task();
  callgate_seccomp_args args = own_args();
  for (std::uint32_t action = 0; action < 0x10000; ++action) {
    const std::uint32_t result = action << 16;
    args.address = address_of(result);
    const int kernel = by_kernel(CALLGATE_GET_ACTION_AVAIL, 0, args.address);
    ASSERT_EQ(callgate_seccomp(slot.get(), CALLGATE_GET_ACTION_AVAIL, 0, &args), kernel) << result;
    ASSERT_EQ(callgate_action_known(result) != 0, kernel == 0) << result;
  }
}

TEST_F(SeccompByKernel, NotifSizes) {
  std::array<std::uint16_t, 3> kernel{};
  std::array<std::uint16_t, 3> emulated{};
  ASSERT_EQ(by_kernel(CALLGATE_GET_NOTIF_SIZES, 0, address_of(kernel)), 0);
  callgate_seccomp_args args = own_args();
  args.address = address_of(emulated);
  ASSERT_EQ(callgate_seccomp(task().get(), CALLGATE_GET_NOTIF_SIZES, 0, &args), 0);
  EXPECT_EQ(emulated, kernel);
}

// ---- without a kernel
// -------------------------------------------------------------------------------------------------

// The memory of a task: bytes from 0x1000 on. And who answers for its descriptors and threads.
struct Task {
  std::vector<unsigned char> bytes;
  int listener = 5;
  int closed = -1;
  int opened = 0;
  int thread = 0;
  int synchronised = 0;
  const callgate_chain* before = nullptr;
  callgate_seccomp_args args{};

  Task() {
    args.size = sizeof args;
    args.no_new_privs = 1;
    args.context = this;
    args.address = 0x1000;
    args.read = [](void* self, void* to, std::uint64_t address, std::size_t count) {
      const auto& memory = static_cast<Task*>(self)->bytes;
      if (address < 0x1000 || address - 0x1000 > memory.size() || count > memory.size() - (address - 0x1000)) return -1;
      std::memcpy(to, memory.data() + (address - 0x1000), count);
      return 0;
    };
    args.write = [](void* self, std::uint64_t address, const void* from, std::size_t count) {
      auto& memory = static_cast<Task*>(self)->bytes;
      if (address < 0x1000 || address - 0x1000 > memory.size() || count > memory.size() - (address - 0x1000)) return -1;
      std::memcpy(memory.data() + (address - 0x1000), from, count);
      return 0;
    };
  }
  void serve_listeners() {
    args.open_listener = [](void* self) {
      ++static_cast<Task*>(self)->opened;
      return static_cast<Task*>(self)->listener;
    };
    args.close_listener = [](void* self, int fd) { static_cast<Task*>(self)->closed = fd; };
  }
  void serve_threads() {
    args.synchronise = [](void* self, const callgate_chain* below, const callgate_chain*) {
      ++static_cast<Task*>(self)->synchronised;
      static_cast<Task*>(self)->before = below;
      return static_cast<Task*>(self)->thread;
    };
  }

  void put(std::uint64_t value, std::size_t size, bool is_big) {
    for (std::size_t i = 0; i < size; ++i) {
      bytes.push_back(static_cast<unsigned char>(value >> 8 * (is_big ? size - 1 - i : i)));
    }
  }
  // struct sock_fprog and its array, as a task of this kind has them.
  void put_program(const std::vector<Insn>& program, std::size_t pointer_size, bool is_big) {
    bytes.clear();
    put(program.size(), 2, is_big);
    put(0, pointer_size - 2, is_big);
    put(0x1000 + 2 * pointer_size, pointer_size, is_big);
    for (const Insn& insn : program) {
      put(insn.code, 2, is_big);
      put(insn.jt, 1, is_big);
      put(insn.jf, 1, is_big);
      put(insn.k, 4, is_big);
    }
  }
};

constexpr bool is_big_here = std::endian::native == std::endian::big;
const char* const deny_7 = "ld [nr]\njeq #7, no\nret #ALLOW\nno: ret #ERRNO(1)";

std::uint32_t decide(const Slot& slot, std::uint32_t nr, std::uint32_t arch) {
  callgate_data data{};
  data.nr = nr;
  data.arch = arch;
  return callgate_slot_evaluate(slot.get(), &data);
}

TEST(Seccomp, TasksOfEveryWidthAndByteOrder) {
  for (const std::uint32_t pointer_size : {4u, 8u}) {
    for (const bool swaps : {false, true}) {
      SCOPED_TRACE(std::to_string(pointer_size) + (swaps ? " swapped" : ""));
      const bool is_big = is_big_here != swaps;
      Task guest;
      guest.args.pointer_size = pointer_size;
      guest.args.swap_bytes = swaps;
      guest.put_program(insns(deny_7), pointer_size, is_big);
      const Slot slot = task();
      ASSERT_EQ(callgate_seccomp(slot.get(), CALLGATE_SET_MODE_FILTER, 0, &guest.args), 0);
      EXPECT_EQ(decide(slot, 7, arch::x86_64), action::errno_ | 1);
      EXPECT_EQ(decide(slot, 8, arch::x86_64), action::allow);

      // One byte less of its memory is EFAULT.
      guest.bytes.pop_back();
      EXPECT_EQ(callgate_seccomp(slot.get(), CALLGATE_SET_MODE_FILTER, 0, &guest.args), -EFAULT);
      guest.bytes.resize(2 * pointer_size - 1);
      EXPECT_EQ(callgate_seccomp(slot.get(), CALLGATE_SET_MODE_FILTER, 0, &guest.args), -EFAULT);

      guest.bytes.clear();
      guest.put(SECCOMP_RET_TRACE, 4, is_big);
      EXPECT_EQ(callgate_seccomp(slot.get(), CALLGATE_GET_ACTION_AVAIL, 0, &guest.args), 0);
      guest.bytes.assign(6, 0xff);
      EXPECT_EQ(callgate_seccomp(slot.get(), CALLGATE_GET_NOTIF_SIZES, 0, &guest.args), 0);
      Task expected;
      for (const std::uint64_t size : {80u, 24u, 64u}) expected.put(size, 2, is_big);
      EXPECT_EQ(guest.bytes, expected.bytes);
      guest.bytes.pop_back();
      EXPECT_EQ(callgate_seccomp(slot.get(), CALLGATE_GET_NOTIF_SIZES, 0, &guest.args), -EFAULT);
    }
  }
}

TEST(Seccomp, FlagsAreKnownByWhatIsServed) {
  Task guest;
  EXPECT_EQ(callgate_seccomp_known_flags(&guest.args), 0x06u);
  guest.serve_listeners();
  EXPECT_EQ(callgate_seccomp_known_flags(&guest.args), 0x2eu);
  guest.serve_threads();
  EXPECT_EQ(callgate_seccomp_known_flags(&guest.args), 0x3fu);
  guest.args.unknown_flags = CALLGATE_FLAG_WAIT_KILLABLE_RECV;
  EXPECT_EQ(callgate_seccomp_known_flags(&guest.args), 0x1fu);
  guest.args.address = 0;
  // As programs find out: EFAULT for a flag that is known, EINVAL for another.
  const Slot slot = task();
  for (std::uint32_t bit = 0; bit < 32; ++bit) {
    const std::uint32_t flag = std::uint32_t{1} << bit;
    const int expected = (flag & 0x1f) != 0 ? -EFAULT : -EINVAL;
    EXPECT_EQ(callgate_seccomp(slot.get(), CALLGATE_SET_MODE_FILTER, flag, &guest.args), expected) << bit;
  }
}

TEST(Seccomp, ListenersAreTakenBack) {
  Task guest;
  guest.serve_listeners();
  guest.put_program(insns(deny_7), sizeof(void*), is_big_here);
  const Slot slot = task();
  guest.listener = -EMFILE;
  EXPECT_EQ(callgate_seccomp(slot.get(), CALLGATE_SET_MODE_FILTER, CALLGATE_FLAG_NEW_LISTENER, &guest.args), -EMFILE);
  EXPECT_EQ(guest.closed, -1);
  guest.listener = 9;
  EXPECT_EQ(callgate_seccomp(slot.get(), CALLGATE_SET_MODE_FILTER, CALLGATE_FLAG_NEW_LISTENER, &guest.args), 9);
  EXPECT_EQ(guest.closed, -1);
  guest.listener = 10;
  EXPECT_EQ(callgate_seccomp(slot.get(), CALLGATE_SET_MODE_FILTER, CALLGATE_FLAG_NEW_LISTENER, &guest.args), -EBUSY);
  EXPECT_EQ(guest.closed, 10);
  EXPECT_EQ(guest.opened, 3);
  // A child has its parent's.
  callgate_slot* inherited = nullptr;
  ASSERT_EQ(callgate_slot_inherit(slot.get(), &inherited), CALLGATE_OK);
  const Slot child(inherited);
  EXPECT_EQ(callgate_seccomp(child.get(), CALLGATE_SET_MODE_FILTER, CALLGATE_FLAG_NEW_LISTENER, &guest.args), -EBUSY);
}

TEST(Seccomp, OtherThreads) {
  Task guest;
  guest.serve_threads();
  guest.put_program(insns(deny_7), sizeof(void*), is_big_here);
  const Slot slot = task();
  const CChain before(callgate_slot_chain(slot.get()));
  guest.thread = 123;
  EXPECT_EQ(callgate_seccomp(slot.get(), CALLGATE_SET_MODE_FILTER, CALLGATE_FLAG_TSYNC, &guest.args), 123);
  EXPECT_EQ(callgate_seccomp(slot.get(), CALLGATE_SET_MODE_FILTER, CALLGATE_FLAG_TSYNC | CALLGATE_FLAG_TSYNC_ESRCH,
                             &guest.args),
            -ESRCH);
  EXPECT_EQ(guest.before, before.get());
  EXPECT_EQ(decide(slot, 7, arch::x86_64), action::allow);
  guest.thread = 0;
  EXPECT_EQ(callgate_seccomp(slot.get(), CALLGATE_SET_MODE_FILTER, CALLGATE_FLAG_TSYNC, &guest.args), 0);
  EXPECT_EQ(guest.synchronised, 3);
  EXPECT_EQ(decide(slot, 7, arch::x86_64), action::errno_ | 1);
  EXPECT_EQ(callgate_seccomp(slot.get(), CALLGATE_SET_MODE_FILTER, 0, &guest.args), 0);
  EXPECT_EQ(guest.synchronised, 3);
}

// Threads as an emulator has them: TSYNC as the kernel's seccomp_can_sync_threads() and seccomp_sync_threads().
struct Threads {
  Slot leader = task();
  std::vector<Slot> others;
  Task guest;

  Threads() {
    guest.serve_listeners();
    guest.put_program(insns(deny_7), sizeof(void*), is_big_here);
    guest.args.context = this;
    guest.args.synchronise = [](void* self, const callgate_chain* before, const callgate_chain* after) {
      return static_cast<Threads*>(self)->synchronise(before, after);
    };
    guest.args.read = [](void* self, void* to, std::uint64_t address, std::size_t count) {
      Task& memory = static_cast<Threads*>(self)->guest;
      std::memcpy(to, memory.bytes.data() + (address - 0x1000), count);
      return 0;
    };
    guest.args.open_listener = [](void*) { return 5; };
    guest.args.close_listener = [](void*, int) {};
  }
  int synchronise(const callgate_chain* before, const callgate_chain* after) {
    for (std::size_t i = 0; i < others.size(); ++i) {
      const bool is_strict = callgate_prctl_get_seccomp(others[i].get()) == 1;
      const bool is_ancestor = callgate_chain_is_ancestor(callgate_slot_current(others[i].get()), before) != 0;
      if (is_strict || !is_ancestor) return 100 + static_cast<int>(i);
    }
    for (const Slot& slot : others) EXPECT_EQ(callgate_slot_follow(slot.get(), leader.get(), after), CALLGATE_OK);
    return 0;
  }
  void start() {
    callgate_slot* slot = nullptr;
    EXPECT_EQ(callgate_slot_inherit(leader.get(), &slot), CALLGATE_OK);
    others.emplace_back(slot);
  }
  int install(const Slot& slot, std::uint32_t flags) {
    return callgate_seccomp(slot.get(), CALLGATE_SET_MODE_FILTER, flags, &guest.args);
  }
};

TEST(Seccomp, ThreadsFollowIfTheirFiltersAreTheLeadersOldOnes) {
  Threads threads;
  threads.start();
  ASSERT_EQ(threads.install(threads.leader, 0), 0);
  threads.start();
  ASSERT_EQ(threads.install(threads.leader, 0), 0);
  EXPECT_EQ(decide(threads.others[0], 7, arch::x86_64), action::allow);
  EXPECT_EQ(threads.install(threads.leader, CALLGATE_FLAG_TSYNC), 0);
  for (const Slot& slot : threads.others)
    EXPECT_EQ(callgate_slot_current(slot.get()), callgate_slot_current(threads.leader.get()));

  // A filter of its own, though it has the same instructions.
  ASSERT_EQ(threads.install(threads.others[1], 0), 0);
  EXPECT_EQ(threads.install(threads.leader, CALLGATE_FLAG_TSYNC), 101);
  EXPECT_EQ(threads.install(threads.leader, CALLGATE_FLAG_TSYNC | CALLGATE_FLAG_TSYNC_ESRCH), -ESRCH);
  const CChain leaders(callgate_slot_chain(threads.leader.get()));
  EXPECT_EQ(callgate_slot_current(threads.others[0].get()), leaders.get());
}

TEST(Seccomp, ThreadsThatFollowHaveTheListenerToo) {
  Threads threads;
  threads.start();
  const std::uint32_t both = CALLGATE_FLAG_TSYNC | CALLGATE_FLAG_TSYNC_ESRCH | CALLGATE_FLAG_NEW_LISTENER;
  EXPECT_EQ(threads.install(threads.leader, both), 5);
  EXPECT_EQ(threads.install(threads.others[0], CALLGATE_FLAG_NEW_LISTENER), -EBUSY);
}

TEST(Seccomp, AThreadInStrictModeDoesNotFollow) {
  Threads threads;
  threads.start();
  callgate_seccomp_args args = threads.guest.args;
  args.address = 0;
  ASSERT_EQ(callgate_seccomp(threads.others[0].get(), CALLGATE_SET_MODE_STRICT, 0, &args), 0);
  EXPECT_EQ(threads.install(threads.leader, CALLGATE_FLAG_TSYNC), 100);
  EXPECT_EQ(callgate_prctl_get_seccomp(threads.leader.get()), 0);
}

TEST(Seccomp, Ancestors) {
  const CChain empty = c_chain({});
  const CChain other_empty = c_chain({});
  const CChain one = c_chain({program(deny_7)});
  const CChain other_one = c_chain({program(deny_7)});
  const Program filter = program("ret #ALLOW");
  const callgate_filter given = filter_of(filter.instructions());
  const callgate_chain* made = nullptr;
  ASSERT_EQ(callgate_chain_attach(one.get(), &given, 1, &made, nullptr), CALLGATE_OK);
  const CChain two(made);
  const auto is_ancestor = [](const CChain& older, const CChain& newer) {
    return callgate_chain_is_ancestor(older.get(), newer.get()) == 1;
  };
  EXPECT_TRUE(is_ancestor(empty, two) && is_ancestor(one, two) && is_ancestor(two, two) &&
              is_ancestor(empty, other_empty));
  EXPECT_FALSE(is_ancestor(two, one) || is_ancestor(one, empty) || is_ancestor(other_one, two) ||
               is_ancestor(one, other_one));
  EXPECT_EQ(callgate_chain_is_ancestor(nullptr, two.get()), 0);
  EXPECT_EQ(callgate_chain_is_ancestor(two.get(), nullptr), 0);
}

// strict mode: what the kernel's mode1_syscalls are for each architecture.
TEST(Seccomp, StrictMode) {
  Task guest;
  guest.args.address = 0;
  guest.serve_listeners();
  const Slot slot = task();
  EXPECT_EQ(callgate_prctl_get_seccomp(slot.get()), 0);
  ASSERT_EQ(callgate_seccomp(slot.get(), CALLGATE_SET_MODE_STRICT, 0, &guest.args), 0);
  EXPECT_EQ(callgate_seccomp(slot.get(), CALLGATE_SET_MODE_STRICT, 0, &guest.args), 0);
  EXPECT_EQ(callgate_prctl_get_seccomp(slot.get()), 1);
  const std::vector<std::pair<std::uint32_t, std::vector<std::uint32_t>>> allowed = {
      {0xc000003e, {0, 1, 15, 60}}, {0x40000003, {1, 3, 4, 119}},    {0xc00000b7, {63, 64, 93, 139}},
      {0x40000028, {1, 3, 4, 173}}, {0xc00000f3, {63, 64, 93, 139}}, {0x80000016, {}}};
  for (const auto& [arch, numbers] : allowed) {
    for (std::uint32_t nr = 0; nr < 600; ++nr) {
      const bool is_allowed = std::find(numbers.begin(), numbers.end(), nr) != numbers.end();
      EXPECT_EQ(decide(slot, nr, arch), is_allowed ? action::allow : action::kill_thread) << arch << " " << nr;
      EXPECT_EQ(decide(slot, nr | arch::x32_bit, arch), action::kill_thread);
    }
  }
  guest.args.address = 0x1000;
  guest.put_program(insns(deny_7), sizeof(void*), is_big_here);
  EXPECT_EQ(callgate_seccomp(slot.get(), CALLGATE_SET_MODE_FILTER, 0, &guest.args), -EINVAL);
  EXPECT_EQ(callgate_seccomp(slot.get(), CALLGATE_SET_MODE_FILTER, CALLGATE_FLAG_NEW_LISTENER, &guest.args), -EINVAL);
  EXPECT_EQ(guest.closed, 5);

  // By prctl(), whose argument counts for nothing then; and not on top of filters.
  const Slot other = task();
  EXPECT_EQ(callgate_prctl_set_seccomp(other.get(), 1, &guest.args), 0);
  EXPECT_EQ(callgate_prctl_get_seccomp(other.get()), 1);
  const Slot filtered = task({program(deny_7)});
  EXPECT_EQ(callgate_prctl_get_seccomp(filtered.get()), 2);
  EXPECT_EQ(callgate_prctl_set_seccomp(filtered.get(), 1, &guest.args), -EINVAL);
  EXPECT_EQ(callgate_prctl_get_seccomp(filtered.get()), 2);
}

TEST(Seccomp, Misuse) {
  Task guest;
  const Slot slot = task();
  EXPECT_EQ(callgate_seccomp(nullptr, 1, 0, &guest.args), CALLGATE_MISUSE);
  EXPECT_EQ(callgate_seccomp(slot.get(), 1, 0, nullptr), CALLGATE_MISUSE);
  EXPECT_EQ(callgate_prctl_set_seccomp(nullptr, 2, &guest.args), CALLGATE_MISUSE);
  EXPECT_EQ(callgate_prctl_set_seccomp(slot.get(), 2, nullptr), CALLGATE_MISUSE);
  EXPECT_EQ(callgate_prctl_get_seccomp(nullptr), CALLGATE_MISUSE);
  EXPECT_EQ(callgate_seccomp_known_flags(nullptr), 0u);
  using Field = std::uint32_t callgate_seccomp_args::*;
  for (const Field field :
       {&callgate_seccomp_args::size, &callgate_seccomp_args::pointer_size, &callgate_seccomp_args::swap_bytes,
        &callgate_seccomp_args::no_new_privs, &callgate_seccomp_args::cap_sys_admin}) {
    callgate_seccomp_args args = guest.args;
    args.*field = 3;
    EXPECT_EQ(callgate_seccomp(slot.get(), 1, 0, &args), CALLGATE_MISUSE);
    EXPECT_EQ(callgate_prctl_set_seccomp(slot.get(), 1, &args), CALLGATE_MISUSE);
  }
  guest.args.read = nullptr;
  guest.args.write = nullptr;
  EXPECT_EQ(callgate_seccomp(slot.get(), CALLGATE_SET_MODE_FILTER, 0, &guest.args), -EFAULT);
  EXPECT_EQ(callgate_seccomp(slot.get(), CALLGATE_GET_NOTIF_SIZES, 0, &guest.args), -EFAULT);
}

// ---- actions
// ----------------------------------------------------------------------------------------------------------

TEST(Actions, InTheKernelsOrder) {
  const std::vector<std::uint32_t> strictest_first = {
      action::kill_process, 0x90000000,         action::kill_thread, 0x00010000,  action::trap,
      action::errno_,       action::user_notif, action::trace,       action::log, action::allow};
  for (std::size_t i = 0; i + 1 < strictest_first.size(); ++i) {
    const std::uint32_t stricter = strictest_first[i] | 0xffff;
    EXPECT_LT(precedence(stricter), precedence(strictest_first[i + 1]));
    EXPECT_LT(callgate_action_precedence(stricter), callgate_action_precedence(strictest_first[i + 1]));
    EXPECT_TRUE(is_stricter(stricter, strictest_first[i + 1]));
  }
  EXPECT_EQ(precedence(action::errno_ | 1), precedence(action::errno_ | 2));
}

TEST(Actions, AsTheKernelTakesThem) {
  const std::vector<std::pair<std::uint32_t, std::uint32_t>> taken = {
      {action::errno_, action::errno_},
      {action::errno_ | 4095, action::errno_ | 4095},
      {action::errno_ | 4096, action::errno_ | 4095},
      {action::errno_ | 0xffff, action::errno_ | 4095},
      {action::trace | 0xffff, action::trace | 0xffff},
      {action::trap | 5000, action::trap | 5000},
      {0x00010000, action::kill_process},
      {0x7ffe0005, action::kill_process},
      {0x90000007, action::kill_process},
      {action::kill_thread | 3, action::kill_thread | 3},
  };
  for (const auto& [result, expected] : taken) {
    EXPECT_EQ(effective(result), expected);
    EXPECT_EQ(callgate_action_effective(result), expected);
  }
  for (std::uint32_t action = 0; action < 0x10000; ++action) {
    const bool is_named = std::string(action_name(action << 16)) != "UNKNOWN";
    ASSERT_EQ(is_known_action(action << 16), is_named) << action;
  }
}

}  // namespace
}  // namespace callgate::test
