// Streams of system calls to decide: recorded from real programs, or uniform.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <span>
#include <string>
#include <vector>

#include "bench/measure/compact.h"
#include "callgate/insn.hpp"

namespace callgate::bench {

struct Recording {
  std::vector<SeccompData> calls;
  std::vector<std::uint8_t> argument_counts;  // of each call: how many arguments strace showed

  // Lines that are no calls. Each line of the input is counted exactly once, here or in `calls`.
  std::size_t resumed = 0;  // the second half of a call that another thread interrupted
  std::size_t signals = 0;
  std::size_t exits = 0;    // the end of a thread
  std::size_t notices = 0;  // strace's own remarks, and empty lines
  std::size_t odd = 0;      // everything else

  // Calls whose architecture the line does not tell: taken to be that of the thread's call before.
  std::size_t guessed_arch = 0;

  struct OddLine {
    std::uint64_t line;  // counted from 1
    std::string text;
  };
  std::vector<OddLine> first_odd;  // a few, to show
};

// Options that make strace write what parse_strace() reads: number, instruction pointer and raw arguments of every
// call of every thread. Where a line does not say the call's architecture, its name does: "[20] getpid" is i386.
inline constexpr const char* strace_options = "-f -n -i -e raw=all -X raw";

// Reads strace's output. Lines that are not understood, and calls of which an argument is not known, are counted and
// skipped. Arguments that strace does not show (a call has its own number of them) are 0.
Recording parse_strace(std::istream& input);

// `count` calls of x86_64: every number below 460 equally often, arguments small, large or any 64 bits. The same
// seed gives the same calls everywhere.
std::vector<SeccompData> uniform_stream(std::size_t count, std::uint64_t seed);

// `count` calls that predictors cannot learn: blocks of up to 64 neighbours from places of `calls` drawn at random, or
// the first of `calls` as they are, if there are so many. Empty if `calls` is.
std::vector<SeccompData> long_stream(std::span<const SeccompData> calls, std::size_t count, std::uint64_t seed);

struct NamedStream {
  std::string name;
  std::vector<SeccompData> calls;
};

// The calls in a file, named by it without folder and ending: struct seccomp_data of 64 bytes each in native order, or
// the text of callgate record (NAME.calls). Throws std::runtime_error that names the file, and the place in it.
NamedStream stream_from_file(const std::string& path);

// The recorded streams in `folder` (NAME.calls), "mix" first and then by name, and the uniform one. Throws
// std::runtime_error if one cannot be read, or there is none.
std::vector<NamedStream> all_streams(const std::string& folder);

}  // namespace callgate::bench
