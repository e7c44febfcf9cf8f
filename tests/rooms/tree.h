// The sources of the tree and what they include.
#pragma once

#include <filesystem>
#include <fstream>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace callgate::test {

std::filesystem::path tree_root();

struct Include {
  std::filesystem::path file;  // relative to the root
  int line;
  bool quoted;
  std::string name;

  std::string folder() const { return file.parent_path().string(); }
};

std::ostream& operator<<(std::ostream& out, const Include& include);

// Every C++ source below the root, relative to it; build trees and hidden folders are left out.
std::vector<std::filesystem::path> sources();

// The argument of `# directive` on a line, without the white space before it; empty if the line is something else.
std::optional<std::string> argument_of(std::string_view directive, const std::string& line);

std::vector<Include> includes_of(const std::filesystem::path& file);
std::vector<Include> all_includes();

// The file that a quoted include means, relative to the root: the root and include/ are searched, as the compiler does.
// Empty if there is none.
std::optional<std::filesystem::path> included_file(const std::string& name);

// Calls visit(line number, text) for each line of a file.
template <class Visit>
void for_each_line(const std::filesystem::path& file, Visit visit) {
  std::ifstream in(tree_root() / file);
  std::string text;
  for (int line = 1; std::getline(in, text); ++line) visit(line, text);
}

}  // namespace callgate::test
