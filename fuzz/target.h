// What the fuzz targets share with libFuzzer, and with the plain program (replay.cc) where there is none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "callgate/insn.hpp"

extern "C" {
// Each target defines these two. Returns 0.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed);
// A target may define this one.
int LLVMFuzzerInitialize(int* argc, char*** argv);
// libFuzzer's own mutator of bytes, or the plain program's.
std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);
}

namespace callgate::oracles {}

namespace callgate::fuzz {

using namespace oracles;  // a target is what an oracle says about bytes

// Ends the process with a message: what a fuzzer calls a crash.
[[noreturn]] void fail(const std::string& message);

inline void require(bool holds, std::string_view what) {
  if (!holds) fail(std::string(what));
}

// The instructions that the bytes are, in native byte order; what is left over is dropped.
std::vector<Insn> insns_of(std::span<const std::uint8_t> bytes);

// Copies what fits; returns the new size.
std::size_t store(std::string_view bytes, std::uint8_t* data, std::size_t max_size);
std::size_t store(std::span<const Insn> program, std::uint8_t* data, std::size_t max_size);

}  // namespace callgate::fuzz
