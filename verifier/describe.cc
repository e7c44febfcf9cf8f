// The text of verification errors: one table of rules, one formatter. No stdio: this is part of the core.
#include <cstring>

#include "bpf/opcode.h"
#include "callgate/program.hpp"

namespace callgate {

const char* rule(VerifyErrc code) noexcept {
  switch (code) {
    case VerifyErrc::empty: return "the program is empty";
    case VerifyErrc::too_long: return "the program is too long";
    case VerifyErrc::unknown_opcode: return "opcode is not allowed in a seccomp filter";
    case VerifyErrc::load_offset: return "load outside seccomp_data or not aligned to 4 bytes";
    case VerifyErrc::division_by_zero: return "division by the constant 0";
    case VerifyErrc::shift_too_large: return "shift by 32 or more";
    case VerifyErrc::scratch_slot: return "no such scratch slot";
    case VerifyErrc::scratch_uninitialised: return "scratch slot is read before it is written";
    case VerifyErrc::jump_out_of_program: return "jump leaves the program";
    case VerifyErrc::no_return_at_end: return "the last instruction is not a return";
    case VerifyErrc::out_of_memory: return "out of memory";
  }
  return "unknown error";
}

namespace {

// Appends text to a buffer of fixed size and drops what does not fit.
class Line {
 public:
  Line(char* out, std::size_t capacity) noexcept : out_(out), room_(capacity == 0 ? 0 : capacity - 1) {}

  Line& operator<<(const char* text) noexcept {
    for (; *text != '\0'; ++text) put(*text);
    return *this;
  }
  Line& operator<<(std::uint32_t value) noexcept { return number(value, 10); }
  Line& hex(std::uint32_t value) noexcept { return (*this << "0x").number(value, 16); }

  std::size_t finish(std::size_t capacity) noexcept {
    if (capacity != 0) out_[length_] = '\0';
    return length_;
  }

 private:
  void put(char c) noexcept {
    if (length_ < room_) out_[length_++] = c;
  }
  Line& number(std::uint32_t value, std::uint32_t base) noexcept {
    char digits[11];
    char* p = digits + sizeof digits;
    *--p = '\0';
    do {
      *--p = "0123456789abcdef"[value % base];
      value /= base;
    } while (value != 0);
    return *this << p;
  }

  char* out_;
  std::size_t room_;
  std::size_t length_ = 0;
};

// The figures of the offending instruction that show why the rule is broken.
void evidence(Line& line, const VerifyError& e) noexcept {
  switch (e.code) {
    case VerifyErrc::too_long: line << " (length " << e.length << ", at most " << max_program_length << ")"; break;
    case VerifyErrc::unknown_opcode: (line << " (code ").hex(e.insn.code) << ")"; break;
    case VerifyErrc::load_offset:
    case VerifyErrc::shift_too_large: line << " (k=" << e.insn.k << ")"; break;
    case VerifyErrc::scratch_slot:
    case VerifyErrc::scratch_uninitialised: line << " (M[" << e.insn.k << "])"; break;
    case VerifyErrc::jump_out_of_program: {
      const bpf::OpcodeInfo* info = bpf::find_opcode(e.insn.code);
      if (info != nullptr && bpf::is_branch(info->form)) {
        const std::uint32_t behind = e.length - e.pc - 1;
        if (e.insn.jt >= behind) line << " (jt=" << e.insn.jt;
        if (e.insn.jf >= behind) line << (e.insn.jt >= behind ? ", jf=" : " (jf=") << e.insn.jf;
      } else {
        line << " (k=" << e.insn.k;
      }
      line << ", length " << e.length << ")";
      break;
    }
    case VerifyErrc::no_return_at_end: (line << " (code ").hex(e.insn.code) << ")"; break;
    case VerifyErrc::empty:
    case VerifyErrc::division_by_zero:
    case VerifyErrc::out_of_memory: break;
  }
}

}  // namespace

std::size_t describe(const VerifyError& error, char* out, std::size_t capacity) noexcept {
  Line line(out, capacity);
  line << "at " << error.pc << ": " << rule(error.code);
  evidence(line, error);
  return line.finish(capacity);
}

}  // namespace callgate
