#include "bpf/assembler.h"

#include <cstddef>
#include <map>
#include <optional>
#include <utility>

#include "bpf/jump_layout.h"
#include "bpf/lexer.h"
#include "bpf/names.h"
#include "bpf/nearest.h"
#include "bpf/number.h"
#include "bpf/opcode.h"
#include "bpf/paths.h"
#include "bpf/spelling.h"
#include "bpf/syscalls.h"
#include "bpf/text.h"
#include "callgate/action.hpp"

namespace callgate::bpf {
namespace {

// Other spellings of mnemonics in the opcode table.
struct Alias {
  std::string_view name;
  std::string_view mnemonic;
  bool swaps_targets;
  bool takes_bare_constant;  // and nothing but a constant
};
constexpr Alias aliases[] = {
    {"ldi", "ld", false, true},   {"ldxi", "ldx", false, true}, {"jmp", "ja", false, false},
    {"jneq", "jeq", true, false}, {"jne", "jeq", true, false},  {"jlt", "jge", true, false},
    {"jle", "jgt", true, false},
};

constexpr Alias resolve_alias(std::string_view name) noexcept {
  for (const Alias& alias : aliases) {
    if (alias.name == name) return alias;
  }
  return {name, name, false, false};
}

constexpr const OpcodeInfo* find(std::string_view mnemonic, Form form) noexcept {
  return find_spelling([&](const OpcodeInfo& info) { return info.form == form && info.mnemonic == mnemonic; });
}

constexpr const OpcodeInfo* find(std::string_view mnemonic) noexcept {
  return find_spelling([&](const OpcodeInfo& info) { return info.mnemonic == mnemonic; });
}

constexpr const char* describe(Form form) noexcept {
  switch (form) {
    case Form::none: return "no operand";
    case Form::imm:
    case Form::branch_imm: return "a constant (#k)";
    case Form::x:
    case Form::branch_x: return "the register x";
    case Form::a: return "the register a";
    case Form::abs: return "a word of the input ([k])";
    case Form::scratch: return "a scratch slot (M[k])";
    case Form::len: return "the length (len)";
    case Form::jump: return "a target";
    case Form::ind: return "a word at X ([x+k])";
    case Form::msh: return "a header's length (4*([k]&0xf))";
  }
  return "this operand";
}

// Where a jump goes: a label if there is one, else the statement of that index.
struct Target {
  std::string_view label;
  std::uint64_t index = 0;
};

struct Jump {
  std::size_t statement;
  Target taken;
  Target not_taken;
  bool conditional;
};

// An instruction that compares with the number of a system call.
struct NamedCall {
  std::size_t statement;
  Token name;
};

struct Operand {
  Form form = Form::none;
  std::uint32_t k = 0;
};

// Recursive descent, one function per rule; each returns false after fail() has kept the first error.
class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text), token_(lexer_.next()) {}

  bool parse() {
    while (token_.kind != TokenKind::end_of_text) {
      if (token_.kind == TokenKind::end_of_line) {
        advance();
      } else if (!statement()) {
        return false;
      }
    }
    return check_last_label() && resolve_jumps() && resolve_calls();
  }

  const std::vector<Statement>& statements() const noexcept { return statements_; }
  TextError take_error() noexcept { return std::move(error_); }

 private:
  struct Label {
    std::uint64_t index;
    std::uint32_t line;
  };

  // label ':' | instruction
  bool statement() {
    if (token_.kind != TokenKind::word) return unexpected("an instruction or a label");
    const Token word = token_;
    advance();
    if (token_.is(':')) return define_label(word);
    line_ = word.line;
    if (word.text == ".insn" ? !raw_instruction() : !instruction(word)) return false;
    return token_.ends_statement() || unexpected("the end of the line");
  }

  bool define_label(const Token& name) {
    const auto [label, is_new] = labels_.try_emplace(name.text, Label{statements_.size(), name.line});
    if (!is_new) {
      return fail(name.line,
                  "label " + quoted(name.text) + " is already defined in line " + std::to_string(label->second.line));
    }
    last_label_ = name;
    advance();
    return true;
  }

