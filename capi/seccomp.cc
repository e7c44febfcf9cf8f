// seccomp(2), emulated: the order of errors is that of do_seccomp() in kernel/seccomp.c.
#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <utility>

#include "callgate/action.hpp"
#include "callgate/program.hpp"
#include "capi/chain_handle.h"
#include "capi/guest_memory.h"
#include "capi/sized_struct.h"
#include "capi/slot.h"
#include "capi/strict.h"
#include "dispatch/layer.h"
#include "verifier/verify.h"

namespace callgate::capi {

template <>
inline constexpr std::uint32_t min_size<callgate_seccomp_args> = CALLGATE_SECCOMP_ARGS_MIN_SIZE;

namespace {

using detail::ChainHandle;

// What is known without anybody's help, with a listener's and with the other threads'.
constexpr std::uint32_t plain_flags = CALLGATE_FLAG_LOG | CALLGATE_FLAG_SPEC_ALLOW;
constexpr std::uint32_t listener_flags = CALLGATE_FLAG_NEW_LISTENER | CALLGATE_FLAG_WAIT_KILLABLE_RECV;
constexpr std::uint32_t thread_flags = CALLGATE_FLAG_TSYNC | CALLGATE_FLAG_TSYNC_ESRCH;

std::uint32_t known_flags(const callgate_seccomp_args& args) noexcept {
  std::uint32_t known = plain_flags;
  if (args.open_listener != nullptr && args.close_listener != nullptr) known |= listener_flags;
  if (args.synchronise != nullptr) known |= thread_flags;
  return known & ~args.unknown_flags;
}

bool are_sound(const callgate_seccomp_args& args) noexcept {
  const bool is_pointer = args.pointer_size == 0 || args.pointer_size == 4 || args.pointer_size == 8;
  return is_pointer && args.swap_bytes <= 1 && args.no_new_privs <= 1 && args.cap_sys_admin <= 1;
}

bool are_sound_flags(std::uint32_t flags, std::uint32_t known) noexcept {
  const auto has = [&](std::uint32_t flag) { return (flags & flag) != 0; };
  if ((flags & ~known) != 0) return false;
  if (has(CALLGATE_FLAG_TSYNC) && has(CALLGATE_FLAG_NEW_LISTENER) && !has(CALLGATE_FLAG_TSYNC_ESRCH)) return false;
  return !has(CALLGATE_FLAG_WAIT_KILLABLE_RECV) || has(CALLGATE_FLAG_NEW_LISTENER);
}

struct FilterArray {
  std::uint16_t length;
  std::uint64_t address;
};

// struct sock_fprog of the task.
std::optional<FilterArray> read_filter_array(const GuestMemory& memory, std::uint64_t address) noexcept {
  struct {
    std::uint16_t length;
    std::uint16_t padding[3];
    std::uint64_t address;
  } of_64;
  struct {
    std::uint16_t length;
    std::uint16_t padding;
    std::uint32_t address;
  } of_32;
  if (memory.pointer_size() == 8) {
    if (!memory.read(&of_64, address, sizeof of_64)) return std::nullopt;
    return FilterArray{memory.value(of_64.length), memory.value(of_64.address)};
  }
  if (!memory.read(&of_32, address, sizeof of_32)) return std::nullopt;
  return FilterArray{memory.value(of_32.length), memory.value(of_32.address)};
}

// A filter of the task, verified: a Program, or instructions that lie where attach_in() will keep them.
class TaskFilter {
 public:
  explicit TaskFilter(Program program) noexcept : program_(std::move(program)) {}
  TaskFilter(std::span<std::byte> memory, std::span<const Insn> insns) noexcept : memory_(memory), insns_(insns) {}

  Expected<Chain, AttachError> on(const Chain& below) const noexcept {
    return program_ ? below.attach(*program_) : below.attach_in(memory_, insns_);
  }

 private:
  std::optional<Program> program_;
  std::span<std::byte> memory_;
  std::span<const Insn> insns_;
};

// Where the instructions lie that are read from the task: on the heap, or in the memory that the caller gave.
class Instructions {
 public:
  Instructions(std::size_t count, const callgate_seccomp_args& args) noexcept
      : memory_(static_cast<std::byte*>(args.memory), args.memory == nullptr ? 0 : args.memory_bytes) {
    if (args.memory == nullptr) {
      heap_.reset(new (std::nothrow) Insn[count]);
      insns_ = {heap_.get(), heap_ == nullptr ? 0 : count};
    } else if (Insn* const place = detail::place_of_filter(memory_, count)) {
      insns_ = {place, count};
    }
  }

