// The filters of a golden file: text programs, oldest first, with a line that begins with "; ====" between them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/filters.h"
#include "tests/support/golden.h"

namespace callgate::test {

inline std::vector<Program> golden_filters(const std::string& name) {
  constexpr std::string_view separator = "\n; ====";
  const std::string text = read_file(golden_path(name));
  std::vector<Program> filters;
  for (std::size_t begin = 0; begin != std::string::npos;) {
    const std::size_t end = text.find(separator, begin);
    filters.push_back(program(std::string_view(text).substr(begin, end - begin)));
    begin = end == std::string::npos ? end : end + 1;
  }
  return filters;
}

}  // namespace callgate::test
