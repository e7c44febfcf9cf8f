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
using jit::Way;

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

class Published : public testing::TestWithParam<Way> {
 protected:
  CodeMemory publish(std::span<const std::uint8_t> data, std::span<const std::uint8_t> code) const {
    auto memory = jit::publish(data, code, {.permanent = false, .way = GetParam()});
    if (!memory) throw std::runtime_error(std::strerror(memory.error().error));
    return std::move(*memory);
  }
};

// What holds of files alone: what can make system calls can make anonymous memory writable.
class PublishedFile : public Published {};

std::size_t pages(std::size_t bytes) { return (bytes + page - 1) / page * page; }

// Memory of a file cannot be made writable again; anonymous memory is what there is where no file can be had.
bool is_file() { return Published::GetParam() == Way::file_first; }

TEST_P(Published, HoldsWhatWasGiven) {
  for (const Sizes size :
       {Sizes{1, 1}, Sizes{page, page}, Sizes{page + 1, 5 * page - 1}, Sizes{6144, 300}, Sizes{0, 16}, Sizes{16, 0}}) {
    SCOPED_TRACE(std::to_string(size.data) + "+" + std::to_string(size.code));
    const auto data = pattern(size.data, 1);
    const auto code = pattern(size.code, 2);
    const CodeMemory memory = publish(data, code);
    EXPECT_EQ(std::vector(memory.data(), memory.data() + data.size()), data);
    EXPECT_EQ(std::vector(memory.code(), memory.code() + code.size()), code);
    ASSERT_EQ(memory.code(), memory.data() + pages(data.size()));
    const std::uintptr_t begin = number(memory.data());
    const std::uintptr_t end = number(memory.code()) + pages(code.size());
    const std::string kind = is_file() ? "s" : "p";
    for (std::uintptr_t at = begin; at < number(memory.code()); at += page)
      EXPECT_EQ(mapping_of(at).permissions, "r--" + kind);
    for (std::uintptr_t at = number(memory.code()); at < end; at += page) {
      std::string permissions = mapping_of(at).permissions;
      if (machine::is_emulated()) permissions[2] = 'x';  // an emulator runs no code where it lies
      EXPECT_EQ(permissions, "r-x" + kind);
    }
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
  EXPECT_EQ(bytes, is_file() ? 2 * page : 0);
}

TEST_P(PublishedFile, CannotBeMadeWritable) {
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

TEST_P(PublishedFile, CannotBeWrittenThroughProc) {
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
TEST_P(PublishedFile, CannotBeWrittenThroughItsFile) {
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

TEST_P(Published, CannotBeWritten) {
  const CodeMemory memory = publish(pattern(100, 1), pattern(100, 2));
  for (const std::uint8_t* part : {memory.data(), memory.code()}) {
    EXPECT_EQ(in_child([part] {
                signal(SIGSEGV, SIG_DFL);
                *const_cast<volatile std::uint8_t*>(part) = 0;
                return std::string("wrote it");
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
    EXPECT_EQ(callgate_mappings(), before + (is_file() ? 4 : 0));
    three = std::move(two);
    EXPECT_EQ(std::memcmp(three.code(), pattern(100, 2).data(), 100), 0);
    CodeMemory empty;
    empty = std::move(three);
    EXPECT_EQ(std::memcmp(empty.data(), pattern(100, 1).data(), 100), 0);
  }
  EXPECT_EQ(callgate_mappings(), before);
}

INSTANTIATE_TEST_SUITE_P(Seal, Published, testing::Values(Way::file_first, Way::anonymous),
                         [](const auto& one) { return one.param == Way::file_first ? "file" : "anonymous"; });
INSTANTIATE_TEST_SUITE_P(Seal, PublishedFile, testing::Values(Way::file_first),
                         [](const auto&) { return std::string("file"); });

// Whether the address lies in the memory of the chain.
bool is_within(const CodeMemory& memory, const void* address, std::size_t code_bytes) {
  return number(address) >= number(memory.data()) && number(address) < number(memory.code()) + pages(code_bytes);
}

// One pointer, one piece of memory: header, table, records, bytecode, graph, code; of every engine and without code.
TEST(ChainMemory, HoldsAllThatDecides) {
  CALLGATE_SKIP_IF_EMULATED("its /proc counts mappings in another way");
  const std::vector<Program> filters = {program("ld [args[0].lo]\nret a"), program("ld [nr]\nret a"),
                                        program("ld [args[1].lo]\nmul #3\njeq #6, no\nret #ALLOW\nno: ret #TRAP")};
  for (const Options& options : all_options()) {
    const Chain chain = chain_of(filters, options);
    SCOPED_TRACE(describe(options));
    const detail::Published& image = image_of(chain);
    const CodeMemory& memory = node_of(chain).memory;
    const std::size_t code = chain.sizes().code;
    EXPECT_EQ(number(&image), number(memory.data()));
    EXPECT_EQ(image.newest, nullptr);
    EXPECT_TRUE(is_within(memory, image.bytecode, code) && is_within(memory, image.sizes, code));
    EXPECT_EQ(image.data.numbers, chain.sizes().table != 0 ? CALLGATE_DOMAIN_SIZE : 0);
    EXPECT_TRUE(
        is_within(memory, reinterpret_cast<const char*>(&image) + CALLGATE_TABLE_AT + chain.sizes().table, code));
    EXPECT_EQ(image.walk.nodes != nullptr, chain.engine() == Engine::interpreter && chain.sizes().table != 0);
    if (image.walk.nodes != nullptr) {
      EXPECT_TRUE(is_within(memory, image.walk.nodes, code) && is_within(memory, image.walk.roots, code));
    }
    const Insn* sealed = image.bytecode;
    for (std::size_t i = filters.size(); i-- > 0;) {
      EXPECT_EQ(image.sizes[filters.size() - 1 - i], filters[i].size());
      for (const Insn& insn : filters[i].instructions()) EXPECT_EQ(*sealed++, insn);
    }
    const bool is_native = chain.engine() != Engine::interpreter;
    for (std::uintptr_t at = number(memory.data()); at < number(memory.code()); at += page) {
      EXPECT_EQ(mapping_of(at).permissions, is_native ? "r--s" : "r--p");
      EXPECT_EQ(mapping_of(at).is_callgates(), is_native);
    }
    if (!is_native) continue;
    EXPECT_EQ(image.data.code, number(memory.code()));
    EXPECT_EQ(mapping_of(number(memory.code())).permissions, "r-xs");
    const std::uint8_t endbr[] = {0xf3, 0x0f, 0x1e, sizeof(void*) == 8 ? std::uint8_t{0xfa} : std::uint8_t{0xfb}};
    EXPECT_EQ(std::memcmp(memory.code(), endbr, sizeof endbr), 0);
  }
}

// The figure of docs/code-generation.md: mappings are scarce.
TEST(ChainMemory, IsTwoMappingsOrOne) {
  CALLGATE_SKIP_IF_EMULATED("its /proc counts mappings in another way");
  const Program filter = program("ld [args[0].lo]\njeq #7, no\nret #0x7fff0000\nno: ret #0x50001");
  for (const Options& options : all_options()) {
    SCOPED_TRACE(describe(options));
    const Chain warm_up = chain_of({filter}, options);
    constexpr std::size_t count = 200;
    std::vector<Chain> chains;
    chains.reserve(count);
    const Chain empty = sound(Chain::create(options));
    const std::size_t before = mappings().size();
    for (std::size_t i = 0; i < count; ++i) chains.push_back(sound(empty.attach(filter)));
    const std::size_t of_chains = mappings().size() - before;
    const bool is_native = warm_up.engine() != Engine::interpreter;
    EXPECT_LE(of_chains, (is_native ? 2 : 1) * count + 20);  // the heap grows meanwhile
  }
}

}  // namespace
}  // namespace callgate::test