  // Empty if there is no memory.
  std::span<Insn> insns() const noexcept { return insns_; }

  // The filter, or a negative errno value.
  Expected<TaskFilter, int> verified() const noexcept {
    if (heap_ == nullptr) {
      if (verifier::check(insns_)) return -EINVAL;
      return TaskFilter(memory_, insns_);
    }
    auto program = verify(insns_);
    if (!program) return program.error().code == VerifyErrc::out_of_memory ? -ENOMEM : -EINVAL;
    return TaskFilter(std::move(*program));
  }

 private:
  std::span<std::byte> memory_;
  std::unique_ptr<Insn[]> heap_;
  std::span<Insn> insns_;
};

// Reads and verifies the program of the task. Source: seccomp_prepare_filter(), bpf_prog_create_from_user().
Expected<TaskFilter, int> read_program(const GuestMemory& memory, const callgate_seccomp_args& args) noexcept {
  const auto array = read_filter_array(memory, args.address);
  if (!array) return -EFAULT;
  if (array->length == 0 || array->length > max_program_length) return -EINVAL;
  if (args.no_new_privs == 0 && args.cap_sys_admin == 0) return -EACCES;
  if (array->address == 0) return -EINVAL;
  const Instructions instructions(array->length, args);
  const std::span<Insn> insns = instructions.insns();
  if (insns.empty()) return -ENOMEM;
  if (!memory.read(insns.data(), array->address, insns.size_bytes())) return -EFAULT;
  for (Insn& insn : insns) insn = memory.value(insn);
  return instructions.verified();
}

// Puts the program on the chain, and on those of the other threads if the flags say so.
int attach(callgate_slot& slot, const TaskFilter& filter, std::uint32_t flags,
           const callgate_seccomp_args& args) noexcept {
  while (true) {
    const Chain below = current(slot);
    auto attached = filter.on(below);
    if (!attached) return attached.error().code == AttachErrc::moved_from ? -EINVAL : -ENOMEM;
    if ((flags & CALLGATE_FLAG_TSYNC) != 0) {
      const int thread = args.synchronise(args.context, ChainHandle::image(below), ChainHandle::image(*attached));
      if (thread > 0 && (flags & CALLGATE_FLAG_TSYNC_ESRCH) != 0) return -ESRCH;
      if (thread != 0) return thread;
    }
    const Exchange end = exchange(slot, below, std::move(*attached));
    if (end != Exchange::changed) return end == Exchange::done ? 0 : -ENOMEM;
  }
}

std::uint32_t state_of(const callgate_slot& slot) noexcept { return __atomic_load_n(&slot.state, __ATOMIC_ACQUIRE); }

// Sets a bit; false if it was set.
bool claim(callgate_slot& slot, std::uint32_t bit) noexcept {
  return (__atomic_fetch_or(&slot.state, bit, __ATOMIC_ACQ_REL) & bit) == 0;
}
void give_back(callgate_slot& slot, std::uint32_t bit) noexcept {
  __atomic_fetch_and(&slot.state, ~bit, __ATOMIC_ACQ_REL);
}

int attach_with_listener(callgate_slot& slot, const TaskFilter& filter, std::uint32_t flags,
                         const callgate_seccomp_args& args) noexcept {
  if ((state_of(slot) & is_strict) != 0) return -EINVAL;
  if (!claim(slot, has_listener)) return -EBUSY;
  const int error = attach(slot, filter, flags, args);
  if (error != 0) give_back(slot, has_listener);
  return error;
}

int set_mode_filter(callgate_slot& slot, std::uint32_t flags, const callgate_seccomp_args& args) noexcept {
  if (!are_sound_flags(flags, known_flags(args))) return -EINVAL;
  const auto program = read_program(GuestMemory(args), args);
  if (!program) return program.error();
  if ((flags & CALLGATE_FLAG_NEW_LISTENER) == 0) {
    return (state_of(slot) & is_strict) != 0 ? -EINVAL : attach(slot, *program, flags, args);
  }
  const int listener = args.open_listener(args.context);
  if (listener < 0) return listener;
  const int error = attach_with_listener(slot, *program, flags, args);
  if (error == 0) return listener;
  args.close_listener(args.context, listener);
  return error;
}

int set_mode_strict(callgate_slot& slot, const callgate_seccomp_args& args) noexcept {
  if ((state_of(slot) & is_strict) != 0) return 0;
  constexpr auto instructions = strict_program();
  const Instructions kept(instructions.size(), args);
  if (kept.insns().empty()) return -ENOMEM;
  std::copy(instructions.begin(), instructions.end(), kept.insns().begin());
  const auto filter = kept.verified();
  if (!filter) return -ENOMEM;
  const Chain below = current(slot);
  if (below.length() != 0 || !claim(slot, is_strict)) return -EINVAL;
  auto attached = filter->on(below);
  const Exchange end = attached ? exchange(slot, below, std::move(*attached)) : Exchange::out_of_memory;
  if (end == Exchange::done) return 0;
  give_back(slot, is_strict);
  return end == Exchange::changed ? -EINVAL : -ENOMEM;
}

int get_action_avail(const GuestMemory& memory, std::uint64_t address) noexcept {
  std::uint32_t action = 0;
  if (!memory.read(&action, address, sizeof action)) return -EFAULT;
  action = memory.value(action);
  return data_of(action) == 0 && is_known_action(action) ? 0 : -EOPNOTSUPP;
}

int get_notif_sizes(const GuestMemory& memory, std::uint64_t address) noexcept {
  // struct seccomp_notif, seccomp_notif_resp and seccomp_data.
  const std::uint16_t sizes[] = {memory.value(std::uint16_t{80}), memory.value(std::uint16_t{24}),
                                 memory.value(std::uint16_t{64})};
  return memory.write(address, sizes, sizeof sizes) ? 0 : -EFAULT;
}

int seccomp(callgate_slot& slot, std::uint32_t op, std::uint32_t flags, const callgate_seccomp_args& args) noexcept {
  const GuestMemory memory(args);
  switch (op) {
    case CALLGATE_SET_MODE_STRICT: return flags != 0 || args.address != 0 ? -EINVAL : set_mode_strict(slot, args);
    case CALLGATE_SET_MODE_FILTER: return set_mode_filter(slot, flags, args);
    case CALLGATE_GET_ACTION_AVAIL: return flags != 0 ? -EINVAL : get_action_avail(memory, args.address);
    case CALLGATE_GET_NOTIF_SIZES: return flags != 0 ? -EINVAL : get_notif_sizes(memory, args.address);
    default: return -EINVAL;
  }
}

}  // namespace
}  // namespace callgate::capi

