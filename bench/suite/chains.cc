// length/N/EVALUATOR: decisions of chains of N filters, all of which allow, where number and architecture decide.
// domains/MODE/EVALUATOR: decisions of the container profile about calls that number and architecture decide, of the
// three modes of an x86_64 kernel.
#include <fmt/format.h>
#include <linux/bpf_common.h>

#include "bench/filters/ladder.h"
#include "bench/filters/seccomp_filter.h"
#include "bench/measure/engines.h"
#include "bench/suite/suite.h"
#include "bench/suite/together.h"

namespace callgate::bench {
namespace {

constexpr std::size_t calls_per_stream = 2048;

// Refuses four numbers that no other filter of the chain refuses: 13 instructions.
Program small_filter(std::uint32_t index) {
  Ladder ladder;
  ladder.start();
  for (std::uint32_t i = 0; i < 4; ++i) ladder.decide(1000 + 4 * index + i, action::errno_ | 1);
  ladder.finish(action::allow);
  return verified("small filter", ladder.instructions()).program;
}

std::vector<SeccompData> numbers_below(std::uint32_t limit) {
  std::vector<SeccompData> calls = uniform_stream(calls_per_stream, 7);
  for (SeccompData& data : calls) data.nr %= limit;
  return calls;
}

// Calls of the mode that the profile decides without a look at the arguments.
std::vector<SeccompData> constant_calls(std::uint32_t arch_value, std::uint32_t bit,
                                        const std::vector<Program>& programs) {
  std::vector<SeccompData> calls;
  for (std::uint64_t seed = 1; calls.size() < calls_per_stream; ++seed) {
    for (SeccompData data : uniform_stream(calls_per_stream, seed)) {
      data.arch = arch_value;
      data.nr |= bit;
      SeccompData other = data;
      for (std::uint64_t& argument : other.args) argument = ~argument;
      SeccompData bare{data.nr, data.arch, 0, {}};
      const std::uint32_t result = decide_one_by_one(programs, data);
      const bool constant = decide_one_by_one(programs, other) == result && decide_one_by_one(programs, bare) == result;
      if (constant && calls.size() < calls_per_stream) calls.push_back(data);
    }
  }
  return calls;
}

}  // namespace

void add_chains(const Suite& suite) {
  const auto calls = std::make_shared<Calls>(numbers_below(460));
  for (const std::uint32_t length : {1U, 2U, 4U, 8U, 16U, 32U, 64U, 128U, 256U}) {
    std::vector<Program> programs;
    for (std::uint32_t i = 0; i < length; ++i) programs.push_back(small_filter(i));
    add_group({fmt::format("length/{}", length), std::make_shared<Entrants>(programs, Field::engines), calls});
  }
  const std::vector<Program> container = suite.workload("container").programs();
  const auto entrants = std::make_shared<Entrants>(container, Field::engines);
  struct Mode {
    const char* name;
    std::uint32_t arch_value;
    std::uint32_t bit;
  };
  for (const auto& [name, arch_value, bit] :
       {Mode{"x86_64", arch::x86_64, 0}, Mode{"x32", arch::x86_64, arch::x32_bit}, Mode{"i386", arch::x86_32, 0}}) {
    const auto of_mode = std::make_shared<Calls>(constant_calls(arch_value, bit, container));
    add_group({fmt::format("domains/{}", name), entrants, of_mode});
  }
}

}  // namespace callgate::bench
