#include "bpf/listings.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "bpf/assembler.h"
#include "bpf/names.h"
#include "bpf/number.h"
#include "bpf/syscalls.h"
#include "bpf/text.h"

namespace callgate::bpf {
namespace {

constexpr std::string_view blanks = " \t\r\n\f\v";

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return trim(line);
}

std::string_view take_word(std::string_view& line) {
  line = trim(line);
  const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

std::string at_line(std::uint32_t line, const std::string& message) { return to_string(TextError{line, message}); }

bool are_digits(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_digit); }

// The index in front of an instruction, with its colon.
bool is_row(std::string_view line) {
  const std::size_t colon = line.find(':');
  return colon != line.npos && are_digits(line.substr(0, colon)) && trim(line.substr(colon + 1)).starts_with("0x");
}

// Colours of a terminal, as "ESC [ 1 ; 33 m".
std::string without_colours(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\x1b' || i + 1 >= text.size() || text[i + 1] != '[') {
      plain += text[i];
      continue;
    }
    i += 2;
    while (i < text.size() && (is_digit(text[i]) || text[i] == ';')) ++i;
  }
  return plain;
}

Expected<std::uint32_t, std::string> number_in(std::string_view word, std::uint32_t most, const char* what) {
  const auto value = parse_magnitude(word);
  if (!value) return std::string(what) + ": " + quoted(word) + " is not a number";
  if (*value > most) return std::string(what) + ": " + quoted(word) + " is more than " + std::to_string(most);
  return static_cast<std::uint32_t>(*value);
}

Expected<Insn, std::string> read_row(std::string_view row) {
  struct Field {
    const char* name;
    std::uint32_t most;
  };
  constexpr Field fields[] = {{"code", 0xffff}, {"jt", 0xff}, {"jf", 0xff}, {"k", 0xffffffff}};
  std::array<std::uint32_t, 4> values{};
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto value = number_in(take_word(row), fields[i].most, fields[i].name);
    if (!value) return value.error();
    values[i] = *value;
  }
  return Insn{static_cast<std::uint16_t>(values[0]), static_cast<std::uint8_t>(values[1]),
              static_cast<std::uint8_t>(values[2]), values[3]};
}

}  // namespace

bool looks_like_table(std::string_view text) {
  const std::string plain = without_colours(text.substr(0, 4096));
  std::string_view rest = plain;
  for (int lines = 0; lines < 5 && !rest.empty();) {
    const std::string_view line = take_line(rest);
    if (line.empty()) continue;
    if (is_row(line)) return true;
    ++lines;
  }
  return false;
}

ListedInstructions read_table(std::string_view text) {
  const std::string plain = without_colours(text);
  std::string_view rest = plain;
  std::vector<Insn> program;
  for (std::uint32_t number = 1; !rest.empty(); ++number) {
    const std::string_view line = take_line(rest);
    if (line.empty() || line.find_first_not_of("=-") == line.npos) continue;
    if (!is_row(line)) {
      if (program.empty()) continue;  // headings
      return at_line(number, quoted(line) + " is no row of the table");
    }
    const std::size_t colon = line.find(':');
    const auto index = parse_digits(line.substr(0, colon), 10);
    if (index != program.size()) {
      return at_line(number, "row " + std::string(line.substr(0, colon)) + " where " + std::to_string(program.size()) +
                                 " is expected");
    }
    const auto insn = read_row(line.substr(colon + 1));
    if (!insn) return at_line(number, insn.error());
    program.push_back(*insn);
  }
  return program;
}

bool looks_like_tcpdump(std::string_view text) {
  text = trim(text);
  return text.starts_with('(') && text.find(')') != text.npos && are_digits(text.substr(1, text.find(')') - 1)) &&
         text.find(')') >= 4;
}

