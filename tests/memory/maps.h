// What /proc/self says about this process: its mappings and open files.
#pragma once

#include <dirent.h>

#include <algorithm>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace callgate::test {

struct Mapping {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  std::string permissions;  // "r-xs"
  std::string name;

  bool is_callgates() const { return name.starts_with("/memfd:callgate"); }
};

inline std::vector<Mapping> mappings() {
  std::vector<Mapping> all;
  std::ifstream file("/proc/self/maps");
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    Mapping mapping;
    std::string offset, device, inode;
    char dash = 0;
    fields >> std::hex >> mapping.begin >> dash >> mapping.end >> mapping.permissions >> offset >> device >> inode;
    fields >> mapping.name;
    all.push_back(mapping);
  }
  return all;
}

inline std::uintptr_t number(const void* address) { return reinterpret_cast<std::uintptr_t>(address); }

// The mapping that holds `address`; all empty if there is none.
inline Mapping mapping_of(std::uintptr_t address) {
  for (const Mapping& mapping : mappings()) {
    if (mapping.begin <= address && address < mapping.end) return mapping;
  }
  return {};
}

inline std::ptrdiff_t callgate_mappings() {
  const auto all = mappings();
  return std::count_if(all.begin(), all.end(), [](const Mapping& mapping) { return mapping.is_callgates(); });
}

// Of address space that is reserved only: leaked guard pages and reservations. (Neighbours merge, so it is bytes that
// tell.)
inline std::uintptr_t reserved_bytes() {
  std::uintptr_t bytes = 0;
  for (const Mapping& mapping : mappings()) bytes += mapping.permissions == "---p" ? mapping.end - mapping.begin : 0;
  return bytes;
}

// Descriptors that are open, without the one that this needs itself.
inline std::ptrdiff_t open_files() {
  std::ptrdiff_t count = -3;  // ".", ".." and the directory
  DIR* directory = opendir("/proc/self/fd");
  if (directory == nullptr) return -1;
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count;
}

}  // namespace callgate::test