  // '.insn' code ',' jt ',' jf ',' k
  bool raw_instruction() {
    std::uint32_t code = 0, jt = 0, jf = 0, k = 0;
    if (!number(code, 0xffff) || !expect(',') || !number(jt, 0xff) || !expect(',') || !number(jf, 0xff) ||
        !expect(',') || !number(k)) {
      return false;
    }
    const Insn insn{static_cast<std::uint16_t>(code), static_cast<std::uint8_t>(jt), static_cast<std::uint8_t>(jf), k};
    const OpcodeInfo* info = find_opcode(insn.code);
    const std::uint64_t next = statements_.size() + 1;
    if (info != nullptr && info->form == Form::jump) return add_jump(insn, {{}, next + k}, {}, false);
    if (info != nullptr && is_branch(info->form)) return add_jump(insn, {{}, next + jt}, {{}, next + jf}, true);
    return add(insn);
  }

  bool instruction(const Token& word) {
    const std::string name = lower(word.text);
    const Alias alias = resolve_alias(name);
    const OpcodeInfo* first = find(alias.mnemonic);
    if (first == nullptr) return fail(word.line, "unknown instruction " + quoted(word.text));
    if (first->form == Form::jump) return jump(*first);
    if (is_branch(first->form)) return branch(word, alias);
    Operand operand;
    if (alias.takes_bare_constant) {
      operand.form = Form::imm;
      if (token_.is('#') ? !constant(operand.k) : !number(operand.k)) return false;
    } else if (alias.mnemonic == "ret" && begins_action()) {
      operand.form = Form::imm;
      if (!constant_after(word, operand.k)) return false;
    } else if (first->form != Form::none) {
      if (token_.ends_statement()) return needs_operand(word);
      if (!this->operand(operand)) return false;
    }
    const OpcodeInfo* info = find(alias.mnemonic, operand.form);
    return info == nullptr ? wrong_operand(word, operand.form) : add(insn(*info, operand.k));
  }

  // target
  bool jump(const OpcodeInfo& info) {
    Target to;
    return target(to) && add_jump(insn(info, 0), to, {}, false);
  }

  // ('#' constant | 'x') ',' target [',' target]
  bool branch(const Token& word, const Alias& alias) {
    if (token_.ends_statement()) return needs_operand(word);
    Operand operand;
    call_name_.reset();
    may_name_call_ = true;
    const bool is_read = this->operand(operand);
    may_name_call_ = false;
    if (!is_read) return false;
    if (call_name_) calls_.push_back({statements_.size(), *call_name_});
    const Form form = operand.form == Form::imm ? Form::branch_imm
                      : operand.form == Form::x ? Form::branch_x
                                                : operand.form;
    const OpcodeInfo* info = find(alias.mnemonic, form);
    if (info == nullptr) return wrong_operand(word, form);
    Target taken;
    Target not_taken{{}, statements_.size() + 1};
    if (!expect(',') || !target(taken)) return false;
    if (token_.is(',')) {
      advance();
      if (!target(not_taken)) return false;
    }
    if (alias.swaps_targets) std::swap(taken, not_taken);
    return add_jump(insn(*info, operand.k), taken, not_taken, true);
  }

  bool target(Target& to) {
    if (token_.kind == TokenKind::word) {
      to.label = token_.text;
      advance();
      return true;
    }
    if (token_.kind != TokenKind::number) return unexpected("a label or an instruction's index");
    std::uint32_t index = 0;
    if (!number(index)) return false;
    to.index = index;
    return true;
  }

  // '#' constant | '#'? len | [%] x | [%] a | 'M' '[' number ']' | '[' address ']' | header_length
  bool operand(Operand& out) {
    if (token_.is('#')) return immediate(out);
    if (token_.is('[')) return address(out);
    if (token_.kind == TokenKind::number && Lexer(lexer_).next().is('*')) return header_length(out);
    if (token_.is('%')) {
      advance();
      return reg(out) || unexpected("x or a");
    }
    if (length(out) || reg(out)) return true;
    if (!is_word("m")) return unexpected("an operand");
    advance();
    out.form = Form::scratch;
    return expect('[') && number(out.k) && expect(']');
  }

  bool length(Operand& out) {
    if (!is_word("len") && !is_word("pktlen")) return false;
    out.form = Form::len;
    advance();
    return true;
  }

  bool reg(Operand& out) {
    if (!is_word("x") && !is_word("a")) return false;
    out.form = is_word("x") ? Form::x : Form::a;
    advance();
    return true;
  }