// "jeq #0x800 jt 2 jf 5" is the assembler's "jeq #0x800, L2, L5", with a label in front of each line.
ListedInstructions read_tcpdump(std::string_view text) {
  std::string source;
  std::uint32_t index = 0;
  for (std::uint32_t number = 1; !text.empty(); ++number) {
    std::string_view line = take_line(text);
    if (line.empty()) {
      source += '\n';
      continue;
    }
    const std::size_t close = line.find(')');
    if (!line.starts_with('(') || close == line.npos || parse_digits(line.substr(1, close - 1), 10) != index) {
      return at_line(number,
                     quoted(line.substr(0, 20)) + " where instruction " + std::to_string(index) + " is expected");
    }
    line.remove_prefix(close + 1);
    std::string statement = "at" + std::to_string(index++) + ":";
    for (std::string_view word = take_word(line); !word.empty(); word = take_word(line)) {
      const bool is_target = word == "jt" || word == "jf";
      statement += is_target ? ", at" + std::string(take_word(line)) : " " + std::string(word);
      // "ja 5": the only target that stands alone.
      if (word == "ja") statement += " at" + std::string(take_word(line));
    }
    source += statement + "\n";
  }
  auto program = assemble(source);
  if (!program) return to_string(program.error());
  return std::move(*program);
}

namespace {

struct Constant {
  std::string_view name;
  std::uint32_t value;
};
constexpr Constant constants[] = {{"BPF_LD", 0x00},       {"BPF_LDX", 0x01},  {"BPF_ST", 0x02},
                                  {"BPF_STX", 0x03},      {"BPF_ALU", 0x04},  {"BPF_JMP", 0x05},
                                  {"BPF_RET", 0x06},      {"BPF_MISC", 0x07}, {"BPF_W", 0x00},
                                  {"BPF_H", 0x08},        {"BPF_B", 0x10},    {"BPF_IMM", 0x00},
                                  {"BPF_ABS", 0x20},      {"BPF_IND", 0x40},  {"BPF_MEM", 0x60},
                                  {"BPF_LEN", 0x80},      {"BPF_MSH", 0xa0},  {"BPF_ADD", 0x00},
                                  {"BPF_SUB", 0x10},      {"BPF_MUL", 0x20},  {"BPF_DIV", 0x30},
                                  {"BPF_OR", 0x40},       {"BPF_AND", 0x50},  {"BPF_LSH", 0x60},
                                  {"BPF_RSH", 0x70},      {"BPF_NEG", 0x80},  {"BPF_MOD", 0x90},
                                  {"BPF_XOR", 0xa0},      {"BPF_JA", 0x00},   {"BPF_JEQ", 0x10},
                                  {"BPF_JGT", 0x20},      {"BPF_JGE", 0x30},  {"BPF_JSET", 0x40},
                                  {"BPF_K", 0x00},        {"BPF_X", 0x08},    {"BPF_A", 0x10},
                                  {"BPF_TAX", 0x00},      {"BPF_TXA", 0x80},  {"SECCOMP_RET_DATA", 0xffff},
                                  {"SECCOMP_RET_KILL", 0}};

// Reads calls of the two macros, one by one.
class Macros {
 public:
  explicit Macros(std::string_view text) : text_(text) {}

  ListedInstructions read() {
    std::vector<Insn> program;
    at_ = next_macro();
    while (at_ < text_.size() && next_macro() == at_) {
      const bool is_jump = text_.substr(at_).starts_with("BPF_JUMP");
      at_ += std::string_view("BPF_STMT").size();
      Insn insn{};
      if (!statement(is_jump, insn)) return at_line(line(), message_);
      program.push_back(insn);
      take(',');
      skip_blanks();
    }
    // strace leaves out what does not fit.
    if (text_.substr(at_).starts_with("...")) {
      return at_line(line(), "\"...\": not all instructions are there (strace -e abbrev=none writes them)");
    }
    if (next_macro() != text_.size()) {
      const std::string_view rest = text_.substr(at_);
      return at_line(line(), quoted(rest.substr(0, std::min<std::size_t>(rest.find_first_of("\n(,"), 40))) +
                                 " stands between instructions; one filter is read, of BPF_STMT and BPF_JUMP alone");
    }
    return program;
  }

 private:
  // Where the next one begins, or the end.
  std::size_t next_macro() const {
    return std::min({text_.find("BPF_STMT(", at_), text_.find("BPF_JUMP(", at_), text_.size()});
  }

