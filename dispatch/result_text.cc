// Results in words. Async-signal-safe: what is written goes into the caller's buffer.
#include <cstddef>

#include "callgate/action.hpp"

namespace callgate {
namespace {

// Appends text to a buffer of fixed size and drops what does not fit.
class Text {
 public:
  Text(char* out, std::size_t capacity) noexcept : out_(out), room_(capacity == 0 ? 0 : capacity - 1) {}

  void put(const char* text) noexcept {
    while (*text != '\0') put(*text++);
  }
  void put(char c) noexcept {
    if (length_ < room_) out_[length_++] = c;
  }
  void decimal(std::uint32_t value) noexcept {
    std::uint32_t power = 1;
    while (value / power >= 10) power *= 10;
    for (; power != 0; power /= 10) put(static_cast<char>('0' + value / power % 10));
  }
  void hexadecimal(std::uint32_t value) noexcept {
    put("0x");
    for (unsigned shift = 32; shift != 0;) put("0123456789abcdef"[value >> (shift -= 4) & 0xf]);
  }

  std::size_t finish(std::size_t capacity) noexcept {
    if (capacity != 0) out_[length_] = '\0';
    return length_;
  }

 private:
  char* out_;
  std::size_t room_;
  std::size_t length_ = 0;
};

// Null if no kernel knows the action.
const char* known_action_name(std::uint32_t result) noexcept {
  switch (action_of(result)) {
    case action::kill_process: return "KILL_PROCESS";
    case action::kill_thread: return "KILL_THREAD";
    case action::trap: return "TRAP";
    case action::errno_: return "ERRNO";
    case action::user_notif: return "USER_NOTIF";
    case action::trace: return "TRACE";
    case action::log: return "LOG";
    case action::allow: return "ALLOW";
    default: return nullptr;
  }
}

}  // namespace

const char* action_name(std::uint32_t result) noexcept {
  const char* const name = known_action_name(result);
  return name != nullptr ? name : "UNKNOWN";
}

const char* errno_name(std::uint32_t number) noexcept {
  switch (number) {
#define CALLGATE_ERRNO(value, name) \
  case value:                       \
    return name;
#include "bpf/errnos.inc"
#undef CALLGATE_ERRNO
    default: return nullptr;
  }
}

std::size_t describe_result(std::uint32_t result, char* out, std::size_t capacity) noexcept {
  Text text(out, capacity);
  const bool is_known = known_action_name(result) != nullptr;
  const bool is_errno = action_of(result) == action::errno_;
  text.put(action_name(result));
  if (!is_known || is_errno || data_of(result) != 0) {
    text.put('(');
    is_known ? text.decimal(data_of(result)) : text.hexadecimal(result);
    text.put(')');
  }
  if (const char* name = is_errno ? errno_name(data_of(result)) : nullptr) {
    text.put(' ');
    text.put(name);
  }
  return text.finish(capacity);
}

}  // namespace callgate
