// Assembler text as tokens.
#pragma once

#include <cstdint>
#include <string_view>

namespace callgate::bpf {

enum class TokenKind : std::uint8_t {
  end_of_text,
  end_of_line,
  word,                  // letters, digits, '_' and '.', not beginning with a digit
  number,                // begins with a digit, or with a sign and a digit; not yet known to be well formed
  symbol,                // one of : , # % [ ] ( ) + * &
  unknown_character,     // one byte that no token begins with
  unterminated_comment,  // begins where `/*` does
};

struct Token {
  TokenKind kind;
  std::string_view text;
  std::uint32_t line;  // counted from 1

  bool is(char symbol) const noexcept { return kind == TokenKind::symbol && text.front() == symbol; }
  bool ends_statement() const noexcept { return kind == TokenKind::end_of_line || kind == TokenKind::end_of_text; }
};

// Comments are white space: `;` and `//` to the end of the line, `/* */` (which may span lines, and does not end a
// statement), and `#` when nothing stands before it on its line, where no operand can be.
class Lexer {
 public:
  explicit Lexer(std::string_view text) noexcept : rest_(text) {}

  Token next() noexcept;

 private:
  bool skip_blanks() noexcept;
  void skip_line() noexcept;
  Token take(TokenKind kind, std::size_t length) noexcept;

  std::string_view rest_;
  std::uint32_t line_ = 1;
  bool at_line_start_ = true;
};

}  // namespace callgate::bpf
