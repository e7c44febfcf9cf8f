#include "tests/rooms/room_table.h"

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "tests/rooms/tree.h"

namespace callgate::test {
namespace {

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> found;
  for (std::string word; in >> word;) found.push_back(word);
  return found;
}

std::vector<std::vector<std::string>> columns(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::vector<std::string>> found;
  for (std::string column; std::getline(in, column, '|');) found.push_back(words(column));
  found.resize(3);
  return found;
}

bool add_line(RoomTable& table, const std::string& line) {
  const auto column = columns(line);
  if (column[0].size() != 2) return false;
  const std::string& name = column[0][1];
  if (column[0][0] == "room") return table.rooms.emplace(name, Room{column[1], column[2]}).second;
  if (column[0][0] == "library") return table.libraries.emplace(name, column[1]).second;
  return column[0][0] == "header" && table.headers.emplace(name, column[1]).second;
}

bool is_standard_header(const std::string& name) {
  return name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos || name == "stdint.h" ||
         name == "stddef.h" || name == "stdbool.h" || name == "string.h";
}

// Depth-first search: `path` is the way to the room that is visited.
class CircleSearch {
 public:
  explicit CircleSearch(const std::map<std::string, std::set<std::string>>& uses) : uses_(uses) {}

  std::vector<std::string> from(const std::string& room) {
    const auto again = std::find(path_.begin(), path_.end(), room);
    if (again != path_.end()) {
      std::vector<std::string> circle(again, path_.end());
      circle.push_back(room);
      return circle;
    }
    const auto used = uses_.find(room);
    if (used == uses_.end() || !visited_.insert(room).second) return {};
    path_.push_back(room);
    for (const std::string& next : used->second) {
      if (auto circle = from(next); !circle.empty()) return circle;
    }
    path_.pop_back();
    return {};
  }

 private:
  const std::map<std::string, std::set<std::string>>& uses_;
  std::vector<std::string> path_;
  std::set<std::string> visited_;
};

}  // namespace

RoomTable read_room_table() {
  RoomTable table;
  for_each_line("cmake/rooms.txt", [&](int, const std::string& line) {
    if (line.empty() || line[0] == '#') return;
    if (!add_line(table, line)) throw std::runtime_error("cmake/rooms.txt: " + line);
  });
  return table;
}

std::set<std::string> reachable(const RoomTable& table, const std::string& room) {
  std::set<std::string> found;
  std::vector<std::string> pending = {room};
  while (!pending.empty()) {
    const std::string next = pending.back();
    pending.pop_back();
    if (!found.insert(next).second) continue;
    const auto line = table.rooms.find(next);
    if (line != table.rooms.end()) pending.insert(pending.end(), line->second.rooms.begin(), line->second.rooms.end());
  }
  return found;
}

std::string library_of(const RoomTable& table, const std::string& header) {
  for (const auto& [library, headers] : table.libraries) {
    for (const std::string& pattern : headers) {
      if (pattern.back() == '/' ? header.starts_with(pattern) : header == pattern) return library;
    }
  }
  return is_standard_header(header) ? "" : "?";
}

std::vector<std::string> find_circle(const std::map<std::string, std::set<std::string>>& uses) {
  CircleSearch search(uses);
  for (const auto& [room, used] : uses) {
    if (auto circle = search.from(room); !circle.empty()) return circle;
  }
  return {};
}

}  // namespace callgate::test
