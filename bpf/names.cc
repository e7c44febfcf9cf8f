#include "bpf/names.h"

#include <array>
#include <bit>
#include <cassert>

#include "bpf/text.h"
#include "callgate/action.hpp"
#include "callgate/insn.hpp"

namespace callgate::bpf {
namespace {

struct Name {
  std::uint32_t value;
  std::string_view name;
};

constexpr Name actions[] = {
    {action::kill_process, "KILL_PROCESS"},
    {action::kill_thread, "KILL_THREAD"},
    {action::trap, "TRAP"},
    {action::errno_, "ERRNO"},
    {action::user_notif, "USER_NOTIF"},
    {action::trace, "TRACE"},
    {action::log, "LOG"},
    {action::allow, "ALLOW"},
};

// AUDIT_ARCH_* (linux/audit.h): an ELF machine number, bit 31 for 64 bits, bit 30 for little-endian, bit 29 for the
// n32 convention of MIPS.
constexpr Name arches[] = {
    {arch::x86_64, "x86_64"}, {arch::x86_32, "i386"},      {0xc00000b7, "aarch64"},     {0x40000028, "arm"},
    {0x00000028, "armeb"},    {0xc0000102, "loongarch64"}, {0x40000102, "loongarch32"}, {0x00000004, "m68k"},
    {0x00000008, "mips"},     {0x40000008, "mipsel"},      {0x80000008, "mips64"},      {0xa0000008, "mips64n32"},
    {0xc0000008, "mipsel64"}, {0xe0000008, "mipsel64n32"}, {0x0000000f, "parisc"},      {0x8000000f, "parisc64"},
    {0x00000014, "ppc"},      {0x80000015, "ppc64"},       {0xc0000015, "ppc64le"},     {0x400000f3, "riscv32"},
    {0xc00000f3, "riscv64"},  {0x00000016, "s390"},        {0x80000016, "s390x"},       {0x0000002a, "sh"},
    {0x4000002a, "shel"},     {0x00000002, "sparc"},       {0x8000002b, "sparc64"},
};

// The words of struct seccomp_data in their order in memory.
constexpr bool little = std::endian::native == std::endian::little;
#define CALLGATE_HALVES(field) little ? field ".lo" : field ".hi", little ? field ".hi" : field ".lo"
constexpr std::string_view fields[] = {
    "nr",
    "arch",
    CALLGATE_HALVES("ip"),
    CALLGATE_HALVES("args[0]"),
    CALLGATE_HALVES("args[1]"),
    CALLGATE_HALVES("args[2]"),
    CALLGATE_HALVES("args[3]"),
    CALLGATE_HALVES("args[4]"),
    CALLGATE_HALVES("args[5]"),
};
#undef CALLGATE_HALVES
static_assert(std::size(fields) * 4 == sizeof(SeccompData));

template <std::size_t size>
constexpr std::string_view find_name(const Name (&table)[size], std::uint32_t value, std::string_view otherwise) {
  for (const Name& entry : table) {
    if (entry.value == value) return entry.name;
  }
  return otherwise;
}

template <std::size_t size>
constexpr std::optional<std::uint32_t> find_value(const Name (&table)[size], std::string_view name) {
  for (const Name& entry : table) {
    if (entry.name == name) return entry.value;
  }
  return std::nullopt;
}

constexpr auto arch_values = [] {
  std::array<std::uint32_t, std::size(arches)> values{};
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = arches[i].value;
  return values;
}();
static_assert(arch_values.size() < 63);

constexpr Name errnos[] = {
#define CALLGATE_ERRNO(number, name) {number, name},
#include "bpf/errnos.inc"
#undef CALLGATE_ERRNO
    {11, "EWOULDBLOCK"},
    {35, "EDEADLOCK"},
    {95, "ENOTSUP"},
};

constexpr std::string_view unknown_action = "UNKNOWN";

}  // namespace

std::string_view action_name(std::uint32_t result) { return find_name(actions, action_of(result), unknown_action); }
std::optional<std::uint32_t> action_from_name(std::string_view name) { return find_value(actions, name); }

std::string_view errno_name(std::uint32_t number) { return find_name(errnos, number, {}); }
std::optional<std::uint32_t> errno_from_name(std::string_view name) { return find_value(errnos, name); }

std::string result_name(std::uint32_t result) {
  const std::string_view name = action_name(result);
  if (name == unknown_action) return std::string(name) + "(" + hex(result) + ")";
  if (data_of(result) == 0 && action_of(result) != action::errno_) return std::string(name);
  return std::string(name) + "(" + std::to_string(data_of(result)) + ")";
}

std::string_view field_name(std::uint32_t offset) {
  assert(offset < sizeof(SeccompData) && offset % 4 == 0);
  return fields[offset / 4];
}

std::optional<std::uint32_t> field_from_name(std::string_view name) {
  for (std::uint32_t word = 0; word < std::size(fields); ++word) {
    if (fields[word] == name) return word * 4;
  }
  return std::nullopt;
}

std::span<const std::uint32_t> known_arches() { return arch_values; }
std::string_view arch_name(std::uint32_t arch) { return find_name(arches, arch, {}); }
std::optional<std::uint32_t> arch_from_name(std::string_view name) { return find_value(arches, name); }

}  // namespace callgate::bpf
