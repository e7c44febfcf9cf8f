// What files hold that are given instead of a filter.
#include <algorithm>
#include <array>

#include "bpf/formats.h"
#include "bpf/text.h"

namespace callgate::bpf {
namespace {

using namespace std::string_view_literals;

struct Magic {
  std::string_view bytes;
  std::string_view name;
};
constexpr Magic magics[] = {
    {"\x7f"
     "ELF"sv,
     "an ELF file (a program or a library)"},
    {"\x1f\x8b"sv, "gzip-compressed data"},
    {"\x28\xb5\x2f\xfd"sv, "zstd-compressed data"},
    {"\xfd"
     "7zXZ\0"sv,
     "xz-compressed data"},
    {"BZh"sv, "bzip2-compressed data"},
    {"PK\x03\x04"sv, "a zip archive"},
    {"\xd4\xc3\xb2\xa1"sv, "a packet capture (pcap)"},
    {"\x0a\x0d\x0d\x0a"sv, "a packet capture (pcapng)"},
    {"\xff\xfe"sv, "UTF-16 text"},
    {"\xfe\xff"sv, "UTF-16 text"},
};

constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r'; }

std::string_view trim(std::string_view line) {
  while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
  while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
  return line;
}

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '@' || c == ',' || c == ' ';
  });
}

// "read: 1", "ioctl: arg1 == 0x5401 || return 1", "@include FILE": the lines of minijail's policies.
bool is_minijail_line(std::string_view line) {
  if (line.starts_with("@include ") || line.starts_with("@frequency ") || line.starts_with("@default ")) return true;
  const std::size_t colon = line.find(':');
  if (colon == line.npos || !is_name(trim(line.substr(0, colon)))) return false;
  const std::string_view rule = trim(line.substr(colon + 1));
  const std::string_view starts[] = {"arg",  "return", "allow", "kill-process", "kill-thread", "kill",
                                     "trap", "trace",  "log",   "user-notify",  "{arg"};
  if (rule == "1") return true;
  return std::any_of(std::begin(starts), std::end(starts), [&](auto start) {
    if (!rule.starts_with(start)) return false;
    const char next = rule.size() > start.size() ? rule[start.size()] : ' ';
    return !is_letter(next) && next != ':';
  });
}

// "key: value", "key:" or "- item".
bool is_yaml_line(std::string_view line) {
  if (line == "---" || line.starts_with("- ")) return true;
  const std::size_t colon = line.find(':');
  if (colon == line.npos || !is_name(line.substr(0, colon))) return false;
  return colon + 1 == line.size() || line[colon + 1] == ' ';
}

bool is_hex_digit(char c) noexcept { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f'); }

// Whether the line begins with `count` digits or more of that kind and `next` behind them.
bool begins_with_digits(std::string_view line, bool (*is_kind)(char), std::size_t count, std::string_view next) {
  const auto end = static_cast<std::size_t>(std::find_if_not(line.begin(), line.end(), is_kind) - line.begin());
  return end >= count && line.substr(end).starts_with(next);
}

// What tools show a filter or its bytes as.
std::string_view listing(std::string_view line) {
  if (begins_with_digits(line, is_hex_digit, 8, ": ")) return "a hex dump (xxd); xxd -p gives the bytes alone";
  return {};
}

// The first line that says something.
std::string_view first_line(std::string_view text, bool comments_say_something) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim(text.substr(0, end));
    if (!line.empty() && (comments_say_something || !line.starts_with('#'))) return line;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return {};
}

bool has(std::string_view text, std::string_view word) { return text.find(word) != text.npos; }

}  // namespace

std::string_view foreign_format(std::string_view content, bool by_magic) {
  const bool is_text = std::all_of(content.begin(), content.end(), [](char c) {
    return c == '\n' || c == '\f' || c == '\v' || is_blank(c) || static_cast<unsigned char>(c) >= ' ';
  });
  for (const Magic& magic : magics) {
    if (!is_text && content.starts_with(magic.bytes)) return magic.name;
  }
  if (by_magic) return {};
  const std::string_view text = without_byte_order_mark(content);
  const std::string_view begin = first_line(text, true);
  if (begin.starts_with("#!")) return "a script";
  if (has(lower(begin.substr(0, 20)), "<!doctype") || lower(begin.substr(0, 5)) == "<html") return "a web page";
  if (begin.starts_with("<?xml")) return "XML";
  if (begin.starts_with("version https://git-lfs")) return "a pointer of Git LFS, not the file itself";
  if (has(text, "pseudo filter code start")) return "pseudo code of libseccomp (seccomp_export_pfc)";
  if (has(text, "A = sys_number") || has(text, "A = arch") || has(text, "return ALLOW")) {
    return "text of seccomp-tools asm (seccomp-tools asm -f raw makes a filter of it)";
  }
  if (has(text, "BPF_STMT") || has(text, "BPF_JUMP")) return "C source (compile it, or give its array's numbers)";
  if (has(text, "sock_filter") && has(text, ".code")) {
    return "C source with designators (compile it, or give its array's numbers)";
  }
  if (has(text, "POLICY ") && has(text, "DEFAULT ")) return "a Kafel policy";
  const std::string_view rule = first_line(text, false);
  if (const std::string_view what = listing(rule); !what.empty()) return what;
  if (rule.starts_with('[') && (rule.size() == 1 || !is_letter(rule[1]))) return "a JSON array";
  if (rule.starts_with("SystemCallFilter=") || (rule.starts_with('[') && rule.ends_with(']'))) {
    return "a unit file of systemd, or an INI file";
  }
  if (has(text, "ret ") || has(text, "ret\t")) return {};  // text of a filter, whose labels look like keys
  if (is_minijail_line(rule)) return "a minijail policy";
  if (is_yaml_line(rule)) return "YAML";
  return {};
}

}  // namespace callgate::bpf
