#include "tests/rooms/tree.h"

#include <algorithm>

namespace callgate::test {
namespace {

namespace fs = std::filesystem;

bool is_source(const fs::path& path) {
  const std::vector<std::string> extensions = {".cc", ".h", ".hpp", ".inc"};
  return std::find(extensions.begin(), extensions.end(), path.extension()) != extensions.end();
}

bool is_skipped(const fs::path& folder) {
  const std::string name = folder.filename().string();
  return name.starts_with(".") || name.starts_with("build");
}

}  // namespace

fs::path tree_root() { return fs::path(CALLGATE_TEST_DATA).parent_path(); }

std::ostream& operator<<(std::ostream& out, const Include& include) {
  return out << include.file.string() << ":" << include.line << ": " << include.name;
}

std::vector<fs::path> sources() {
  std::vector<fs::path> found;
  const fs::recursive_directory_iterator end;
  for (fs::recursive_directory_iterator entry(tree_root()); entry != end; ++entry) {
    if (entry->is_directory() && is_skipped(entry->path())) entry.disable_recursion_pending();
    if (entry->is_regular_file() && is_source(entry->path())) found.push_back(fs::relative(entry->path(), tree_root()));
  }
  return found;
}

std::optional<std::string> argument_of(std::string_view directive, const std::string& line) {
  const auto skip_space = [&](std::size_t at) { return std::min(line.find_first_not_of(" \t", at), line.size()); };
  std::size_t at = skip_space(0);
  if (at == line.size() || line[at] != '#') return std::nullopt;
  at = skip_space(at + 1);
  if (line.compare(at, directive.size(), directive) != 0) return std::nullopt;
  return line.substr(skip_space(at + directive.size()));
}

std::vector<Include> includes_of(const fs::path& file) {
  std::vector<Include> found;
  for_each_line(file, [&](int line, const std::string& text) {
    const auto argument = argument_of("include", text);
    if (!argument || argument->empty()) return;
    const std::string name = argument->substr(1, argument->find_first_of("\">", 1) - 1);
    found.push_back({file, line, argument->front() == '"', name});
  });
  return found;
}

std::vector<Include> all_includes() {
  std::vector<Include> found;
  for (const fs::path& file : sources()) {
    for (Include& include : includes_of(file)) found.push_back(std::move(include));
  }
  return found;
}

std::optional<fs::path> included_file(const std::string& name) {
  for (const char* folder : {"", "include"}) {
    const fs::path file = (fs::path(folder) / name).lexically_normal();
    if (fs::exists(tree_root() / file)) return file;
  }
  return std::nullopt;
}

}  // namespace callgate::test
