// How long code lives: as long as its chain, or for ever.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "tests/memory/maps.h"
#include "tests/support/chains.h"
#include "tests/support/child.h"
#include "tests/support/filters.h"
#include "tests/support/machine.h"
#include "tests/support/node.h"

namespace callgate::test {
namespace {

constexpr long sys_mseal = 462;
constexpr std::ptrdiff_t parts = 2;  // mappings of a chain: data and code

const SeccompData call{.nr = 1, .arch = arch::x86_64, .instruction_pointer = 0, .args = {7}};

class Lifetime : public testing::TestWithParam<Engine> {
 protected:
  Program filter = program("ld [args[0].lo]\njeq #7, no\nret #0x7fff0000\nno: ret #0x50001");
  Program allow = program("ld [args[1].lo]\njeq #7, no\nret #0x7fff0000\nno: ret #0x50002");
};

TEST_P(Lifetime, ReleasedChainsLeaveNothing) {
  const Chain parent = chain_of({filter}, {.engine = GetParam()});
  { const Chain warm_up = sound(parent.attach(allow)); }
  const std::ptrdiff_t mapped = callgate_mappings();
  const std::uintptr_t reserved = reserved_bytes();
  const std::ptrdiff_t files = open_files();
  for (int i = 0; i < 10'000; ++i) {
    const Chain child = sound(parent.attach(allow));
    ASSERT_EQ(child.engine(), GetParam()) << i;
  }
  EXPECT_EQ(callgate_mappings(), mapped);
  EXPECT_LE(reserved_bytes(), reserved + 1000 * 4096);  // others reserve a little; leaked guard pages would be 20,000
  EXPECT_EQ(open_files(), files);
}

TEST_P(Lifetime, AParentsCodeGoesBeforeItsChildren) {
  CALLGATE_SKIP_IF_EMULATED("its /proc counts mappings in another way");
  const std::ptrdiff_t before = callgate_mappings();
  Chain parent = chain_of({filter}, {.engine = GetParam()});
  const std::uintptr_t code = number(node_of(parent).memory.code());
  const Chain child = sound(parent.attach(allow));
  EXPECT_EQ(callgate_mappings() - before, 2 * parts);
  EXPECT_TRUE(mapping_of(code).is_callgates());
  parent = sound(Chain::create({.engine = Engine::interpreter}));
  EXPECT_FALSE(mapping_of(code).is_callgates());
  EXPECT_EQ(callgate_mappings() - before, parts);
  EXPECT_EQ(child.evaluate(call), 0x50001u);
  EXPECT_EQ(child.match(call).filter, 0u);
}

TEST_P(Lifetime, CopiesKeepTheCode) {
  CALLGATE_SKIP_IF_EMULATED("its /proc counts mappings in another way");
  const std::ptrdiff_t before = callgate_mappings();
  {
    Chain copy = sound(Chain::create({.engine = Engine::interpreter}));
    {
      const Chain chain = chain_of({filter}, {.engine = GetParam()});
      copy = chain;
    }
    EXPECT_EQ(callgate_mappings() - before, parts);
    EXPECT_EQ(copy.evaluate(call), 0x50001u);
  }
  EXPECT_EQ(callgate_mappings(), before);
}

std::string check_permanent(const Program& filter, Engine engine) {
  std::uintptr_t code = 0;
  {
    const Chain chain = chain_of({filter}, {.engine = engine, .permanent = true});
    if (chain.engine() != engine || !chain.permanent()) return "not permanent";
    code = number(node_of(chain).memory.code());
    if (munmap(const_cast<std::uint8_t*>(node_of(chain).memory.code()), 1) == 0) return "could be unmapped";
    if (errno != EPERM) return "munmap: wrong errno";
    if (mprotect(const_cast<std::uint8_t*>(node_of(chain).memory.code()), 1, PROT_NONE) == 0) return "could be hidden";
    if (chain.evaluate(call) != 0x50001) return "wrong decision";
  }
  return mapping_of(code).is_callgates() ? "" : "went with its chain";
}

// In a child: such memory never goes.
TEST_P(Lifetime, PermanentCodeCannotBeUnmapped) {
  if (syscall(sys_mseal, nullptr, 0ul, 0ul) != 0 && (errno == ENOSYS || errno == EPERM)) {
    GTEST_SKIP() << "this kernel has no mseal";
  }
  EXPECT_EQ(in_child([this] { return check_permanent(filter, GetParam()); }), "");
}

TEST_P(Lifetime, PermanentIsOnlyWhatWasAskedFor) {
  EXPECT_FALSE(chain_of({filter}, {.engine = GetParam()}).permanent());
  EXPECT_FALSE(chain_of({filter}, {.engine = Engine::interpreter, .permanent = true}).permanent());
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Lifetime);  // a build without assemblers
INSTANTIATE_TEST_SUITE_P(Native, Lifetime, testing::ValuesIn(native_engines()),
                         [](const auto& one) { return std::string(name(one.param)); });

}  // namespace
}  // namespace callgate::test
