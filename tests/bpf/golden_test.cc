// Each tests/golden/*.bpf of this list: its disassembly with all comments, and its bytes.
#include <gtest/gtest.h>

#include "bpf/disassembler.h"
#include "bpf/formats.h"
#include "tests/support/filters.h"
#include "tests/support/golden.h"

namespace callgate {
namespace {

// A few names, so that the goldens do not depend on a library's table.
std::string syscall_name(std::uint32_t nr, std::uint32_t arch) {
  if (arch == arch::x86_64) return nr == 41 ? "socket" : nr == 59 ? "execve" : nr == 321 ? "bpf" : "";
  if (arch == arch::x86_32) return nr == 11 ? "execve" : nr == 102 ? "socketcall" : "";
  return "";
}

constexpr const char* names[] = {"native_arch", "two_arches", "every_instruction", "invalid"};

std::vector<Insn> program(const char* name, const char* suffix = ".bpf") {
  return test::insns(test::read_file(test::golden_path(std::string(name) + suffix)));
}

TEST(Golden, disassembly) {
  for (const char* name : names) {
    test::expect_golden(std::string(name) + ".disasm",
                        bpf::disassemble(program(name), {.annotate = true, .syscall_name = syscall_name}));
  }
}

TEST(Golden, bytes) {
  for (const char* name : names) test::expect_golden(std::string(name) + ".insns", bpf::write_c_array(program(name)));
}

TEST(Golden, disassembly_means_the_same_bytes) {
  for (const char* name : names) EXPECT_EQ(program(name, ".disasm"), program(name)) << name;
}

}  // namespace
}  // namespace callgate
