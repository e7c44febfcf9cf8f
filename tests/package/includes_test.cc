// The dependencies of the design: a room includes only the rooms above it, only jit/backend/ knows the assemblers, and
// the public headers know nothing but the standard library.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;

const fs::path root = fs::path(CALLGATE_TEST_DATA).parent_path();

struct Room {
  std::string folder;
  std::vector<std::string> may_use;  // folders that its quoted includes may begin with, besides its own
};

const std::vector<Room> rooms = {
    {"include/callgate", {"callgate"}},
    {"bpf", {"callgate"}},
    {"verifier", {"callgate", "bpf"}},
    {"interp", {"callgate", "bpf", "verifier"}},
    {"ir", {"callgate", "bpf", "verifier"}},
    {"compose", {"callgate", "bpf", "verifier", "ir"}},
    {"jit", {"callgate", "bpf", "verifier", "ir", "compose"}},
    {"dispatch", {"callgate", "bpf", "verifier", "interp", "ir", "compose", "jit"}},
};

// Libraries that the design lists. A library room uses none of them; where each may be used is with its test below.
const std::vector<std::string> third_party = {"asmjit", "xbyak",     "fmt",   "nlohmann", "CLI",       "Zydis",
                                              "Zycore", "seccomp.h", "gtest", "gmock",    "benchmark", "z3"};

struct Include {
  fs::path file;  // relative to the root
  int line;
  bool quoted;
  std::string name;

  std::string top() const { return name.substr(0, name.find('/')); }
};

std::ostream& operator<<(std::ostream& out, const Include& include) {
  return out << include.file.string() << ":" << include.line << ": " << include.name;
}

bool is_source(const fs::path& path) {
  const std::vector<std::string> extensions = {".cc", ".h", ".hpp", ".inc"};
  return std::find(extensions.begin(), extensions.end(), path.extension()) != extensions.end();
}

std::vector<fs::path> sources(const std::string& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
    if (entry.is_regular_file() && is_source(entry.path())) found.push_back(fs::relative(entry.path(), root));
  }
  return found;
}

// Calls visit(line number, text) for each line of a file.
template <class Visit>
void for_each_line(const fs::path& file, Visit visit) {
  std::ifstream in(root / file);
  std::string text;
  for (int line = 1; std::getline(in, text); ++line) visit(line, text);
}

// What follows `# directive` on a line, without the white space between; empty if the line is something else.
std::optional<std::string> argument_of(std::string_view directive, const std::string& line) {
  const auto skip_space = [&](std::size_t at) { return std::min(line.find_first_not_of(" \t", at), line.size()); };
  std::size_t at = skip_space(0);
  if (at == line.size() || line[at] != '#') return std::nullopt;
  at = skip_space(at + 1);
  if (line.compare(at, directive.size(), directive) != 0) return std::nullopt;
  return line.substr(skip_space(at + directive.size()));
}

std::vector<Include> includes(const std::string& folder) {
  std::vector<Include> found;
  for (const fs::path& file : sources(folder)) {
    for_each_line(file, [&](int line, const std::string& text) {
      const auto argument = argument_of("include", text);
      if (!argument || argument->empty()) return;
      const std::string name = argument->substr(1, argument->find_first_of("\">", 1) - 1);
      found.push_back({file, line, argument->front() == '"', name});
    });
  }
  return found;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_below(const fs::path& file, std::string_view folder) { return file.string().starts_with(folder); }

class RoomIncludes : public testing::TestWithParam<Room> {};

TEST_P(RoomIncludes, RoomsAboveOnly) {
  for (const Include& include : includes(GetParam().folder)) {
    if (!include.quoted) continue;
    EXPECT_TRUE(include.top() == GetParam().folder || contains(GetParam().may_use, include.top()))
        << include << " is not among the rooms that " << GetParam().folder << " may use";
    EXPECT_TRUE(fs::exists(root / include.name) || fs::exists(root / "include" / include.name))
        << include << " is not named from the root of the tree";
  }
}

TEST_P(RoomIncludes, NoThirdParty) {
  for (const Include& include : includes(GetParam().folder)) {
    if (is_below(include.file, "jit/backend/") && (include.top() == "asmjit" || include.top() == "xbyak")) continue;
    EXPECT_FALSE(contains(third_party, include.top())) << include << " is not for a library room";
  }
}

INSTANTIATE_TEST_SUITE_P(All, RoomIncludes, testing::ValuesIn(rooms), [](const auto& param) {
  return param.param.folder == "include/callgate" ? std::string("public") : param.param.folder;
});

TEST(Includes, TheScanFindsWhatIsThere) {
  const std::vector<Include> found = includes("verifier");
  EXPECT_THAT(found, testing::Contains(testing::Field(&Include::name, "bpf/opcode.h")));
  EXPECT_THAT(found, testing::Contains(testing::Field(&Include::quoted, false)));
}

TEST(Includes, OnlyBackendsKnowTheAssemblers) {
  for (const char* folder : {"bpf", "verifier", "interp", "ir", "compose", "jit", "dispatch", "profiles", "oracles", "fuzz", "cli", "bench"}) {
    for (const Include& include : includes(folder)) {
      if (is_below(include.file, "jit/backend/")) continue;
      EXPECT_FALSE(include.top() == "asmjit" || include.top() == "xbyak") << include << " belongs in jit/backend/";
    }
  }
}

bool is_standard_header(const std::string& name) {
  const std::vector<std::string> of_c = {"stdint.h", "stddef.h", "stdbool.h"};
  return name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos || contains(of_c, name);
}

TEST(Includes, PublicHeadersKnowTheStandardLibraryOnly) {
  for (const Include& include : includes("include/callgate")) {
    EXPECT_TRUE(include.quoted || is_standard_header(include.name)) << include;
  }
}

TEST(Includes, PublicMacrosCarryThePrefix) {
  int count = 0;
  for (const fs::path& file : sources("include/callgate")) {
    for_each_line(file, [&](int line, const std::string& text) {
      const auto macro = argument_of("define", text);
      if (!macro) return;
      EXPECT_TRUE(macro->starts_with("CALLGATE_")) << file.string() << ":" << line << ": " << *macro;
      ++count;
    });
  }
  EXPECT_GT(count, 0);
}

}  // namespace
