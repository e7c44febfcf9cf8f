// callgate sim: the command line of scmp_bpf_sim.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/cli/filters.h"
#include "tests/cli/run.h"
#include "tests/support/machine.h"

namespace callgate::test {
namespace {

class Sim : public testing::Test {
 protected:
  Outcome sim(std::vector<std::string> options) const {
    options.insert(options.begin(), {"sim", "-f", guard});
    return run(options);
  }
  Directory dir;
  std::string guard = dir.write("guard", raw(guard_text));
};

TEST_F(Sim, Words) {
  EXPECT_EQ(sim({"-a", "x86_64", "-s", "59"}).out, "ERRNO(13)\n");
  EXPECT_EQ(sim({"-s", "0x3b"}).out, "ERRNO(13)\n");
  EXPECT_EQ(sim({"-s", "0", "-0", "7"}).out, "KILL_PROCESS\n");
  EXPECT_EQ(sim({"-s", "0", "-0", "-1", "-5", "3"}).out, "ALLOW\n");
  EXPECT_EQ(sim({"-a", "x86", "-s", "-1"}).out, "ALLOW\n");
  EXPECT_EQ(run({"sim", "-s", "0", "-f", dir.write("kill", raw_return(0))}).out, "KILL\n");
  EXPECT_EQ(run({"sim", "-s", "0", "-f", dir.write("trace", raw_return(0x7ff00005))}).out, "TRACE(5)\n");
  EXPECT_EQ(run({"sim", "-s", "0", "-f", dir.write("log", raw_return(0x7ffc0000))}).out, "LOG\n");
}

TEST_F(Sim, FaultsAndErrors) {
  const Outcome arch = sim({"-a", "vax", "-s", "0", "-v"});
  EXPECT_EQ(arch.exit, 14);
  EXPECT_EQ(arch.err, "FAULT: errno = 22\n");
  EXPECT_EQ(run({"sim", "-s", "0", "-f", dir.path("none")}).exit, 14);
  const Outcome bad = run({"sim", "-s", "0", "-f", dir.write("bad", raw("ld [0]\n"))});
  EXPECT_EQ(bad.exit, 8);
  EXPECT_EQ(bad.err, "ERROR\n");
  EXPECT_EQ(run({"sim", "-s", "0", "-f", dir.write("odd", raw_return(0x12340000))}).exit, 8);
}

// A filter for another byte order: its numbers are swapped, and the upper half of an argument comes first.
TEST_F(Sim, OtherByteOrders) {
  const std::string swapped("\0\x20\0\0\0\0\0\x14\0\x15\0\1\0\0\0\7\0\6\0\0\x7f\xff\0\0\0\6\0\0\0\5\0\1", 32);
  const std::string file = dir.write("mips", swapped);
  EXPECT_EQ(run({"sim", "-a", "mips", "-f", file, "-s", "4003", "-0", "7"}).out, "ALLOW\n");
  EXPECT_EQ(run({"sim", "-a", "mips", "-f", file, "-s", "4003", "-0", "8"}).out, "ERRNO(1)\n");
}

}  // namespace
}  // namespace callgate::test
