// Layouts whose 64-bit values lie in an unusual way: halves apart, one or both constant, at the ends of what there is.
#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "callgate/callgate.hpp"
#include "compose/seccomp.h"
#include "dispatch/argument_check.h"
#include "dispatch/units.h"
#include "jit/abi.h"
#include "tests/support/chains.h"
#include "tests/support/filters.h"

namespace callgate::test {
namespace {

constexpr std::uint32_t low = 4;  // the words of argument 0
constexpr std::uint32_t high = 5;

struct Pair {
  const char* what;
  InputWord low;
  InputWord high;
  bool adjoin;
};

constexpr Pair pairs[] = {
    {"side by side", {false, 64}, {false, 68}, true},
    {"apart", {false, 64}, {false, 72}, false},
    {"swapped", {false, 68}, {false, 64}, false},
    {"one word twice", {false, 64}, {false, 64}, false},
    {"at the end of the frame", {false, max_frame_offset - 4}, {false, max_frame_offset}, true},
    {"from the end of the frame to its start", {false, max_frame_offset}, {false, 0}, false},
    {"both constant", {true, 0}, {true, 0}, true},
    {"both constant, the greatest", {true, 0xffffffff}, {true, 0xffffffff}, true},
    {"both constant, 4 apart", {true, 8}, {true, 12}, true},
    {"both constant, where signed numbers end", {true, 0x7ffffffc}, {true, 0x80000000}, true},
    {"both constant, where unsigned numbers end", {true, 0xfffffffc}, {true, 0}, true},
    {"low constant", {true, 5}, {false, 64}, false},
    {"low constant, 4 below the offset of the high half", {true, 60}, {false, 64}, false},
    {"low constant, 4 below offset 0", {true, 0xfffffffc}, {false, 0}, false},
    {"high constant", {false, 64}, {true, 1}, false},
    {"high constant, 4 above the offset of the low half", {false, 64}, {true, 68}, false},
    {"high constant, the greatest", {false, 64}, {true, 0xffffffff}, false},
};

InputLayout layout_with(const Pair& pair) {
  InputLayout layout = InputLayout::seccomp_data();
  layout.words[low] = pair.low;
  layout.words[high] = pair.high;
  return layout;
}

TEST(InputMap, KnowsWhetherHalvesAdjoin) {
  for (const Pair& pair : pairs) {
    EXPECT_EQ(detail::input_map(layout_with(pair)).halves_adjoin(), pair.adjoin) << pair.what;
    EXPECT_EQ(detail::InputWords(layout_with(pair)).halves_adjoin(), pair.adjoin) << pair.what;
    EXPECT_TRUE(detail::input_map(layout_with(pair).with_single_fetch()).halves_adjoin())
        << "the copy's, " << pair.what;
  }
}

// No offset overflows, whatever Chain::create() would say to it.
TEST(InputMap, TakesAnyOffset) {
  constexpr std::int32_t most = std::numeric_limits<std::int32_t>::max();
  constexpr std::int32_t least = std::numeric_limits<std::int32_t>::min();
  for (const auto& [at, then, adjoin] : {std::tuple{most - 4, most, true},
                                         {most, most, false},
                                         {most, least + 3, false},
                                         {most - 3, least, false},
                                         {least, most, false},
                                         {most, least, false},
                                         {-4, 0, true},
                                         {0xfffb, 0xffff, true}}) {
    jit::InputMap map = jit::identity_map(compose::seccomp_input);
    map.at[low] = at;
    map.at[high] = then;
    EXPECT_EQ(map.halves_adjoin(), adjoin) << at << ", " << then;
  }
}

// Number and architecture are no halves: where they lie makes no difference.
TEST(InputMap, AsksAboutHalvesAlone) {
  InputLayout layout = InputLayout::seccomp_data();
  layout.words[0] = {false, 512};
  layout.words[1] = {true, 0xfffffffc};
  EXPECT_TRUE(detail::input_map(layout).halves_adjoin());
}

// The words of a call in a frame of the layout. Words that are constant must be in the call.
struct Frame {
  alignas(8) unsigned char bytes[max_frame_offset + 4] = {};

  Frame(const InputLayout& layout, const SeccompData& data) {
    std::uint32_t words[sizeof data / 4];
    std::memcpy(words, &data, sizeof data);
    for (std::size_t i = 0; i < layout.words.size(); ++i) {
      if (!layout.words[i].is_constant) std::memcpy(bytes + layout.words[i].value, &words[i], sizeof words[i]);
    }
  }
};

// Decisions on 64-bit values are those of the interpreter, however the halves lie.
TEST(InputMap, DecidesWhereverTheHalvesLie) {
  const char* const texts[] = {
      "ld [args[0].hi]\njeq #5, low, no\nlow: ld [args[0].lo]\njeq #5, yes, no\nyes: ret #TRAP\nno: ret #ALLOW",
      ("ld [args[0].hi]\njgt #5, yes\njeq #5, low, no\nlow: ld [args[0].lo]\njge #60, yes, no\nyes: ret #TRAP\n"
       "no: ret #ALLOW"),
      "ld [args[0].hi]\njset #0x80000001, yes, no\nyes: ret #TRAP\nno: ret #ALLOW",
      "ld [args[0].hi]\njeq #0xffffffff, yes, no\nyes: ret #TRAP\nno: ret #ALLOW",
      "ld [args[0].lo]\nadd #4\ntax\nld [args[0].hi]\njeq x, yes, no\nyes: ret #TRAP\nno: ret #ALLOW"};
  for (const Pair& pair : pairs) {
    if (std::string(pair.what) == "one word twice") continue;  // such a frame cannot hold two halves that differ
    const InputLayout layout = layout_with(pair);
    for (const char* text : texts) {
      const Program filter = program(text);
      for (Options options : all_options()) {
        SCOPED_TRACE(std::string(pair.what) + ", " + describe(options) + "\n" + text);
        options.layout = layout;
        const Chain chain = chain_of({filter}, options);
        for (const std::uint32_t l : {0u, 5u, 59u, 60u, 61u, 64u, 0xfffffffcu, 0xffffffffu}) {
          for (const std::uint32_t h : {0u, 4u, 5u, 6u, 68u, 0x80000000u, 0xffffffffu}) {
            const std::uint32_t lo = pair.low.is_constant ? pair.low.value : l;
            const std::uint32_t hi = pair.high.is_constant ? pair.high.value : h;
            SeccompData data{1, arch::x86_64, 0, {std::uint64_t{hi} << 32 | lo, 0, 0, 0, 0, 0}};
            const Frame frame(layout, data);
            ASSERT_EQ(chain.evaluate_frame(frame.bytes), interpret(filter, data)) << hi << ", " << lo;
          }
        }
      }
    }
  }
}

// An offset that no frame has is refused, on either half.
TEST(InputMap, OffsetsOutsideOfFramesAreRefused) {
  for (const std::uint32_t offset : {max_frame_offset + 4, 0xffffu, 0xfffcu, 0x10000u, 0x7ffffffcu, 0xfffffffcu, 66u}) {
    for (const std::uint32_t word : {low, high}) {
      Options options;
      options.layout.words[word] = {false, offset};
      const auto chain = Chain::create(options);
      ASSERT_FALSE(chain) << offset;
      EXPECT_EQ(chain.error().code, AttachErrc::bad_layout);
    }
  }
}

}  // namespace
}  // namespace callgate::test
