// What holds on the paths through a program, for those who show it or name things in it. It need not be valid.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "callgate/insn.hpp"

namespace callgate::bpf {

// What is known at an instruction, whatever path led to it.
class PathFacts {
 public:
  // The byte offset of the word of seccomp_data that A holds; nothing if it holds something else, or now this word and
  // now another.
  std::optional<std::uint32_t> loaded() const;

  // The architectures with a name (arch_name()) that may lead here, if no other can: comparisons have ruled all others
  // out. Nothing if any other may lead here, too.
  std::optional<std::vector<std::uint32_t>> arches() const;

  // Whether calls of this architecture, which has a name, may lead here.
  bool may_be(std::uint32_t arch) const;

  // The architectures whose numbers may be meant here: those that lead here if no other can, or else x86_64 if it may
  // lead here, and i386 beside it if it may, too, and comparisons have told the two apart on some path. x86_64 alone is
  // what programs mean that compare no architecture.
  std::vector<std::uint32_t> arches_of_numbers() const;

  // The one of arches_of_numbers(). Nothing if there are several, or none.
  std::optional<std::uint32_t> arch_of_numbers() const;

 private:
  friend class PathWalk;

  static constexpr std::uint8_t unknown = 0xff;
  static constexpr std::size_t scratch_slots = 16;

  void join(const PathFacts& other);
  std::uint8_t& slot(std::uint32_t index);  // unknown if there is no such slot
  void run(const Insn& insn);
  // What of this is left if the jump is taken, or if it is not; nothing if it cannot happen.
  std::optional<PathFacts> after_jump(const Insn& insn, bool is_taken) const;

  std::uint8_t a_ = unknown;  // the index of a word of seccomp_data
  std::uint8_t x_ = unknown;
  std::array<std::uint8_t, scratch_slots> scratch_ = [] {
    std::array<std::uint8_t, scratch_slots> slots{};
    slots.fill(unknown);
    return slots;
  }();
  std::uint8_t nowhere_ = unknown;
  std::uint64_t arches_ = ~std::uint64_t{0};  // bits of the named ones by index (names.h); the last is all others
  bool told_apart_ = false;                   // x86_64 and i386, on some path here
};

// Walks over a program in its order; jumps go forward. For each instruction: enter(), then leave().
class PathWalk {
 public:
  PathWalk() { facts_.emplace(); }

  // What is known at the next instruction, or null if no path leads to it. Valid until the next leave().
  const PathFacts* enter();

  // Where the instruction goes: to `taken` and `not_taken` (indices beyond its own; conditional jumps), to `taken`
  // only (JA), or to the next one.
  void leave(const Insn& insn, std::optional<std::uint64_t> taken, std::optional<std::uint64_t> not_taken);

 private:
  void flow(std::uint64_t target, const PathFacts& facts);

  std::uint64_t pc_ = 0;
  std::optional<PathFacts> facts_;              // on the way to pc_ from the instruction before it
  std::map<std::uint64_t, PathFacts> pending_;  // on the way to instructions behind pc_
};

}  // namespace callgate::bpf
