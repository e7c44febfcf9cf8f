// Nothing that decides a call lies in writable memory: every byte that belongs to a chain and can be written is
// overwritten, and its decisions stay. Left are the Chain object itself, which is the embedder's, and
// chains on the interpreter that are longer than any of the kernel's (dispatch/seal.h).
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <new>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "tests/memory/maps.h"
#include "tests/support/chains.h"
#include "tests/support/child.h"
#include "tests/support/filters.h"
#include "tests/support/machine.h"
#include "tests/support/node.h"
#include "tests/support/own_filter.h"
#include "tests/support/sanitizers.h"

namespace callgate::test {
namespace {

struct Region {
  unsigned char* begin;
  std::size_t bytes;
};

// The words at `from` that point to blocks of the heap, the blocks' own words, and so on. `heap` is where blocks lie.
class Reachable {
 public:
  explicit Reachable(const Mapping& heap) : heap_(heap) {}

  void follow(const void* from, std::size_t bytes) {
    for (std::size_t at = 0; at + sizeof(std::uintptr_t) <= bytes; at += sizeof(std::uintptr_t)) {
      std::uintptr_t word = 0;
      std::memcpy(&word, static_cast<const unsigned char*>(from) + at, sizeof word);
      add(word);
    }
  }

  void add(std::uintptr_t address) {
    const bool may_be_block = address > heap_.begin && address < heap_.end && address % alignof(std::max_align_t) == 0;
    if (!may_be_block || !seen_.insert(address).second) return;
    auto* const block = reinterpret_cast<unsigned char*>(address);
    std::size_t header = 0;  // the size that glibc keeps in front of a block
    std::memcpy(&header, block - sizeof header, sizeof header);
    const std::size_t bytes = (header & ~std::size_t{7}) - sizeof header;
    if (bytes < 2 * sizeof header || bytes > (1u << 20) || address + bytes > heap_.end) return;
    regions_.push_back({block, bytes});
    follow(block, bytes);
  }

  const std::vector<Region>& regions() const { return regions_; }

 private:
  Mapping heap_;
  std::set<std::uintptr_t> seen_;
  std::vector<Region> regions_;
};

Mapping mapping_named(const std::string& name) {
  for (const Mapping& mapping : mappings()) {
    if (mapping.name == name) return mapping;
  }
  return {};
}

// A result by table, one by an argument check, one by code or graph; and an older filter.
std::vector<Program> filters() {
  return {program("ld [args[2].lo]\njeq #9, no\nret #ALLOW\nno: ret #ERRNO(9)"),
          program("ld [nr]\njeq #1, check\njeq #2, code\njeq #3, allow\nret #ERRNO(7)\n"
                  "check: ld [args[0].lo]\njeq #3, allow\nret #ERRNO(8)\nallow: ret #ALLOW\n"
                  "code: ld [args[1].lo]\nmul #3\nand #0xf\nor #0x50000\nret a")};
}

std::vector<SeccompData> calls() {
  std::vector<SeccompData> all;
  for (const std::uint32_t nr : {0u, 1u, 2u, 3u, 600u}) {
    for (const std::uint64_t value : {3u, 9u}) all.push_back({nr, arch::x86_64, 0, {value, value, value}});
  }
  return all;
}

// How a chain comes to its memory.
struct Kind {
  std::string name;
  Options options;
  bool no_code = false;   // executable memory is refused
  bool no_files = false;  // memory files are refused
};

std::vector<Kind> kinds() {
  std::vector<Kind> all;
  for (const MergeRule rule : {MergeRule::first_non_allow, MergeRule::most_restrictive}) {
    const std::string suffix = std::string("_") + name(rule);
    for (const InputLayout& layout : {InputLayout::seccomp_data(), InputLayout::seccomp_notif().with_single_fetch()}) {
      const std::string shape = (layout.single_fetch ? "_frame" : "") + suffix;
      for (Options options : all_options(rule)) {
        options.layout = layout;
        const std::string title = std::string(name(options.engine)) +
                                  (options.optimize == Optimize::none ? "_baseline" : "") +
                                  (options.no_exec_memory ? "_without_code" : "") + shape;
        all.push_back({title, options});
        if (options.engine == Engine::interpreter || options.no_exec_memory) continue;
        all.push_back({title + "_refused", options, true});
        all.push_back({title + "_anonymous", options, false, true});
      }
    }
  }
  return all;
}

void refuse_what(const Kind& kind) {
  if (kind.no_files) confine(filter_text({{SYS_memfd_create}}, action::errno_ | ENOSYS, action::allow));
  if (kind.no_code) {
    confine(filter_text({{SYS_memfd_create}, {SYS_mprotect, 2, PROT_EXEC}}, action::errno_ | EPERM, action::allow));
  }
}

class Writable : public testing::TestWithParam<Kind> {};

// Answers of the calls, directly and from frames.
struct Answers {
  std::uint32_t evaluated, of_frame;
  Match matched, matched_frame;
};

Answers answers_of(const Chain& chain, const SeccompData& call) {
  unsigned char frame[128] = {};
  std::memcpy(frame + chain.options().layout.words[0].value, &call, sizeof call);
  return {chain.evaluate(call), chain.evaluate_frame(static_cast<const void*>(frame)), chain.match(call),
          chain.match_frame(static_cast<const void*>(frame))};
}

bool is_right(const Answers& answers, const Match& expected) {
  return answers.evaluated == expected.result && answers.of_frame == expected.result &&
         answers.matched.result == expected.result && answers.matched.filter == expected.filter &&
         answers.matched_frame.result == expected.result && answers.matched_frame.filter == expected.filter;
}

// What is asked and answered. Not on the heap: words of the heap that look like pointers lead anywhere there.
struct {
  SeccompData calls[16];
  Match expected[16];
  std::size_t count;
} questions;

// Answers without a look at the options, which are being overwritten.
bool decides(const Chain& chain, std::size_t offset) {
  for (std::size_t i = 0; i < questions.count; ++i) {
    unsigned char frame[128] = {};
    std::memcpy(frame + offset, &questions.calls[i], sizeof questions.calls[i]);
    const void* const at = frame;
    const Answers answers{chain.evaluate(questions.calls[i]), chain.evaluate_frame(at), chain.match(questions.calls[i]),
                          chain.match_frame(at)};
    if (!is_right(answers, questions.expected[i])) return false;
  }
  return true;
}

std::string overwrite_all(const Kind& kind) {
  refuse_what(kind);
  // Neither these nor the chain are destroyed: afterwards the heap is broken, and the child ends.
  const auto& some = *new std::vector<Program>(filters());
  const auto& asked = *new std::vector<SeccompData>(calls());
  questions.count = asked.size();
  for (std::size_t i = 0; i < asked.size(); ++i) {
    questions.calls[i] = asked[i];
    questions.expected[i] = reference(some, kind.options.rule, asked[i]);
  }
  alignas(Chain) static unsigned char place[sizeof(Chain)];
  const Chain& chain = *new (place) Chain(chain_of(some, kind.options));
  const bool wants_code = kind.options.engine != Engine::interpreter && !kind.options.no_exec_memory;
  if ((chain.engine() != Engine::interpreter) != (wants_code && !kind.no_code)) return "another engine";
  const std::size_t offset = kind.options.layout.words[0].value;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (!is_right(answers_of(chain, asked[i]), questions.expected[i])) return "wrong before anything was written";
  }