  bool statement(bool is_jump, Insn& insn) {
    std::uint32_t code = 0, jt = 0, jf = 0;
    if (!expect('(') || !expression(code, 0xffff) || !expect(',') || !expression(insn.k, 0xffffffff)) return false;
    if (is_jump && (!expect(',') || !expression(jt, 0xff) || !expect(',') || !expression(jf, 0xff))) return false;
    insn.code = static_cast<std::uint16_t>(code);
    insn.jt = static_cast<std::uint8_t>(jt);
    insn.jf = static_cast<std::uint8_t>(jf);
    return expect(')');
  }

  // Terms joined by +, & and |, of which each binds less than the one before.
  bool expression(std::uint32_t& value, std::uint32_t most) {
    std::uint64_t result = 0;
    if (!joined(0, result)) return false;
    if (result > most) return fail("the value is more than " + std::to_string(most));
    value = static_cast<std::uint32_t>(result);
    return true;
  }

  bool joined(std::size_t level, std::uint64_t& value) {
    constexpr std::string_view signs = "|&+";
    if (level == signs.size()) {
      std::uint32_t word = 0;
      const bool is_read = term(word);
      value = word;
      return is_read;
    }
    if (!joined(level + 1, value)) return false;
    while (take(signs[level])) {
      std::uint64_t next = 0;
      if (!joined(level + 1, next)) return false;
      value = level == 0 ? value | next : level == 1 ? value & next : value + next;
      if (value > too_large) value = too_large;
    }
    return true;
  }

  bool term(std::uint32_t& value) {
    if (take('(')) {
      constexpr int most_depth = 32;
      if (++depth_ > most_depth) return fail("more than 32 parentheses within each other");
      const bool is_read = starts_with_cast() ? term(value) : expression(value, 0xffffffff) && expect(')');
      --depth_;
      return is_read;
    }
    const std::string_view word = take_name();
    if (word.empty()) return fail(quoted(text_.substr(at_, 1)) + " where a number or a name is expected");
    if (is_digit(word.front())) {
      std::string_view digits = word;
      while (!digits.empty() && (lower(digits.back()) == 'u' || lower(digits.back()) == 'l')) digits.remove_suffix(1);
      const auto number = parse_magnitude(digits);
      if (!number || *number == too_large) return fail(quoted(word) + " is no number of 32 bits");
      value = static_cast<std::uint32_t>(*number);
      return true;
    }
    if (word == "offsetof") return offset(value);
    return name(word, value);
  }

  // "(uint32_t) 5"
  bool starts_with_cast() {
    const std::size_t close = text_.find(')', at_);
    if (close == text_.npos) return false;
    const std::string_view inside = trim(text_.substr(at_, close - at_));
    if (inside != "uint32_t" && inside != "__u32" && inside != "unsigned int" && inside != "unsigned") return false;
    at_ = close + 1;
    return true;
  }

  bool name(std::string_view word, std::uint32_t& value) {
    const auto* const known = std::find_if(std::begin(constants), std::end(constants),
                                           [&](const Constant& constant) { return constant.name == word; });
    if (known != std::end(constants)) return value = known->value, true;
    std::optional<std::uint32_t> found;
    if (word.starts_with("SECCOMP_RET_")) found = action_from_name(word.substr(12));
    if (word.starts_with("AUDIT_ARCH_")) found = architecture(word.substr(11));
    if (word.starts_with("__NR_")) found = syscall_number(word.substr(5), arch::x86_64);
    if (word.starts_with("SYS_")) found = syscall_number(word.substr(4), arch::x86_64);
    if (word == "__X32_SYSCALL_BIT") found = arch::x32_bit;
    if (word.starts_with('E')) found = errno_from_name(word);
    if (!found) return fail(quoted(word) + " is no name that is known here");
    return value = *found, true;
  }

  static std::optional<std::uint32_t> architecture(std::string_view word) {
    std::string small;
    for (const char c : word) small += lower(c);
    return arch_from_name(small);
  }

