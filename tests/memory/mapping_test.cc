// How code and data are mapped, and that nothing can write to them.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

#include "jit/code_memory.h"
#include "tests/memory/maps.h"
#include "tests/support/chains.h"
#include "tests/support/child.h"
#include "tests/support/filters.h"
#include "tests/support/machine.h"
#include "tests/support/node.h"

namespace callgate::test {
namespace {

using jit::CodeMemory;
using jit::WriteSeal;

const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));

std::vector<std::uint8_t> pattern(std::size_t bytes, unsigned seed) {
  std::vector<std::uint8_t> all(bytes);
  for (std::size_t i = 0; i < bytes; ++i) all[i] = static_cast<std::uint8_t>(i * 31 + i / 256 + seed);
  return all;
}

struct Sizes {
  std::size_t data;
  std::size_t code;
};

class Published : public testing::TestWithParam<WriteSeal> {
 protected:
  CodeMemory publish(std::span<const std::uint8_t> data, std::span<const std::uint8_t> code) const {
    auto memory = jit::publish(data, code, {.permanent = false, .first_try = GetParam()});
    if (!memory) throw std::runtime_error(std::strerror(memory.error().error));
    return std::move(*memory);
  }
};

std::size_t pages(std::size_t bytes) { return (bytes + page - 1) / page * page; }

TEST_P(Published, HoldsWhatWasGivenBetweenGuardPages) {
  CALLGATE_SKIP_IF_EMULATED("its /proc leaves out guard pages");
  for (const Sizes size :
       {Sizes{1, 1}, Sizes{page, page}, Sizes{page + 1, 5 * page - 1}, Sizes{6144, 300}, Sizes{0, 16}}) {
    SCOPED_TRACE(std::to_string(size.data) + "+" + std::to_string(size.code));
    const auto data = pattern(size.data, 1);
    const auto code = pattern(size.code, 2);
    const CodeMemory memory = publish(data, code);
    EXPECT_EQ(std::vector(memory.data(), memory.data() + data.size()), data);
    EXPECT_EQ(std::vector(memory.code(), memory.code() + code.size()), code);
    ASSERT_EQ(memory.code(), memory.data() + pages(data.size()));
    const std::uintptr_t begin = number(memory.data());
    const std::uintptr_t end = number(memory.code()) + pages(code.size());
    EXPECT_EQ(mapping_of(begin - page).permissions, "---p");
    EXPECT_EQ(mapping_of(begin - 1).permissions, "---p");
    for (std::uintptr_t at = begin; at < number(memory.code()); at += page)
      EXPECT_EQ(mapping_of(at).permissions, "r--s");
    for (std::uintptr_t at = number(memory.code()); at < end; at += page) EXPECT_EQ(mapping_of(at).permissions, "r-xs");
    EXPECT_EQ(mapping_of(end).permissions, "---p");
    EXPECT_EQ(mapping_of(end + page - 1).permissions, "---p");
  }
}

TEST_P(Published, HasNoOtherMappingAndNoOpenFile) {
  const std::ptrdiff_t files = open_files();
  const CodeMemory memory = publish(pattern(100, 1), pattern(100, 2));
  EXPECT_EQ(open_files(), files);
  std::size_t bytes = 0;
  for (const Mapping& mapping : mappings()) {
    if (!mapping.is_callgates()) continue;
    EXPECT_EQ(mapping.permissions.find('w'), std::string::npos) << mapping.permissions;
    EXPECT_EQ(mapping.permissions[3], 's') << "a private mapping of a sealed memfd can be made writable";
    bytes += mapping.end - mapping.begin;
  }
  EXPECT_EQ(bytes, 2 * page);
}

TEST_P(Published, CannotBeMadeWritable) {
  const CodeMemory memory = publish(pattern(100, 1), pattern(100, 2));
  for (const std::uint8_t* part : {memory.data(), memory.code()}) {
    void* const address = const_cast<std::uint8_t*>(part);
    for (const int protection : {PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE | PROT_EXEC}) {
      errno = 0;
      EXPECT_EQ(mprotect(address, page, protection), -1);
      EXPECT_EQ(errno, EACCES);
    }
  }
}

TEST_P(Published, CannotBeWrittenThroughProc) {
  CALLGATE_SKIP_IF_EMULATED("it writes through /proc for itself");
  const CodeMemory memory = publish(pattern(100, 1), pattern(100, 2));
  const int file = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
  ASSERT_GE(file, 0);
  std::uint8_t own = 1;  // the same way works where it may
  EXPECT_EQ(pwrite64(file, "\7", 1, static_cast<off64_t>(number(&own))), 1);
  EXPECT_EQ(*const_cast<volatile std::uint8_t*>(&own), 7);
  for (const std::uint8_t* part : {memory.data(), memory.code()}) {
    EXPECT_EQ(pwrite64(file, "\7", 1, static_cast<off64_t>(number(part))), -1);
  }
  close(file);
  EXPECT_EQ(std::memcmp(memory.code(), pattern(100, 2).data(), 100), 0);
}