  bool immediate(Operand& out) {
    out.form = Form::imm;
    const Token hash = token_;
    advance();
    return length(out) || constant_after(hash, out.k);
  }

  bool constant(std::uint32_t& k) {
    const Token hash = token_;
    advance();
    return constant_after(hash, k);
  }

  // number | action | action '(' number-or-errno ')' | UNKNOWN '(' number ')' | [AUDIT_]ARCH_name | [arch.]call
  bool constant_after(const Token& hash, std::uint32_t& k) {
    if (token_.kind == TokenKind::number) return signed_number(k);
    if (token_.kind != TokenKind::word) return fail(hash.line, "a constant is expected after '#'");
    const Token word = token_;
    advance();
    if (const auto action = action_of_word(word.text)) return action_data(*action, k);
    if (word.text == unknown_action) return unknown_result(k);
    for (const std::string_view prefix : {"ARCH_", "AUDIT_ARCH_"}) {
      if (!word.text.starts_with(prefix)) continue;
      if (const auto arch = arch_from_name(lower(word.text.substr(prefix.size())))) {
        k = *arch;
        return true;
      }
    }
    if (may_name_call_ && is_syscall_name(word.text.substr(word.text.find('.') + 1))) {
      call_name_ = word;
      return true;
    }
    const std::string_view meant = nearest_action(word.text);
    return fail(word.line, "unknown constant " + quoted(word.text) +
                               (meant.empty() ? "" : "; did you mean " + std::string(meant) + "?"));
  }

  static constexpr std::string_view unknown_action = "UNKNOWN";

  static std::string_view without_prefix(std::string_view word) {
    constexpr std::string_view prefix = "SECCOMP_RET_";
    return word.starts_with(prefix) ? word.substr(prefix.size()) : word;
  }
  // As result_name() has it, or as <linux/seccomp.h> has it, with the old name of KILL_THREAD.
  static std::optional<std::uint32_t> action_of_word(std::string_view word) {
    const std::string_view name = without_prefix(word);
    return name == "KILL" ? std::optional(action::kill_thread) : action_from_name(name);
  }
  static std::string_view nearest_action(std::string_view word) {
    constexpr std::string_view names[] = {"KILL_PROCESS", "KILL_THREAD", "KILL",  "TRAP", "ERRNO",
                                          "USER_NOTIF",   "TRACE",       "ALLOW", "LOG"};
    return nearest(without_prefix(word), names);
  }
  // Or what is meant as one, so that the error can name it.
  bool begins_action() const {
    if (token_.kind != TokenKind::word) return false;
    if (token_.text.size() == 1 || is_word("len") || is_word("pktlen")) return false;  // other operands
    return action_of_word(token_.text) || token_.text == unknown_action || !nearest_action(token_.text).empty();
  }

  bool action_data(std::uint32_t action, std::uint32_t& k) {
    k = action;
    if (!token_.is('(')) return true;
    advance();
    std::uint32_t data = 0;
    if (action == action::errno_ && token_.kind == TokenKind::word) {
      const auto error = errno_from_name(token_.text);
      if (!error) return fail(token_.line, "unknown error " + quoted(token_.text));
      data = *error;
      advance();
    } else if (!number(data, 0xffff)) {
      return false;
    }
    k |= data;
    return expect(')');
  }

  // A result whose action no kernel knows; what has a name must be called by it.
  bool unknown_result(std::uint32_t& k) {
    if (!expect('(')) return false;
    const Token first = token_;
    if (!number(k)) return false;
    if (action_name(k) != unknown_action) {
      return fail(first.line, quoted(first.text) + " is not unknown: it is " + result_name(k));
    }
    return expect(')');
  }

  // '[' [%] 'x' '+' number ']' | '[' field ']'
  bool address(Operand& out) {
    advance();
    const bool has_percent = token_.is('%');
    if (has_percent) advance();
    if (!has_percent && !(is_word("x") && begins_sum(Lexer(lexer_).next()))) {
      out.form = Form::abs;
      return field(out.k);
    }
    out.form = Form::ind;
    if (!is_word("x")) return unexpected("x");
    advance();
    if (!begins_sum(token_)) return unexpected("'+'");
    if (token_.is('+')) advance();
    return number(out.k) && expect(']');
  }

