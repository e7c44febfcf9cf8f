// What has to notice a bug: the tests' own generators and comparisons.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace callgate::test {

using Count = std::atomic<std::uint64_t>;

// Looks at the cases that stand behind `first`, first + 1, …, at most `most`, until one is wrong: says how, or "".
// `tried` counts them as it goes on, for those who outlive a crash. Ends the process by SIGALRM if one takes more than
// a minute.
using Finder = std::string (*)(std::uint64_t first, std::uint64_t most, Count& tried);

// The verifier on a valid program, which it must accept, and on a neighbour with one broken field, for which it must
// give the right rule and place.
std::string verdicts(std::uint64_t first, std::uint64_t most, Count& tried);

// The fuzz harness: chains of one to three filters on all that this process can run.
std::string decisions(std::uint64_t first, std::uint64_t most, Count& tried);

// run_everywhere(): slower, and with x86_32 code from a 64-bit process.
std::string everywhere(std::uint64_t first, std::uint64_t most, Count& tried);

}  // namespace callgate::test
