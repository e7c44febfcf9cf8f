// Filters written by hand: one number after the other, as programs do that keep their filter as an array.
#pragma once

#include <linux/bpf_common.h>

#include <cstdint>
#include <vector>

#include "callgate/action.hpp"
#include "callgate/insn.hpp"

namespace callgate::bench {

// Appends instructions. Between calls A holds the number, once start() has been called.
class Ladder {
 public:
  // Kills calls of any architecture but x86_64, then loads the number.
  void start() {
    load(4);
    jump_if_equal(arch::x86_64, 1, 0);
    finish(action::kill_process);
    load(0);
  }

  // `result` for the number, whatever its arguments.
  void decide(std::uint32_t number, std::uint32_t result) {
    jump_if_equal(number, 0, 1);
    finish(result);
  }

  // ALLOW for the number if the argument is one of `values` (at most 250), else `otherwise`.
  void allow_values(std::uint32_t number, unsigned argument, const std::vector<std::uint32_t>& values,
                    std::uint32_t otherwise) {
    const auto count = static_cast<std::uint8_t>(values.size());
    jump_if_equal(number, 0, static_cast<std::uint8_t>(count + 5));
    load(16 + 8 * argument + 4);
    jump_if_equal(0, 0, static_cast<std::uint8_t>(count + 1));
    load(16 + 8 * argument);
    for (std::uint8_t i = 0; i < count; ++i) {
      jump_if_equal(values[i], static_cast<std::uint8_t>(count - i), 0);
    }
    finish(otherwise);
    finish(action::allow);
  }
  static constexpr std::size_t instructions_of_allow_values = 6;  // without the values

  void finish(std::uint32_t result) { append(BPF_RET | BPF_K, 0, 0, result); }

  const std::vector<Insn>& instructions() const { return instructions_; }

 private:
  void load(std::uint32_t offset) { append(BPF_LD | BPF_W | BPF_ABS, 0, 0, offset); }
  void jump_if_equal(std::uint32_t k, std::uint8_t jt, std::uint8_t jf) {
    append(BPF_JMP | BPF_JEQ | BPF_K, jt, jf, k);
  }
  void append(int code, std::uint8_t jt, std::uint8_t jf, std::uint32_t k) {
    instructions_.push_back({static_cast<std::uint16_t>(code), jt, jf, k});
  }

  std::vector<Insn> instructions_;
};

}  // namespace callgate::bench