  // A number may carry its sign: "+4" is one token.
  static bool begins_sum(const Token& token) noexcept {
    return token.is('+') || (token.kind == TokenKind::number && token.text[0] == '+');
  }

  // '4' '*' '(' '[' number ']' '&' '0xf' ')'
  bool header_length(Operand& out) {
    out.form = Form::msh;
    std::uint32_t factor = 0, mask = 0;
    const Token first = token_;
    if (!number(factor) || !expect('*') || !expect('(') || !expect('[') || !number(out.k) || !expect(']') ||
        !expect('&') || !number(mask) || !expect(')')) {
      return false;
    }
    return (factor == 4 && mask == 0xf) || fail(first.line, "there is no other such load than 4*([k]&0xf)");
  }

  // number or name, where a name may itself hold an index: args[0].lo
  bool field(std::uint32_t& offset) {
    if (token_.kind == TokenKind::number) return number(offset) && expect(']');
    const Token first = token_;
    std::string name;
    for (int depth = 0; !token_.ends_statement() && (depth > 0 || !token_.is(']')); advance()) {
      if (token_.is('[')) ++depth;
      if (token_.is(']')) --depth;
      if (name.size() < max_field_name) name += token_.text;
    }
    const auto found = field_from_name(name);
    if (!found) return fail(first.line, "unknown field " + quoted(name));
    offset = *found;
    return expect(']');
  }
  static constexpr std::size_t max_field_name = 40;

  bool number(std::uint32_t& value, std::uint32_t most = 0xffffffff) {
    if (token_.kind != TokenKind::number) return unexpected("a number");
    const std::string_view text = token_.text;
    if (text[0] == '-') return fail(token_.line, quoted(text) + " is negative");
    const auto magnitude = parse_magnitude(text[0] == '+' ? text.substr(1) : text);
    if (!magnitude) return not_a_number();
    if (*magnitude > 0xffffffff) return too_wide();
    if (*magnitude > most) return fail(token_.line, quoted(text) + " is more than " + std::to_string(most));
    value = static_cast<std::uint32_t>(*magnitude);
    advance();
    return true;
  }

  bool signed_number(std::uint32_t& value) {
    if (token_.text[0] != '-') return number(value);
    const auto magnitude = parse_magnitude(token_.text.substr(1));
    if (!magnitude) return not_a_number();
    if (*magnitude > 0x80000000) return too_wide();
    value = 0 - static_cast<std::uint32_t>(*magnitude);
    advance();
    return true;
  }

  bool expect(char symbol) {
    if (!token_.is(symbol)) return unexpected(quoted({&symbol, 1}).c_str());
    advance();
    return true;
  }

  bool is_word(std::string_view name) const {
    return token_.kind == TokenKind::word && token_.text.size() == name.size() && lower(token_.text) == name;
  }

  static Insn insn(const OpcodeInfo& info, std::uint32_t k) noexcept {
    return {static_cast<std::uint16_t>(info.opcode), 0, 0, k};
  }

  bool add(const Insn& insn) {
    statements_.push_back({insn, line_});
    return true;
  }

  bool add_jump(const Insn& insn, const Target& taken, const Target& not_taken, bool conditional) {
    jumps_.push_back({statements_.size(), taken, not_taken, conditional});
    return add(insn);
  }

  bool check_last_label() {
    if (last_label_.text.empty() || labels_.at(last_label_.text).index < statements_.size()) return true;
    return fail(last_label_.line, "no instruction follows label " + quoted(last_label_.text));
  }

  bool resolve_jumps() {
    for (const Jump& jump : jumps_) {
      Statement& statement = statements_[jump.statement];
      if (!resolve(jump, jump.taken, statement.taken)) return false;
      if (jump.conditional && !resolve(jump, jump.not_taken, statement.not_taken)) return false;
    }
    return true;
  }

  // Numbers of system calls that are named: those of the architecture that leads there.
  bool resolve_calls() {
    if (calls_.empty()) return true;
    PathWalk walk;
    auto call = calls_.begin();
    for (std::size_t i = 0; i < statements_.size(); ++i) {
      Statement& statement = statements_[i];
      const PathFacts* const facts = walk.enter();
      if (call != calls_.end() && call->statement == i && !resolve_call((call++)->name, facts, statement.insn.k)) {
        return false;
      }
      const OpcodeInfo* const info = find_opcode(statement.insn.code);
      const bool is_conditional = info != nullptr && is_branch(info->form);
      const bool is_jump = is_conditional || (info != nullptr && info->form == Form::jump);
      walk.leave(statement.insn, is_jump ? std::optional(statement.taken) : std::nullopt,
                 is_conditional ? std::optional(statement.not_taken) : std::nullopt);
    }
    return true;
  }

