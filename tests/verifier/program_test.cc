// Program as a value, the text of errors, and the length that the kernel counts.
#include "callgate/program.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <thread>

#include "tests/support/filters.h"

namespace callgate {
namespace {

TEST(Program, keeps_its_own_copy) {
  std::vector<Insn> instructions = test::insns("ld [nr]\nret #7");
  const std::vector<Insn> before = instructions;
  const Program program = test::program(instructions);
  instructions[1].k = 8;
  EXPECT_TRUE(std::ranges::equal(program.instructions(), before));
  EXPECT_EQ(program.size(), 2u);
}

TEST(Program, copies_share_and_outlive_each_other) {
  Program last = test::program("ret #1");
  {
    const Program first = test::program("ret #2");
    last = first;
    EXPECT_EQ(last.instructions().data(), first.instructions().data());
  }
  EXPECT_EQ(last.instructions().front().k, 2u);
  const Program& alias = last;
  last = alias;
  EXPECT_EQ(last.instructions().front().k, 2u);
}

TEST(Program, a_moved_from_program_is_empty) {
  Program from = test::program("ret #1");
  const Program to = std::move(from);
  EXPECT_EQ(to.size(), 1u);
  EXPECT_EQ(from.size(), 0u);  // NOLINT: what a move leaves behind is promised
  EXPECT_EQ(from.kernel_length(), 0u);
  const Program copy = from;  // NOLINT
  EXPECT_EQ(copy.size(), 0u);
  from = to;
  EXPECT_EQ(from.size(), 1u);
}

TEST(Program, copies_may_go_to_other_threads) {
  const Program program = test::program("ret #1");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([program] {
      for (int round = 0; round < 10'000; ++round) {
        const Program copy = program;
        if (copy.size() != 1) std::abort();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(program.instructions().front().k, 1u);
}

constexpr VerifyErrc all_codes[] = {VerifyErrc::empty,
                                    VerifyErrc::too_long,
                                    VerifyErrc::unknown_opcode,
                                    VerifyErrc::load_offset,
                                    VerifyErrc::division_by_zero,
                                    VerifyErrc::shift_too_large,
                                    VerifyErrc::scratch_slot,
                                    VerifyErrc::scratch_uninitialised,
                                    VerifyErrc::jump_out_of_program,
                                    VerifyErrc::no_return_at_end,
                                    VerifyErrc::out_of_memory};

TEST(VerifyErrors, every_rule_has_a_text_of_its_own) {
  std::set<std::string> texts;
  for (const VerifyErrc code : all_codes) texts.insert(rule(code));
  EXPECT_EQ(texts.size(), std::size(all_codes));
  EXPECT_FALSE(texts.contains("unknown error"));
}

// A number that came from elsewhere, through the C interface for one.
TEST(VerifyErrors, what_is_no_error_has_a_text_too) {
  EXPECT_STREQ(rule(static_cast<VerifyErrc>(200)), "unknown error");
}

TEST(VerifyErrors, text_is_cut_to_the_buffer) {
  const VerifyError error{VerifyErrc::jump_out_of_program, 12, {0x15, 9, 0, 0}, 14};
  const std::string whole = "at 12: jump leaves the program (jt=9, length 14)";
  EXPECT_EQ(to_string(error), whole);
  for (std::size_t capacity = 0; capacity < 80; ++capacity) {
    char text[100];
    std::memset(text, '!', sizeof text);
    const std::size_t length = describe(error, text, capacity);
    const std::size_t expected = capacity == 0 ? 0 : std::min(capacity - 1, whole.size());
    ASSERT_EQ(length, expected);
    EXPECT_EQ(std::string_view(text, length), whole.substr(0, length));
    const std::size_t terminator = capacity == 0 ? 0 : 1;
    if (capacity != 0) {
      EXPECT_EQ(text[length], '\0');
    }
    EXPECT_EQ(text[length + terminator], '!') << "wrote behind the text";
  }
}

TEST(VerifyErrors, the_longest_text_fits_into_to_string) {
  for (const VerifyErrc code : all_codes) {
    for (const std::uint16_t opcode : {std::uint16_t{0x15}, std::uint16_t{0x05}, std::uint16_t{0xffff}}) {
      const VerifyError error{code, 0xffffffff, {opcode, 255, 255, 0xffffffff}, 0xffffffff};
      char large[1000];
      EXPECT_EQ(to_string(error), std::string(large, describe(error, large, sizeof large)));
    }
  }
}

std::uint32_t kernel_length(std::string_view text) { return test::program(text).kernel_length(); }

// Lengths behind the prologue (3) and the RET A at the end (1).
TEST(KernelLength, of_each_instruction) {
  struct Case {
    const char* text;
    std::uint32_t length;
  };
  for (const auto& [text, length] : std::initializer_list<Case>{
           {"ld [0]", 1},
           {"ld #1", 1},
           {"ld len", 1},
           {"st M[0]", 1},
           {"tax", 1},
           {"neg", 1},
           {"add #1", 1},
           {"add x", 1},
           {"div #3", 1},
           {"div x", 5},
           {"ret #0", 2},
           {"ret a", 1},
           {"ja 1", 1},
           {"jeq #1, 1, 1", 1},
           {"jeq #1, 2", 1},
           {"jeq #1, 1, 2", 1},
           {"jeq #1, 2, 2", 2},
           {"jgt #1, 1, 2", 1},
           {"jge #1, 1, 2", 1},
           {"jset #1, 2", 1},
           {"jset #1, 1, 1", 1},
           {"jset #1, 1, 2", 2},
           {"jset #1, 2, 2", 2},
           {"jset x, 1, 2", 2},
           {"jeq x, 2, 2", 2},
           {"jeq x, 1, 2", 1},
           {"jeq #0x7fffffff, 2", 1},
           {"jeq #0x80000000, 2", 2},
           {"jeq #-1, 2, 2", 3},
           {"jset #-1, 1, 2", 3},
           {".insn 0x1d, 0, 0, 0x80000000", 1},
       }) {
    // A second instruction, so that the jumps above have two places to go to.
    EXPECT_EQ(kernel_length(std::string(text) + "\nneg\nret a"), 3 + length + 1 + 1) << text;
  }
}

// Seen on a running kernel: how many filters a path of 32768 holds.
TEST(KernelLength, fills_a_path_as_in_the_kernel) {
  const auto fit = [](std::uint32_t length) {
    std::uint64_t older = 0;
    std::uint32_t filters = 0;
    for (; length + older <= max_path_length; older += length + 4) ++filters;
    return filters;
  };
  EXPECT_EQ(kernel_length("ret #0"), 5u);
  EXPECT_EQ(fit(kernel_length("ret #0")), 3641u);
  const Program longest = test::program(std::vector<Insn>(4096, Insn{0x06, 0, 0, 0}));
  EXPECT_EQ(longest.kernel_length(), 8195u);
  EXPECT_EQ(fit(longest.kernel_length()), 3u);
}

}  // namespace
}  // namespace callgate
