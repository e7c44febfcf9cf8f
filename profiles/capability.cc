#include "profiles/capability.h"

#include <algorithm>
#include <cctype>

#include "bpf/nearest.h"
#include "bpf/quote.h"

namespace callgate::profiles {
namespace {

// linux/capability.h, by number; CAP_CHECKPOINT_RESTORE (40, Linux 5.9) is the last one so far.
constexpr std::string_view names[] = {
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
};
static_assert(std::size(names) == 41);

std::string full_name(std::string_view word) {
  std::string name(word);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c); });
  return name.starts_with("CAP_") ? name : "CAP_" + name;
}

std::string_view without_spaces(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::string unknown(std::string_view word, const std::string& name) {
  const std::string_view meant = bpf::nearest(name, names);
  return bpf::in_quotes(word) + " is no capability" +
         (meant.empty() ? std::string() : "; did you mean " + bpf::in_quotes(meant) + "?");
}

}  // namespace

bool is_capability(std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

Expected<Capabilities, std::string> parse_capabilities(std::string_view text) {
  Capabilities found;
  for (;;) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view word = without_spaces(text.substr(0, comma));
    const std::string name = full_name(word);
    if (name == "CAP_ALL") {
      found.insert(std::begin(names), std::end(names));
    } else if (is_capability(name)) {
      found.insert(name);
    } else {
      return unknown(word, name);
    }
    if (comma == text.size()) return found;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace callgate::profiles
