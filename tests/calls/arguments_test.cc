// The table of arguments.
#include "calls/arguments.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

#include "bpf/syscalls.h"
#include "callgate/insn.hpp"
#include "calls/int_arguments.h"

namespace callgate::calls {
namespace {

TEST(Arguments, NamesAndKinds) {
  EXPECT_EQ(argument_of("clone", 0)->name, "clone_flags");
  EXPECT_EQ(argument_of("clone", 0)->kind, ArgumentKind::long_);
  EXPECT_EQ(argument_of("socket", 0)->kind, ArgumentKind::int_);
  EXPECT_EQ(argument_of("read", 1)->kind, ArgumentKind::pointer);
  EXPECT_FALSE(argument_of("read", 3));
  EXPECT_FALSE(argument_of("getpid", 0));
  EXPECT_FALSE(argument_of("nonsense", 0));
  EXPECT_EQ(argument_index("clone", "flags", arch::x86_64), 0U);
  EXPECT_EQ(argument_index("socket", "domain", arch::x86_64), 0U);
  EXPECT_EQ(argument_index("socket", "type", arch::x86_32), 1U);
  EXPECT_EQ(argument_index("nonsense", "arg5", arch::x86_64), 5U);
  EXPECT_FALSE(argument_index("mmap", "prot", arch::x86_32)) << "one pointer there";
  EXPECT_FALSE(argument_index("clone", "tidptr", arch::x86_64)) << "two of them";
  EXPECT_EQ(argument_names("read"), "fd, buf, count");
}

// What calls/int_arguments.cc takes as an int, the kernel takes as one, but for what the C library makes a long of.
TEST(Arguments, AgreeWithTheInts) {
  const std::string_view longs_of_the_kernel[] = {"preadv:0",     "preadv2:0",    "pwritev:0", "pwritev2:0", "readv:0",
                                                  "unshare:0",    "writev:0",     "keyctl:1",  "ptrace:0",   "ptrace:1",
                                                  "pkey_alloc:0", "pkey_alloc:1", "mmap:4"};
  for (std::uint32_t nr = 0; nr < 600; ++nr) {
    const std::string_view call = bpf::syscall_name(nr, arch::x86_64);
    const std::uint8_t ints = int_arguments(call);
    for (std::size_t i = 0; i < 6; ++i) {
      const auto known = argument_of(call, i);
      if ((ints >> i & 1) == 0 || !known) continue;
      const std::string place = std::string(call) + ":" + std::to_string(i);
      const bool is_long = std::find(std::begin(longs_of_the_kernel), std::end(longs_of_the_kernel), place) !=
                           std::end(longs_of_the_kernel);
      EXPECT_EQ(known->kind, is_long ? ArgumentKind::long_ : ArgumentKind::int_) << place;
    }
  }
}

}  // namespace
}  // namespace callgate::calls
