#include "bpf/lexer.h"

#include <algorithm>

#include "bpf/text.h"

namespace callgate::bpf {
namespace {

constexpr bool continues_word(char c) noexcept { return is_letter(c) || is_digit(c) || c == '_' || c == '.'; }

constexpr bool begins_number(std::string_view text) noexcept {
  if (is_digit(text[0])) return true;
  return (text[0] == '-' || text[0] == '+') && text.size() > 1 && is_digit(text[1]);
}

std::size_t word_length(std::string_view text) noexcept {
  const auto* end = std::find_if_not(text.begin() + 1, text.end(), continues_word);
  return static_cast<std::size_t>(end - text.begin());
}

}  // namespace

Token Lexer::next() noexcept {
  if (!skip_blanks()) return take(TokenKind::unterminated_comment, 2);
  if (rest_.empty()) return {TokenKind::end_of_text, {}, line_};
  const char c = rest_.front();
  if (c == '\n') {
    const Token token = take(TokenKind::end_of_line, 1);
    ++line_;
    at_line_start_ = true;
    return token;
  }
  at_line_start_ = false;
  if (begins_number(rest_)) return take(TokenKind::number, word_length(rest_));
  if (continues_word(c)) return take(TokenKind::word, word_length(rest_));
  constexpr std::string_view symbols = ":,#%[]()+*&";
  return take(symbols.find(c) != symbols.npos ? TokenKind::symbol : TokenKind::unknown_character, 1);
}

// False if a comment has no end; rest_ then begins with it.
bool Lexer::skip_blanks() noexcept {
  while (!rest_.empty()) {
    const char c = rest_.front();
    if (c == ' ' || c == '\t' || c == '\r') {
      rest_.remove_prefix(1);
    } else if (c == ';' || rest_.starts_with("//") || (c == '#' && at_line_start_)) {
      skip_line();
    } else if (rest_.starts_with("/*")) {
      const std::size_t end = rest_.find("*/", 2);
      if (end == rest_.npos) return false;
      const std::string_view comment = rest_.substr(0, end + 2);
      line_ += static_cast<std::uint32_t>(std::count(comment.begin(), comment.end(), '\n'));
      rest_.remove_prefix(comment.size());
    } else {
      break;
    }
  }
  return true;
}

void Lexer::skip_line() noexcept { rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size())); }

Token Lexer::take(TokenKind kind, std::size_t length) noexcept {
  const Token token{kind, rest_.substr(0, length), line_};
  rest_.remove_prefix(length);
  return token;
}

}  // namespace callgate::bpf
