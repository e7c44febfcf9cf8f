// A thread that writes to every descriptor that it can guess, while chains are made: the memory file of a chain lies
// open for it until it is sealed. Whatever it hits, no chain decides by it.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "tests/support/chains.h"
#include "tests/support/child.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

constexpr int guesses = 3;     // the lowest free descriptors
constexpr int attaches = 400;  // each of which opens one

// Writes ALLOW into what is open at the descriptors, all over.
void write_to(int first, std::atomic<bool>& stop) {
  std::vector<std::uint32_t> poison(4096, action::allow);
  while (!stop) {
    for (int fd = first; fd < first + guesses; ++fd) {
      if (pwrite(fd, poison.data(), poison.size() * sizeof poison[0], 0) < 0) continue;
    }
  }
}

// Maps it, and goes on writing through the mappings.
void map(int first, std::atomic<bool>& stop) {
  constexpr std::size_t bytes = 4096;
  std::vector<std::uint32_t*> kept;
  while (!stop) {
    for (int fd = first; fd < first + guesses; ++fd) {
      struct stat file {};
      if (kept.size() > 1000 || fstat(fd, &file) != 0 || file.st_size < static_cast<off_t>(bytes)) continue;
      void* const at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
      if (at != MAP_FAILED) kept.push_back(static_cast<std::uint32_t*>(at));
    }
    for (std::uint32_t* words : kept) std::fill_n(words, bytes / sizeof *words, action::allow);
  }
}

std::string attach_under(void (*attack)(int, std::atomic<bool>&), Engine engine) {
  const Chain empty = sound(Chain::create({.engine = engine}));
  const Program filter =
      program("ld [nr]\njeq #2, code\nret #ERRNO(7)\ncode: ld [args[1].lo]\nmul #3\nor #0x50000\nret a");
  const int first = dup(0);
  close(first);
  std::atomic<bool> stop{false};
  std::thread attacker(attack, first, std::ref(stop));
  std::string said;
  std::vector<Chain> chains;
  for (int i = 0; i < attaches && said.empty(); ++i) {
    chains.push_back(sound(empty.attach(filter)));
    if (chains.back().engine() != engine) said = message(chains.back().fallback_reason());
    if (i % 50 == 0) chains.erase(chains.begin(), chains.end() - 1);
  }
  for (const Chain& chain : chains) {  // also later
    const SeccompData by_table{.nr = 1, .arch = arch::x86_64, .instruction_pointer = 0, .args = {}};
    const SeccompData by_code{.nr = 2, .arch = arch::x86_64, .instruction_pointer = 0, .args = {0, 5}};
    if (chain.evaluate(by_table) != 0x50007) said = "the table is another's";
    if (chain.evaluate(by_code) != 0x5000f) said = "the code is another's";
    if (chain.match(by_code).result != 0x5000f) said = "the bytecode is another's";
  }
  stop = true;
  attacker.join();
  return said;
}

class Window : public testing::TestWithParam<Engine> {};

TEST_P(Window, WritersChangeNothing) {
  EXPECT_EQ(in_child([] { return attach_under(write_to, GetParam()); }), "");
}

TEST_P(Window, MappingsChangeNothing) {
  EXPECT_EQ(in_child([] { return attach_under(map, GetParam()); }), "");
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Window);  // a build without assemblers
INSTANTIATE_TEST_SUITE_P(Native, Window, testing::ValuesIn(native_engines()),
                         [](const auto& one) { return std::string(name(one.param)); });

}  // namespace
}  // namespace callgate::test
