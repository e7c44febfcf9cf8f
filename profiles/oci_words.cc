#include "profiles/oci_words.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string>
#include <utility>

#include "bpf/nearest.h"
#include "callgate/insn.hpp"

namespace callgate::profiles {
namespace {

// Offers the word of `list` that resembles `text` most, with or without the prefix that all of them have.
template <class List, class TextOf>
[[noreturn]] void fail_unknown(const Node& node, const char* what, const std::string& text, const std::string& prefix,
                               const List& list, TextOf text_of) {
  std::string_view meant = bpf::nearest(text, list, text_of);
  if (meant.empty()) meant = bpf::nearest(prefix + text, list, text_of);
  node.fail(std::string("unknown ") + what + " " + bpf::in_quotes(text) +
            (meant.empty() ? std::string() : "; did you mean " + bpf::in_quotes(meant) + "?"));
}

template <class Table>
auto look_up(const Table& table, const Node& node, const char* what, const std::string& prefix = {}) {
  const std::string text = node.text();
  const auto found = std::find_if(table.begin(), table.end(), [&](const auto& entry) { return entry.first == text; });
  if (found == table.end()) {
    fail_unknown(node, what, text, prefix, table, [](const auto& entry) { return entry.first; });
  }
  return found->second;
}

constexpr auto itself = [](std::string_view word) { return word; };

constexpr std::array<std::pair<std::string_view, scmp_compare>, 7> operators = {{
    {"SCMP_CMP_NE", SCMP_CMP_NE},
    {"SCMP_CMP_LT", SCMP_CMP_LT},
    {"SCMP_CMP_LE", SCMP_CMP_LE},
    {"SCMP_CMP_EQ", SCMP_CMP_EQ},
    {"SCMP_CMP_GE", SCMP_CMP_GE},
    {"SCMP_CMP_GT", SCMP_CMP_GT},
    {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
}};

constexpr std::array<std::pair<std::string_view, std::uint32_t>, 9> actions = {{
    {"SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD},
    {"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS},
    {"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD},
    {"SCMP_ACT_TRAP", SCMP_ACT_TRAP},
    {"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0)},
    {"SCMP_ACT_TRACE", SCMP_ACT_TRACE(0)},
    {"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW},
    {"SCMP_ACT_LOG", SCMP_ACT_LOG},
    {"SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY},
}};

// Second names of errors, which strerrorname_np() does not give.
constexpr std::array<std::pair<std::string_view, std::uint32_t>, 3> errno_aliases = {{
    {"EWOULDBLOCK", EWOULDBLOCK},
    {"EDEADLOCK", EDEADLOCK},
    {"ENOTSUP", ENOTSUP},
}};

constexpr std::uint32_t max_errno = 4095;

constexpr std::string_view flags[] = {
    "SECCOMP_FILTER_FLAG_TSYNC",
    "SECCOMP_FILTER_FLAG_LOG",
    "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
    "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
};

constexpr std::string_view arch_prefix = "SCMP_ARCH_";

// Those of the runtime specification that are not x86, and PA-RISC's other name.
constexpr std::string_view other_architectures[] = {
    "arm",         "aarch64", "mips",    "mips64",      "mips64n32", "mipsel", "mipsel64",
    "mipsel64n32", "ppc",     "ppc64",   "ppc64le",     "s390",      "s390x",  "parisc",
    "parisc64",    "hppa",    "riscv64", "loongarch64", "m68k",      "sh",     "sheb",
};

constexpr std::string_view all_architectures[] = {
    "SCMP_ARCH_X86_64",      "SCMP_ARCH_X86",         "SCMP_ARCH_X32",    "SCMP_ARCH_NATIVE",    "SCMP_ARCH_ARM",
    "SCMP_ARCH_AARCH64",     "SCMP_ARCH_MIPS",        "SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL",
    "SCMP_ARCH_MIPSEL64",    "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",    "SCMP_ARCH_PPC64",     "SCMP_ARCH_PPC64LE",
    "SCMP_ARCH_S390",        "SCMP_ARCH_S390X",       "SCMP_ARCH_PARISC", "SCMP_ARCH_PARISC64",  "SCMP_ARCH_RISCV64",
    "SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K",        "SCMP_ARCH_SH",     "SCMP_ARCH_SHEB",
};

constexpr std::string_view condition_arches[] = {
    "amd64",       "x86",     "x32",         "386",      "arm",      "arm64",     "mips",        "mips64",
    "mips64n32",   "mipsel",  "mipsle",      "mipsel64", "mips64le", "mips64p32", "mips64p32le", "mipsel64n32",
    "mips3l64n32", "ppc",     "ppc64",       "ppc64le",  "s390",     "s390x",     "parisc",      "parisc64",
    "riscv64",     "loong64", "loongarch64", "m68k",     "sh",       "sheb",
};

template <class List>
bool is_one_of(std::string_view word, const List& list) {
  return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

std::optional<std::uint32_t> errno_from_name(std::string_view name) {
  for (std::uint32_t value = 1; value <= max_errno; ++value) {
    const char* const known = strerrorname_np(static_cast<int>(value));
    if (known != nullptr && name == known) return value;
  }
  return std::nullopt;
}

}  // namespace

scmp_compare read_operator(const Node& node) { return look_up(operators, node, "operator", "SCMP_CMP_"); }
std::uint32_t read_action_word(const Node& node) { return look_up(actions, node, "action", "SCMP_ACT_"); }

void check_flag(const Node& node) {
  const std::string text = node.text();
  if (!is_one_of(text, flags)) fail_unknown(node, "flag", text, "SECCOMP_FILTER_FLAG_", flags, itself);
}

std::uint32_t read_errno_text(const Node& node, std::uint32_t max) {
  const std::string text = node.text();
  if (text.find_first_not_of("0123456789") == std::string::npos) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || value > max)
      node.fail(bpf::in_quotes(text) + " is too large, at most " + std::to_string(max));
    return value;
  }
  if (const auto value = errno_from_name(text)) return *value;
  return look_up(errno_aliases, node, "error");
}

std::optional<std::uint32_t> read_architecture(const Node& node, std::uint32_t native) {
  const std::string text = node.text();
  const std::string name = text.starts_with(arch_prefix) ? bpf::lower(text.substr(arch_prefix.size())) : "";
  if (name == "native") return native;
  if (name == "x86_64") return SCMP_ARCH_X86_64;
  if (name == "x86") return SCMP_ARCH_X86;
  if (name == "x32") return SCMP_ARCH_X32;
  if (!is_one_of(name, other_architectures)) {
    fail_unknown(node, "architecture", text, std::string(arch_prefix), all_architectures, itself);
  }
  return std::nullopt;
}

bool is_condition_arch(std::string_view name) { return is_one_of(name, condition_arches); }

}  // namespace callgate::profiles