  // "(struct seccomp_data, args[0])", perhaps with " + 4" behind it.
  bool offset(std::uint32_t& value) {
    if (!expect('(')) return false;
    const std::size_t comma = text_.find(',', at_);
    const std::size_t close = text_.find(')', at_);
    if (comma == text_.npos || close == text_.npos || comma > close)
      return fail("offsetof(struct seccomp_data, FIELD) is expected");
    const std::string_view field = trim(text_.substr(comma + 1, close - comma - 1));
    at_ = close + 1;
    if (field == "nr") return value = 0, true;
    if (field == "arch") return value = 4, true;
    if (field == "instruction_pointer") return value = 8, true;
    if (field.size() == 7 && field.starts_with("args[") && field[5] >= '0' && field[5] <= '5' && field[6] == ']') {
      return value = 16 + 8 * static_cast<std::uint32_t>(field[5] - '0'), true;
    }
    return fail(quoted(field) + " is no field of struct seccomp_data");
  }

  std::string_view take_name() {
    skip_blanks();
    const std::size_t begin = at_;
    while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]) || text_[at_] == '_')) ++at_;
    return text_.substr(begin, at_ - begin);
  }
  bool take(char symbol) {
    skip_blanks();
    if (at_ == text_.size() || text_[at_] != symbol) return false;
    ++at_;
    return true;
  }
  bool expect(char symbol) {
    return take(symbol) || fail((at_ == text_.size() ? "the end" : quoted(text_.substr(at_, 1))) + " where '" + symbol +
                                "' is expected");
  }
  void skip_blanks() {
    while (at_ < text_.size()) {
      if (blanks.find(text_[at_]) != blanks.npos) {
        ++at_;
      } else if (text_.substr(at_).starts_with("/*")) {
        at_ = std::min(text_.find("*/", at_ + 2), text_.size() - 2) + 2;
      } else if (text_.substr(at_).starts_with("//")) {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else {
        return;
      }
    }
  }
  bool fail(std::string message) {
    if (message_.empty()) message_ = std::move(message);
    return false;
  }
  std::uint32_t line() const {
    return 1 + static_cast<std::uint32_t>(
                   std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at_), '\n'));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::string message_;
};

}  // namespace

bool looks_like_macros(std::string_view text) {
  return text.find("BPF_STMT(") != text.npos || text.find("BPF_JUMP(") != text.npos;
}

ListedInstructions read_macros(std::string_view text) { return Macros(text).read(); }

bool looks_like_string(std::string_view text) {
  text = trim(text);
  if (text.starts_with('b')) text.remove_prefix(1);
  if (text.starts_with('"') || text.starts_with('\'')) text.remove_prefix(1);
  // The bytes of a first instruction, of which most are 0.
  return text.starts_with("\\x") || (!text.empty() && text.substr(1).starts_with("\\x00"));
}

ListedInstructions read_string(std::string_view text) {
  text = trim(text);
  if (text.starts_with('b')) text.remove_prefix(1);
  const bool is_quoted = text.starts_with('"') || text.starts_with('\'');
  if (is_quoted && (text.size() < 2 || text.back() != text.front())) return std::string("the quote is not closed");
  if (is_quoted) text = text.substr(1, text.size() - 2);
  constexpr std::string_view letters = "abtnvfre0\\\"'#";
  constexpr std::string_view meant("\a\b\t\n\v\f\r\x1b\0\\\"'#", letters.size());
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      bytes += text[i];
      continue;
    }
    const std::string_view escape = text.substr(i + 1);
    const auto value =
        escape.starts_with('x') && escape.size() >= 3 ? parse_digits(escape.substr(1, 2), 16) : std::nullopt;
    const std::size_t letter = escape.empty() ? letters.npos : letters.find(escape[0]);
    if (!value && letter == letters.npos) {
      return "character " + std::to_string(i) + ": " + quoted(text.substr(i, 2)) + " is no escape";
    }
    bytes += value ? static_cast<char>(*value) : meant[letter];
    i += value ? std::size_t{3} : std::size_t{1};
  }
  if (bytes.size() % sizeof(Insn) != 0) {
    return std::to_string(bytes.size()) + " bytes are not a whole number of instructions (8 bytes each)";
  }
  std::vector<Insn> program(bytes.size() / sizeof(Insn));
  if (!program.empty()) std::memcpy(program.data(), bytes.data(), bytes.size());
  return program;
}

}  // namespace callgate::bpf
