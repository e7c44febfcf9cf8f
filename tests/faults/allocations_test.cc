// Memory runs out at every allocation in turn, once or for good: an error or a chain that decides right, no crash, no
// leak.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "bpf/disassembler.h"
#include "bpf/formats.h"
#include "tests/faults/questions.h"
#include "tests/support/allocations.h"
#include "tests/support/chains.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

// Calls `work` with room for 0, 1, 2 … allocations until none is refused; the refused one fails alone, or all after it
// do. `check(outcome, refused)` says what must hold of what it gives. What stays allocated afterwards is a leak.
template <class Work, class Check>
void at_every_allocation(Work work, Check check) {
  ASSERT_NO_FATAL_FAILURE(check(work(), false));  // what is allocated once, here or by GoogleTest, is not a leak
  for (const Failing failing : {Failing::once, Failing::for_ever}) {
    for (std::size_t n = 0;; ++n) {
      ASSERT_LT(n, 100'000u);
      SCOPED_TRACE("allocation " + std::to_string(n) + (failing == Failing::once ? " alone" : " and all after it"));
      const std::ptrdiff_t before = live_allocations();
      bool refused = false;
      {
        const auto outcome = [&] {
          const FailAfter fail(n, failing);
          auto result = work();
          refused = fail.has_failed();
          return result;
        }();
        ASSERT_NO_FATAL_FAILURE(check(outcome, refused));
      }
      ASSERT_EQ(live_allocations(), before);
      if (!refused) break;
    }
  }
}

class OutOfMemory : public testing::TestWithParam<Options> {
 protected:
  // A chain of the kind of `parent`, or one that says that memory ran out; and one that can be attached to when there
  // is memory again.
  static void check(const Questions& questions, const Expected<Chain, AttachError>& chain, const Chain& parent,
                    bool refused) {
    if (!chain) {
      ASSERT_TRUE(refused);
      ASSERT_EQ(chain.error().code, AttachErrc::out_of_memory);
      return;
    }
    ASSERT_TRUE(questions.right(*chain));
    if (chain->fallback_reason() != parent.fallback_reason()) {
      ASSERT_TRUE(refused);
      ASSERT_EQ(chain->engine(), Engine::interpreter);
      ASSERT_EQ(chain->fallback_reason(), FallbackReason::memory_refused);
      ASSERT_EQ(chain->fallback_errno(), ENOMEM);
    }
    if (chain->length() != 2) return;
    const Chain more = sound(chain->attach(questions.filters()[2]));
    ASSERT_EQ(more.engine(), parent.engine());
    ASSERT_EQ(more.fallback_reason(), parent.fallback_reason());
    ASSERT_TRUE(questions.right(more));
  }
};

TEST_P(OutOfMemory, Create) {
  const Questions questions;
  const Chain other = sound(Chain::create(GetParam()));
  at_every_allocation([] { return Chain::create(GetParam()); },
                      [&](const auto& chain, bool refused) { check(questions, chain, other, refused); });
}

TEST_P(OutOfMemory, AttachAtOnce) {
  for (std::uint64_t round = 0; round < fault_rounds(); ++round) {
    const Questions questions(round);
    const Chain empty = sound(Chain::create(GetParam()));
    at_every_allocation([&] { return empty.attach(std::span(questions.filters()).first(2)); },
                        [&](const auto& chain, bool refused) { check(questions, chain, empty, refused); });
    EXPECT_TRUE(questions.right(empty));
  }
}

TEST_P(OutOfMemory, AttachOnTop) {
  for (std::uint64_t round = 0; round < fault_rounds(); ++round) {
    const Questions questions(round);
    const Chain parent = chain_of({questions.filters()[0]}, GetParam());
    at_every_allocation([&] { return parent.attach(questions.filters()[1]); },
                        [&](const auto& chain, bool refused) { check(questions, chain, parent, refused); });
    EXPECT_TRUE(questions.right(parent));
  }
}

// Copies, moves, decisions and releases need no memory.
TEST_P(OutOfMemory, EverythingElseNeedsNone) {
  const Questions questions;
  auto chain = std::make_unique<Chain>(chain_of(questions.first(2), GetParam()));
  bool all_right = true;
  std::size_t made = 0;
  bool refused = false;
  {
    const std::size_t before = allocations();
    const FailAfter fail(0);
    Chain copy = *chain;
    Chain moved = std::move(copy);
    copy = moved;
    all_right = questions.right(copy) && questions.right(*chain);
    chain.reset();
    all_right = all_right && questions.right(moved);
    moved = copy;
    all_right = all_right && moved.sizes().bytecode != 0 && moved.path_length() != 0;
    made = allocations() - before;
    refused = fail.has_failed();
  }
  EXPECT_TRUE(all_right);
  EXPECT_EQ(made, 0u);
  EXPECT_FALSE(refused);
}

INSTANTIATE_TEST_SUITE_P(All, OutOfMemory, testing::ValuesIn(all_kinds()), shown_with_rule);

TEST(OutOfMemoryIn, Verify) {
  const std::vector<Insn> instructions = insns("ld [nr]\njeq #3, no\nret #ALLOW\nno: ret #ERRNO(1)");
  at_every_allocation([&] { return verify(instructions); },
                      [&](const auto& filter, bool refused) {
                        ASSERT_EQ(filter.has_value(), !refused);
                        if (!filter) {
                          ASSERT_EQ(filter.error().code, VerifyErrc::out_of_memory);
                        } else {
                          ASSERT_TRUE(std::ranges::equal(filter->instructions(), instructions));
                        }
                      });
}

// An invalid filter is told so without any memory.
TEST(OutOfMemoryIn, VerifyOfAnInvalidFilter) {
  const std::vector<Insn> instructions = insns("ld [nr]");
  const FailAfter fail(0);
  const auto filter = verify(instructions);
  EXPECT_FALSE(fail.has_failed());
  EXPECT_EQ(filter.error().code, VerifyErrc::no_return_at_end);
}

// What a room that throws std::bad_alloc made: null if it threw.
template <class Work>
auto made_by(Work work) {
  return [work]() -> std::unique_ptr<decltype(work())> {
    try {
      auto value = work();
      return std::make_unique<decltype(work())>(std::move(value));
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
  };
}

// All of it, or std::bad_alloc: never half a program, never another error.
template <class Work>
void whole_or_nothing(Work work) {
  const auto expected = work();
  at_every_allocation(made_by(work), [&](const auto& made, bool refused) {
    ASSERT_EQ(made != nullptr, !refused);
    if (made != nullptr) {
      ASSERT_EQ(*made, expected);
    }
  });
}

std::string long_text() {
  std::string text = "start: ld [nr]\n";
  for (int i = 0; i < 40; ++i) text += "jeq #" + std::to_string(i) + ", no\n";
  return text +
         "ja far\nno: ret #ERRNO(7)\nfar: ld [args[0].lo]\nst M[3]\nldx M[3]\njset x, no2\nret #ALLOW\nno2: ret a";
}

TEST(OutOfMemoryIn, Assemble) {
  const std::string text = long_text();
  for (const bpf::LongJumps jumps : {bpf::LongJumps::reject, bpf::LongJumps::bridge}) {
    whole_or_nothing([&] { return bpf::assemble(text, jumps).value(); });
  }
}

TEST(OutOfMemoryIn, AssembleOfWrongText) {
  const std::string text = long_text() + "\njeq #1, nowhere_to_be_found\n";
  whole_or_nothing([&] { return to_string(bpf::assemble(text).error()); });
}

TEST(OutOfMemoryIn, Disassemble) {
  const std::vector<Insn> instructions = insns(long_text());
  whole_or_nothing([&] { return bpf::disassemble(instructions); });
}

TEST(OutOfMemoryIn, Formats) {
  const std::vector<Insn> instructions = insns(long_text());
  const std::string ddd = bpf::write_ddd(instructions);
  const std::string raw = bpf::write_raw(instructions);
  whole_or_nothing([&] { return bpf::write_ddd(instructions); });
  whole_or_nothing([&] { return bpf::write_raw(instructions); });
  whole_or_nothing([&] { return bpf::write_c_array(instructions); });
  whole_or_nothing([&] { return bpf::read_filter(ddd, bpf::Format::ddd).value(); });
  whole_or_nothing([&] { return bpf::read_filter(raw, bpf::Format::raw).value(); });
}

// The tests above see nothing if an allocation passes the counter by.
struct alignas(64) Wide {
  char bytes[64];
};

// Whether `make` gives nothing when there is no memory. The result is seen by others, or compilers leave out the
// allocation.
template <class Make>
bool fails(Make make) {
  const FailAfter fail(0);
  try {
    void* volatile made = make();
    return made == nullptr && fail.has_failed();
  } catch (const std::bad_alloc&) {
    return fail.has_failed();
  }
}

TEST(OutOfMemoryIn, EveryFormOfNew) {
  EXPECT_TRUE(fails([] { return new int; }));
  EXPECT_TRUE(fails([] { return new int[3]; }));
  EXPECT_TRUE(fails([] { return new (std::nothrow) int; }));
  EXPECT_TRUE(fails([] { return new (std::nothrow) int[3]; }));
  EXPECT_TRUE(fails([] { return new Wide; }));
  EXPECT_TRUE(fails([] { return new Wide[3]; }));
  EXPECT_TRUE(fails([] { return new (std::nothrow) Wide; }));
  EXPECT_TRUE(fails([] { return new (std::nothrow) Wide[3]; }));
}

TEST(OutOfMemoryIn, EveryFormOfMalloc) {
  if (!counts_malloc) return;  // then malloc is theirs, and its callers are not counted
  EXPECT_TRUE(fails([] { return std::malloc(1); }));
  EXPECT_TRUE(fails([] { return std::calloc(1, 1); }));
  EXPECT_TRUE(fails([] { return std::realloc(nullptr, 1); }));
  EXPECT_TRUE(fails([] { return std::aligned_alloc(64, 64); }));
  EXPECT_TRUE(fails([] {
    void* block = nullptr;
    return posix_memalign(&block, 64, 64) == 0 ? block : nullptr;
  }));
}

TEST(OutOfMemoryIn, FailsOnceWhenAskedTo) {
  const FailAfter fail(1, Failing::once);
  const std::unique_ptr<int> first(new (std::nothrow) int(0));
  const std::unique_ptr<int> second(new (std::nothrow) int(0));
  const std::unique_ptr<int> third(new (std::nothrow) int(0));
  EXPECT_NE(first, nullptr);
  EXPECT_EQ(second, nullptr);
  EXPECT_NE(third, nullptr);
}

}  // namespace
}  // namespace callgate::test
