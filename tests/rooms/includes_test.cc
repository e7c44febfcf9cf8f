// The design's dependencies, as cmake/rooms.txt lists them: the includes of every source file in the tree keep to them,
// and the table has no line or word that the sources do not need.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/rooms/room_table.h"
#include "tests/rooms/tree.h"

namespace {

using namespace callgate::test;

const RoomTable& table() {
  static const RoomTable read = read_room_table();
  return read;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Made by the build (cmake/mutants.cmake).
bool is_generated(const std::string& name) { return name == "mutants.inc"; }

std::string room_of(const std::filesystem::path& file) { return file.parent_path().string(); }

// The rooms that have the functions of a public header; empty for every other file.
std::vector<std::string> rooms_behind(const std::string& header) {
  const auto line = table().headers.find(header);
  return line == table().headers.end() ? std::vector<std::string>() : line->second;
}

// For each room: the other rooms whose files it includes.
std::map<std::string, std::set<std::string>> real_uses() {
  std::map<std::string, std::set<std::string>> uses;
  for (const Include& include : all_includes()) {
    const auto file = include.quoted ? included_file(include.name) : std::nullopt;
    if (file && room_of(*file) != include.folder()) uses[include.folder()].insert(room_of(*file));
  }
  return uses;
}

std::set<std::string> folders_with_sources() {
  std::set<std::string> folders;
  for (const auto& file : sources()) folders.insert(room_of(file));
  return folders;
}

class RoomIncludes : public testing::TestWithParam<std::string> {
 protected:
  const Room& line() const { return table().rooms.at(GetParam()); }

  std::vector<Include> includes() const {
    std::vector<Include> found;
    for (const auto& file : sources()) {
      if (room_of(file) != GetParam()) continue;
      for (const Include& include : includes_of(file)) found.push_back(include);
    }
    return found;
  }
};

TEST_P(RoomIncludes, RoomsAboveOnly) {
  const std::set<std::string> allowed = reachable(table(), GetParam());
  for (const Include& include : includes()) {
    if (!include.quoted || is_generated(include.name)) continue;
    const auto file = included_file(include.name);
    if (!file) {
      ADD_FAILURE() << include << " is not named from the root of the tree";
      continue;
    }
    EXPECT_TRUE(allowed.contains(room_of(*file))) << include << ": " << GetParam() << " may not use " << room_of(*file);
  }
}

TEST_P(RoomIncludes, PublicHeadersWithTheirFunctions) {
  if (GetParam() == "include/callgate") return;
  const std::set<std::string> allowed = reachable(table(), GetParam());
  for (const Include& include : includes()) {
    const std::vector<std::string> behind = rooms_behind(include.name);
    if (!include.quoted || behind.empty()) continue;
    EXPECT_TRUE(
        std::any_of(behind.begin(), behind.end(), [&](const std::string& room) { return allowed.contains(room); }))
        << include << ": " << GetParam() << " may use no room that has the functions";
  }
}

TEST_P(RoomIncludes, LibrariesOfItsLineOnly) {
  for (const Include& include : includes()) {
    if (include.quoted || include.name.starts_with("callgate/")) continue;
    const std::string library = library_of(table(), include.name);
    EXPECT_NE(library, "?") << include << " is of no library in the table";
    EXPECT_TRUE(library.empty() || library == "?" || contains(line().libraries, library))
        << include << ": " << GetParam() << " may not use " << library;
  }
}

TEST_P(RoomIncludes, ItsLineHasNothingUnneeded) {
  std::set<std::string> rooms;
  std::set<std::string> libraries;
  for (const Include& include : includes()) {
    if (const auto file = included_file(include.name); include.quoted && file) rooms.insert(room_of(*file));
    for (const std::string& room : rooms_behind(include.name)) rooms.insert(room);
    if (include.name.starts_with("callgate/")) rooms.insert("include/callgate");
    if (!include.quoted) libraries.insert(library_of(table(), include.name));
  }
  for (const std::string& room : line().rooms)
    EXPECT_TRUE(rooms.contains(room)) << GetParam() << " does not use " << room;
  for (const std::string& library : line().libraries) {
    EXPECT_TRUE(libraries.contains(library)) << GetParam() << " does not use " << library;
  }
}

TEST_P(RoomIncludes, ItsLineNamesRoomsAndLibrariesOfTheTable) {
  for (const std::string& room : line().rooms) EXPECT_TRUE(table().rooms.contains(room)) << room;
  for (const std::string& library : line().libraries) EXPECT_TRUE(table().libraries.contains(library)) << library;
}

std::vector<std::string> room_names() {
  std::vector<std::string> names;
  for (const auto& [name, room] : table().rooms) names.push_back(name);
  return names;
}

std::string test_name(const testing::TestParamInfo<std::string>& param) {
  std::string name = param.param == "include/callgate" ? "public" : param.param;
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, RoomIncludes, testing::ValuesIn(room_names()), test_name);

TEST(Includes, TheScanFindsWhatIsThere) {
  const std::vector<Include> found = includes_of("verifier/verify.cc");
  EXPECT_THAT(found, testing::Contains(testing::Field(&Include::name, "bpf/opcode.h")));
  EXPECT_THAT(found, testing::Contains(testing::Field(&Include::quoted, false)));
  EXPECT_GT(sources().size(), 300u);
}

TEST(Includes, EveryFolderWithSourcesIsARoom) {
  std::set<std::string> rooms;
  for (const auto& [name, room] : table().rooms) rooms.insert(name);
  EXPECT_EQ(folders_with_sources(), rooms);
}

TEST(Includes, ACircleIsFound) {
  const std::vector<std::string> circle = {"b", "c", "b"};
  EXPECT_EQ(find_circle({{"a", {"b", "d"}}, {"b", {"c"}}, {"c", {"b"}}, {"d", {}}}), circle);
  EXPECT_THAT(find_circle({{"a", {"b", "c"}}, {"b", {"c"}}, {"c", {}}}), testing::IsEmpty());
}

TEST(Includes, TheTableHasNoCircle) {
  std::map<std::string, std::set<std::string>> uses;
  for (const auto& [name, room] : table().rooms) uses[name] = {room.rooms.begin(), room.rooms.end()};
  EXPECT_THAT(find_circle(uses), testing::IsEmpty());
}

TEST(Includes, TheSourcesHaveNoCircle) { EXPECT_THAT(find_circle(real_uses()), testing::IsEmpty()); }

// The table could be changed to allow it: these are the walls that have to stay.
TEST(Includes, OnlyBackendsKnowTheAssemblers) {
  for (const auto& [name, room] : table().rooms) {
    for (const char* library : {"asmjit", "xbyak"}) {
      EXPECT_TRUE(name == "jit/backend" || !contains(room.libraries, library)) << name << " knows " << library;
    }
  }
}

TEST(Includes, OnlyProfilesCommandAndBenchmarksKnowJsonAndLibseccomp) {
  for (const auto& [name, room] : table().rooms) {
    const std::string folder = name.starts_with("tests/") ? name.substr(6) : name;
    const bool may = folder == "profiles" || folder == "cli" || folder == "bench" || folder.starts_with("bench/");
    for (const char* library : {"json", "seccomp"}) {
      EXPECT_TRUE(may || !contains(room.libraries, library)) << name << " knows " << library;
    }
  }
}

TEST(Includes, PublicHeadersKnowTheStandardLibraryOnly) {
  const Room& room = table().rooms.at("include/callgate");
  EXPECT_THAT(room.rooms, testing::IsEmpty());
  EXPECT_THAT(room.libraries, testing::IsEmpty());
}

TEST(Includes, PublicMacrosCarryThePrefix) {
  int count = 0;
  for (const auto& file : sources()) {
    if (room_of(file) != "include/callgate") continue;
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
