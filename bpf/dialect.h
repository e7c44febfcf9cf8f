// A dialect of classic BPF: the differences between programs over a system call and programs over a packet, in one
// place. Verifier, interpreter and compiler take it as a template parameter, so that nothing is asked while a program
// runs. Today there is one; net/core/filter.c and kernel/seccomp.c of Linux show where a second differs: in its
// opcodes, in its loads, and in what its results mean.
#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>

#include "bpf/opcode.h"
#include "callgate/insn.hpp"

namespace callgate::bpf {

template <class D>
concept Dialect = requires(const Insn& insn, const typename D::Input& input, std::uint32_t word) {
  // Opcode set: the table's entry for the code of an instruction, or null if the dialect refuses it.
  { D::find_opcode(insn.code) }
  noexcept->std::same_as<const OpcodeInfo*>;
  // The same without the entry, for the verifier.
  { D::is_opcode(insn.code) }
  noexcept->std::same_as<bool>;
  // Load rule, for the verifier: whether an LD ABS that is among the opcodes may stand in a program.
  { D::may_load(insn) }
  noexcept->std::same_as<bool>;
  // Load rule, when a program runs: the word at a byte offset. False ends the program with `early_end`.
  { D::load(input, word, word) }
  noexcept->std::same_as<bool>;
  // Bytes of the input, which LD LEN and LDX LEN load.
  { D::length(input) }
  noexcept->std::same_as<std::uint32_t>;
  // Initial state: A and X.
  { D::initial_a } -> std::convertible_to<std::uint32_t>;
  { D::initial_x } -> std::convertible_to<std::uint32_t>;
  // The result of a program that ends early: at a division by X = 0, or at a load outside of its input.
  { D::early_end } -> std::convertible_to<std::uint32_t>;
};

// Programs over struct seccomp_data. The kernel rewrites their loads to reads of that struct (seccomp_check_filter()),
// so that none can fail while the program runs; bpf_convert_filter() clears A and X; an early end is the result 0,
// KILL_THREAD.
struct Seccomp {
  using Input = SeccompData;

  static constexpr const OpcodeInfo* find_opcode(std::uint16_t code) noexcept { return bpf::find_opcode(code); }
  static constexpr bool is_opcode(std::uint16_t code) noexcept { return bpf::is_opcode(code); }
  static constexpr bool may_load(const Insn& insn) noexcept {
    if (insn.k >= sizeof(SeccompData)) return false;
    return insn.k % 4 == 0;
  }
  static bool load(const SeccompData& data, std::uint32_t offset, std::uint32_t& word) noexcept {
    std::memcpy(&word, reinterpret_cast<const unsigned char*>(&data) + offset, sizeof word);
    return true;
  }
  static constexpr std::uint32_t length(const SeccompData&) noexcept { return sizeof(SeccompData); }

  static constexpr std::uint32_t initial_a = 0;
  static constexpr std::uint32_t initial_x = 0;
  static constexpr std::uint32_t early_end = 0;
};
static_assert(Dialect<Seccomp>);

}  // namespace callgate::bpf