  // The image itself: no page of it can be written.
  const detail::Published& image = image_of(chain);
  const detail::ChainNode& node = *image.node;
  const std::uintptr_t end = number(node.memory.code()) + chain.sizes().code;
  for (std::uintptr_t at = number(&image); at < end; at += 4096) {
    if (mapping_of(at).permissions.find('w') != std::string::npos) return "an image that can be written";
  }

  // The heap behind it: the node, its plan and filters.
  auto& heap = *new Reachable(mapping_named("[heap]"));
  heap.add(number(&node));
  if (heap.regions().empty() || heap.regions().front().bytes < sizeof node) return "no heap was found";
  static Region regions[2000];
  const std::size_t count = heap.regions().size();
  if (count > std::size(regions)) return "more regions than this test has room for";
  std::copy_n(heap.regions().begin(), count, regions);
  std::size_t written = 0;
  for (const Region& region : std::span(regions, count)) {
    for (std::size_t at = 0; at + sizeof(std::uintptr_t) <= region.bytes; at += sizeof(std::uintptr_t)) {
      const std::uintptr_t zero = 0;
      const std::uintptr_t ones = ~zero;
      unsigned char before[sizeof(std::uintptr_t)];
      std::memcpy(before, region.begin + at, sizeof before);
      for (const std::uintptr_t value : {zero, ones, reinterpret_cast<std::uintptr_t>(before)}) {
        std::memcpy(region.begin + at, &value, sizeof value);
        if (!decides(chain, offset)) return "a word of the heap decides";
      }
      std::memcpy(region.begin + at, before, sizeof before);
      ++written;
    }
  }
  // All at once, which is not undone.
  for (const Region& region : std::span(regions, count)) std::memset(region.begin, 0x41, region.bytes);
  if (!decides(chain, offset)) return "the heap decides";
  return written > 50 ? "" : "hardly anything was written";
}

TEST_P(Writable, BytesDecideNothing) {
  if (has_asan || has_tsan) GTEST_SKIP() << "sanitizers own the heap";
  CALLGATE_SKIP_IF_EMULATED("its /proc counts mappings in another way");
  if (GetParam().no_code || GetParam().no_files) CALLGATE_SKIP_WITHOUT(filters);
  // In a child without threads, whose heap is the program's; it ends without giving back what it broke.
  EXPECT_EQ(in_child([] { return overwrite_all(GetParam()); }), "");
}

INSTANTIATE_TEST_SUITE_P(All, Writable, testing::ValuesIn(kinds()), [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace callgate::test