// The way back to the file that /proc/self/map_files offers to the privileged.
TEST_P(Published, CannotBeWrittenThroughItsFile) {
  const CodeMemory memory = publish(pattern(100, 1), pattern(100, 2));
  const Mapping mapping = mapping_of(number(memory.code()));
  std::ostringstream path;
  path << "/proc/self/map_files/" << std::hex << mapping.begin << "-" << mapping.end;
  const int file = open(path.str().c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) GTEST_SKIP() << "this process may not open " << path.str() << ": " << std::strerror(errno);
  EXPECT_EQ(pwrite64(file, "\7", 1, 0), -1);
  EXPECT_EQ(ftruncate(file, 0), -1);
  EXPECT_EQ(mmap(nullptr, page, PROT_WRITE, MAP_SHARED, file, 0), MAP_FAILED);
  close(file);
  EXPECT_EQ(std::memcmp(memory.code(), pattern(100, 2).data(), 100), 0);
}

TEST_P(Published, GuardPagesCannotBeRead) {
  const CodeMemory memory = publish(pattern(100, 1), pattern(100, 2));
  const std::uint8_t* const outside[] = {memory.data() - 1, memory.data() - page, memory.code() + page,
                                         memory.code() + 2 * page - 1};
  for (const std::uint8_t* address : outside) {
    EXPECT_EQ(in_child([address] {
                signal(SIGSEGV, SIG_DFL);
                return std::string(*const_cast<const volatile std::uint8_t*>(address) != 0 ? "read it" : "read 0");
              }),
              "killed by SIGSEGV");
  }
}

TEST_P(Published, LeavesErrnoAlone) {
  errno = 4321;
  { const CodeMemory memory = publish(pattern(100, 1), pattern(100, 2)); }
  EXPECT_EQ(errno, 4321);
}

TEST_P(Published, MovesLikeAValue) {
  CALLGATE_SKIP_IF_EMULATED("its /proc counts mappings in another way");
  const std::ptrdiff_t before = callgate_mappings();
  {
    CodeMemory one = publish(pattern(100, 1), pattern(100, 2));
    CodeMemory two = std::move(one);
    CodeMemory three = publish(pattern(100, 3), pattern(100, 4));
    EXPECT_EQ(callgate_mappings(), before + 4);
    three = std::move(two);
    EXPECT_EQ(std::memcmp(three.code(), pattern(100, 2).data(), 100), 0);
    CodeMemory empty;
    empty = std::move(three);
    EXPECT_EQ(std::memcmp(empty.data(), pattern(100, 1).data(), 100), 0);
  }
  EXPECT_EQ(callgate_mappings(), before);
}

INSTANTIATE_TEST_SUITE_P(Seal, Published, testing::Values(WriteSeal::write, WriteSeal::future_write),
                         [](const auto& one) { return one.param == WriteSeal::write ? "write" : "future_write"; });

TEST(ChainMemory, TableBytecodeAndCodeAreSealed) {
  CALLGATE_SKIP_IF_EMULATED("its /proc counts mappings in another way");
  const std::vector<Program> filters = {program("ld [args[0].lo]\nret a"), program("ld [nr]\nret a"),
                                        program("ret #0x7fff0000")};
  for (const Options& options : all_options()) {
    const Chain chain = chain_of(filters, options);
    if (chain.engine() == Engine::interpreter) continue;
    SCOPED_TRACE(describe(options));
    const detail::ChainNode& node = node_of(chain);
    const std::uint8_t* const data = node.memory.data();
    if (chain.sizes().table != 0) {
      EXPECT_EQ(number(node.data.table), number(data));
      EXPECT_EQ(node.without_code, nullptr);
    }
    EXPECT_EQ(number(node.bytecode), number(data) + chain.sizes().table);
    const Insn* sealed = node.bytecode;
    for (std::size_t i = filters.size(); i-- > 0;) {
      for (const Insn& insn : filters[i].instructions()) EXPECT_EQ(*sealed++, insn);
    }
    const Mapping bytes = mapping_of(number(data));
    EXPECT_TRUE(bytes.is_callgates());
    EXPECT_LE(number(sealed), bytes.end);
    EXPECT_EQ(bytes.permissions, "r--s");
    EXPECT_EQ(node.data.code, number(node.memory.code()));
    EXPECT_EQ(mapping_of(number(node.memory.code())).permissions, "r-xs");
    const std::uint8_t endbr[] = {0xf3, 0x0f, 0x1e, sizeof(void*) == 8 ? std::uint8_t{0xfa} : std::uint8_t{0xfb}};
    EXPECT_EQ(std::memcmp(node.memory.code(), endbr, sizeof endbr), 0);
  }
}

}  // namespace
}  // namespace callgate::test