using namespace callgate;

int callgate_seccomp(callgate_slot* slot, std::uint32_t op, std::uint32_t flags,
                     const callgate_seccomp_args* args) noexcept {
  callgate_seccomp_args known;
  if (slot == nullptr || args == nullptr || !capi::read_struct(*args, known)) return CALLGATE_MISUSE;
  return capi::are_sound(known) ? capi::seccomp(*slot, op, flags, known) : CALLGATE_MISUSE;
}

int callgate_prctl_set_seccomp(callgate_slot* slot, std::uint64_t mode, const callgate_seccomp_args* args) noexcept {
  callgate_seccomp_args known;
  if (slot == nullptr || args == nullptr || !capi::read_struct(*args, known)) return CALLGATE_MISUSE;
  constexpr std::uint64_t strict = 1;
  constexpr std::uint64_t filter = 2;
  if (mode == strict) known.address = 0;
  if (!capi::are_sound(known)) return CALLGATE_MISUSE;
  if (mode != strict && mode != filter) return -EINVAL;
  return capi::seccomp(*slot, mode == strict ? CALLGATE_SET_MODE_STRICT : CALLGATE_SET_MODE_FILTER, 0, known);
}

int callgate_prctl_get_seccomp(const callgate_slot* slot) noexcept {
  if (slot == nullptr) return CALLGATE_MISUSE;
  if ((capi::state_of(*slot) & capi::is_strict) != 0) return 1;
  return detail::BorrowedChain(callgate_slot_current(slot))->length() == 0 ? 0 : 2;
}

std::uint32_t callgate_seccomp_known_flags(const callgate_seccomp_args* args) noexcept {
  callgate_seccomp_args known;
  return args != nullptr && capi::read_struct(*args, known) ? capi::known_flags(known) : 0;
}

std::uint32_t callgate_action_effective(std::uint32_t result) noexcept { return effective(result); }

std::int32_t callgate_action_precedence(std::uint32_t result) noexcept { return precedence(result); }

int callgate_action_known(std::uint32_t result) noexcept { return is_known_action(result) ? 1 : 0; }