  bool resolve_call(const Token& name, const PathFacts* facts, std::uint32_t& k) {
    if (facts != nullptr && facts->loaded() && *facts->loaded() != offsetof(SeccompData, nr)) {
      return fail(name.line, quoted(name.text) + " names a system call, but " +
                                 std::string(field_name(*facts->loaded())) + " is compared here");
    }
    const std::size_t dot = name.text.find('.');
    if (dot != name.text.npos) return number_on(name, name.text.substr(0, dot), name.text.substr(dot + 1), k);
    const auto arch = facts == nullptr ? arch::x86_64 : facts->arch_of_numbers();
    if (arch) return number_on(name, arch_name(*arch), name.text, k);
    return fail(name.line, "calls of several architectures get here: write x86_64." + std::string(name.text) +
                               " or i386." + std::string(name.text) + " for " + quoted(name.text));
  }

  bool number_on(const Token& word, std::string_view arch, std::string_view call, std::uint32_t& k) {
    const bool x32 = arch == "x32";
    const auto value = x32 ? std::optional(arch::x86_64) : arch_from_name(arch);
    if (!value) return fail(word.line, "unknown architecture in " + quoted(word.text));
    const auto number = syscall_number(call, *value, x32);
    if (!number) return fail(word.line, quoted(call) + " has no number that is known on " + std::string(arch));
    k = *number;
    return true;
  }

  bool resolve(const Jump& jump, const Target& to, std::uint64_t& index) {
    const std::uint32_t line = statements_[jump.statement].line;
    index = to.index;
    if (!to.label.empty()) {
      const auto label = labels_.find(to.label);
      if (label == labels_.end()) return fail(line, "unknown label " + quoted(to.label));
      index = label->second.index;
    }
    if (index > jump.statement) return true;
    const std::string name = to.label.empty() ? std::to_string(index) : quoted(to.label);
    return fail(line, "the jump to " + name + " goes back; jumps only go forward");
  }

  void advance() noexcept { token_ = lexer_.next(); }

  bool fail(std::uint32_t line, std::string message) {
    error_ = {line, std::move(message)};
    return false;
  }
  bool unexpected(const char* wanted) {
    switch (token_.kind) {
      case TokenKind::end_of_text:
      case TokenKind::end_of_line: return fail(token_.line, std::string(wanted) + " is missing at the end of the line");
      case TokenKind::unterminated_comment: return fail(token_.line, "the comment has no end");
      default: return fail(token_.line, quoted(token_.text) + " where " + wanted + " is expected");
    }
  }
  bool needs_operand(const Token& word) { return fail(word.line, quoted(word.text) + " needs an operand"); }
  bool wrong_operand(const Token& word, Form form) {
    return fail(word.line, quoted(word.text) + " does not take " + describe(form));
  }
  bool not_a_number() { return fail(token_.line, quoted(token_.text) + " is not a number"); }
  bool too_wide() { return fail(token_.line, quoted(token_.text) + " does not fit in 32 bits"); }

  Lexer lexer_;
  Token token_;
  std::uint32_t line_ = 1;  // of the instruction that is being read
  std::vector<Statement> statements_;
  std::vector<Jump> jumps_;
  std::vector<NamedCall> calls_;
  std::optional<Token> call_name_;  // what the constant that was just read names
  bool may_name_call_ = false;
  std::map<std::string_view, Label> labels_;
  Token last_label_{};
  TextError error_{};
};

}  // namespace

std::string to_string(const TextError& error) { return "line " + std::to_string(error.line) + ": " + error.message; }

Expected<std::vector<Insn>, TextError> assemble(std::string_view text, LongJumps long_jumps) {
  if (text.size() > max_text_size) {
    return TextError{1, "the text is longer than " + std::to_string(max_text_size) + " bytes"};
  }
  Parser parser(text);
  if (!parser.parse()) return parser.take_error();
  return lay_out(parser.statements(), long_jumps);
}

}  // namespace callgate::bpf
