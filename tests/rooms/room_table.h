// cmake/rooms.txt as the tests read it; cmake/rooms.cmake reads the same lines. The file says how a line is written.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

namespace callgate::test {

struct Room {
  std::vector<std::string> rooms;      // that it may use, besides those that these may use
  std::vector<std::string> libraries;  // that it may include
};

struct RoomTable {
  std::map<std::string, Room> rooms;                          // by folder, relative to the root
  std::map<std::string, std::vector<std::string>> libraries;  // by name: headers, those that end in / are folders
  std::map<std::string, std::vector<std::string>> headers;    // of a public header: the rooms that have its functions
};

// Throws std::runtime_error with the line that cannot be read, or that says something a second time.
RoomTable read_room_table();

// The room itself, and every room that it uses directly or by way of others.
std::set<std::string> reachable(const RoomTable& table, const std::string& room);

// The library that has a header; empty for the standard library, "?" for headers of no library in the table.
std::string library_of(const RoomTable& table, const std::string& header);

// The rooms along a circle of `uses` (room → rooms that it uses), the first one repeated at the end; empty if there is
// none.
std::vector<std::string> find_circle(const std::map<std::string, std::set<std::string>>& uses);

}  // namespace callgate::test
