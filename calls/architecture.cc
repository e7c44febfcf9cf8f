#include "calls/architecture.h"

#include "bpf/names.h"
#include "bpf/quote.h"
#include "bpf/text.h"
#include "calls/number.h"
#include "calls/syscall_names.h"

namespace callgate::calls {
namespace {

std::string plain_name(std::string_view word) {
  std::string name = bpf::lower(word);
  for (const std::string_view prefix : {"audit_arch_", "scmp_arch_"}) {
    if (name.starts_with(prefix)) name.erase(0, prefix.size());
  }
  if (name == "x86" || name == "x86_32" || name == "b32" || name == "i486" || name == "i586" || name == "i686")
    return "i386";
  if (name == "amd64" || name == "x86-64" || name == "b64") return "x86_64";
  return name;
}

// Eight digits are what audit records have: no AUDIT_ARCH_* value is that short in decimal.
bool is_audit_hex(std::string_view word) {
  return word.size() == 8 && word.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

// -1 and its like have the bit too, but are no call of x32.
bool is_x32(const SeccompData& data) {
  return data.arch == arch::x86_64 && (data.nr & (arch::x32_bit | 0x80000000)) == arch::x32_bit;
}

}  // namespace

std::optional<Architecture> parse_architecture(std::string_view word) {
  const std::string name = plain_name(word);
  if (name == "x32") return Architecture{arch::x86_64, true};
  if (const auto known = bpf::arch_from_name(name)) return Architecture{*known, false};
  std::uint64_t value = 0;
  const Number number = is_audit_hex(word) ? parse_digits(word, 16, 32, value) : parse_number(word, 32, value);
  if (number != Number::ok) return std::nullopt;
  return Architecture{static_cast<std::uint32_t>(value), false};
}

std::string unknown_architecture(std::string_view word) {
  return "unknown architecture " + bpf::in_quotes(word) +
         " (x86_64, i386, x32, or another AUDIT_ARCH_* by its name, such as aarch64, or number)";
}

std::optional<std::string> read_nr(std::string_view word, const Architecture& architecture, std::uint32_t& nr) {
  const bool is_number = word.starts_with('-') || (!word.empty() && bpf::is_digit(word.front()));
  if (is_number) {
    std::uint64_t value = 0;
    const Number number = parse_number(word, 32, value);
    if (number == Number::malformed) return "the system call is not a number: " + bpf::in_quotes(word);
    if (number == Number::out_of_range) return "the system call does not fit into 32 bits: " + bpf::in_quotes(word);
    nr = static_cast<std::uint32_t>(value) | (architecture.x32 ? arch::x32_bit : 0);
    return std::nullopt;
  }
  const auto known = syscall_number(word, architecture.value, architecture.x32);
  if (known) {
    nr = *known;
    return std::nullopt;
  }
  if (known.error() == NameError::no_table)
    return "names of system calls are known of x86 only; of this architecture give the number, not " +
           bpf::in_quotes(word);
  if (known.error() == NameError::unknown) return "unknown system call " + bpf::in_quotes(word);
  return "system call " + bpf::in_quotes(word) + " has no number of its own on this architecture";
}

std::string call_name(const SeccompData& data) {
  const std::uint32_t bare_nr = is_x32(data) ? data.nr & ~arch::x32_bit : data.nr;
  std::string name = syscall_name(data.nr, data.arch);
  if (name.empty()) name = "call " + std::to_string(static_cast<std::int32_t>(bare_nr));
  if (is_x32(data)) return name + " (x32)";
  if (data.arch == arch::x86_64) return name;
  const std::string_view other = bpf::arch_name(data.arch);
  return name + " (" + (other.empty() ? "architecture " + bpf::hex(data.arch) : std::string(other)) + ")";
}

}  // namespace callgate::calls
