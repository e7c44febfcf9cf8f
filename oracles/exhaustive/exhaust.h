// All small programs, on every engine of this process, compared with the interpreter.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "oracles/exhaustive/alphabet.h"

namespace callgate::oracles {

struct ExhaustTally {
  std::uint64_t tried = 0;     // sequences of instructions
  std::uint64_t programs = 0;  // that are valid
  std::uint64_t runs = 0;      // programs × engines × inputs
};

// Which programs: all valid ones of `prologue` and then exactly `length` instructions of the alphabet.
struct Exhaust {
  AlphabetSize alphabet;
  std::size_t length;  // 1 or more
  std::vector<Insn> prologue = {};
};

// Loads args[0] into A and M[15], args[1] into X and M[0], so that what follows has something to work with.
std::vector<Insn> loading_prologue();

// Calls visit(instructions) for every valid program of `what`, until it returns false.
void for_each_program(const Exhaust& what, const std::function<bool(const std::vector<Insn>&)>& visit);

// Nothing, or a report of the first disagreement found. Uses `jobs` threads. The last instruction is always a return:
// nothing else is valid there.
std::optional<std::string> exhaust(const Exhaust& what, unsigned jobs, ExhaustTally& tally);

// All chains of two programs of 1 .. max_length instructions, by both merge rules.
std::optional<std::string> exhaust_pairs(AlphabetSize alphabet, std::size_t max_length, unsigned jobs,
                                         ExhaustTally& tally);

}  // namespace callgate::oracles
