#include "profiles/capability.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace callgate::profiles {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Capability, AnySpelling) {
  for (const char* text :
       {"CAP_SYS_ADMIN", "SYS_ADMIN", "sys_admin", "cap_sys_admin", "Cap_Sys_Admin", " sys_admin "}) {
    const auto found = parse_capabilities(text);
    ASSERT_TRUE(found) << text;
    EXPECT_THAT(*found, ElementsAre("CAP_SYS_ADMIN")) << text;
  }
}

TEST(Capability, ListsAndAll) {
  EXPECT_THAT(*parse_capabilities("bpf,CAP_CHOWN, bpf"), ElementsAre("CAP_BPF", "CAP_CHOWN"));
  for (const char* text : {"ALL", "all", "CAP_ALL", "bpf,ALL"}) {
    const auto found = parse_capabilities(text);
    ASSERT_TRUE(found) << text;
    EXPECT_EQ(found->size(), 41u);
    EXPECT_TRUE(found->contains("CAP_CHECKPOINT_RESTORE"));
  }
}

TEST(Capability, TyposAreRefused) {
  const auto typo = parse_capabilities("SYS_ADMN");
  ASSERT_FALSE(typo);
  EXPECT_EQ(typo.error(), "\"SYS_ADMN\" is no capability; did you mean \"CAP_SYS_ADMIN\"?");
  for (const char* text : {"", ",", "bpf,", ",bpf", "bpf,,chown", "CAP_", "sys admin", "21", "bpf;chown", "\x1b[31m"}) {
    const auto found = parse_capabilities(text);
    ASSERT_FALSE(found) << text;
    EXPECT_THAT(found.error(), HasSubstr("is no capability"));
    EXPECT_EQ(found.error().find('\x1b'), std::string::npos);
  }
}

TEST(Capability, NamesAsTheKernelHasThem) {
  EXPECT_TRUE(is_capability("CAP_NET_RAW"));
  EXPECT_FALSE(is_capability("NET_RAW"));
  EXPECT_FALSE(is_capability("cap_net_raw"));
  EXPECT_FALSE(is_capability("CAP_ALL"));
}

}  // namespace
}  // namespace callgate::profiles
