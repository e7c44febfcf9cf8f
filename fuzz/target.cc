#include "fuzz/target.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace callgate::fuzz {

void fail(const std::string& message) {
  std::fprintf(stderr, "callgate: %s\n", message.c_str());
  std::abort();
}

std::vector<Insn> insns_of(std::span<const std::uint8_t> bytes) {
  std::vector<Insn> program(bytes.size() / sizeof(Insn));
  if (!program.empty()) std::memcpy(program.data(), bytes.data(), program.size() * sizeof(Insn));
  return program;
}

std::size_t store(std::string_view bytes, std::uint8_t* data, std::size_t max_size) {
  const std::size_t size = std::min(bytes.size(), max_size);
  if (size != 0) std::memcpy(data, bytes.data(), size);
  return size;
}

std::size_t store(std::span<const Insn> program, std::uint8_t* data, std::size_t max_size) {
  const std::size_t whole = max_size / sizeof(Insn);
  const auto kept = program.first(std::min(program.size(), whole));
  return store({reinterpret_cast<const char*>(kept.data()), kept.size_bytes()}, data, max_size);
}

}  // namespace callgate::fuzz
