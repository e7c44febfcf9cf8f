// The evaluators against the running kernel: the same results, for random filters and inputs made for them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <ostream>
#include <set>

#include "fuzz/generator/inputs.h"
#include "fuzz/generator/program_generator.h"
#include "tests/kernel/engines.h"
#include "tests/kernel/listing.h"
#include "tests/kernel/probe_client.h"
#include "tests/kernel/result_rewrite.h"
#include "tests/kernel/settings.h"

namespace callgate::kernel {
namespace {

// How a call reaches the kernel.
struct Route {
  const char* name;
  int bits;
  Gate gate;
  std::uint32_t arch;
};

// How a failure names the route.
void PrintTo(const Route& route, std::ostream* out) { *out << route.name; }

constexpr Route routes[] = {
    {"Syscall64", 64, Gate::native, arch::x86_64},
    {"Int80From64", 64, Gate::int80, arch::x86_32},  // arch says i386, the registers have 64 bits
    {"Int80From32", 32, Gate::native, arch::x86_32},
};

constexpr std::size_t group_size = 3;
constexpr std::size_t inputs_per_group = 16;

std::string describe(const SeccompData& data) {
  char text[240];
  const auto wide = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
  std::snprintf(text, sizeof text, "nr %x arch %x ip %llx args %llx %llx %llx %llx %llx %llx", data.nr, data.arch,
                wide(data.instruction_pointer), wide(data.args[0]), wide(data.args[1]), wide(data.args[2]),
                wide(data.args[3]), wide(data.args[4]), wide(data.args[5]));
  return text;
}

std::string describe(std::span<const Program> oldest_first) {
  std::string text;
  for (const Program& program : oldest_first) text += "filter:\n" + listing(program.instructions());
  return text;
}

struct Group {
  std::vector<Program> filters;  // oldest first
  std::vector<SeccompData> inputs;
  std::vector<std::vector<std::uint32_t>> results;  // by input, then by filter
};

class ResultOracle : public testing::TestWithParam<Route> {
 protected:
  // Programs that share their inputs, with the kernel's results.
  Group next_group(Probe& probe, fuzz::ProgramGenerator& generator) {
    std::vector<Filter> programs;
    Group group;
    for (std::size_t i = 0; i < group_size; ++i) {
      programs.push_back(generator.valid(compared_ % 10 == 0 ? max_program_length : 400));
      const std::size_t share = inputs_per_group * (i + 1) / group_size - group.inputs.size();
      for (const SeccompData& data : fuzz::inputs_for(programs.back(), generator.next(), share)) {
        group.inputs.push_back(as_issued(data, probe));
      }
    }
    group.results.resize(group.inputs.size());
    for (const Filter& program : programs) {
      std::vector<std::uint32_t> results;
      if (!kernel_results(probe, program, group.inputs, results)) {
        ++left_out_;
        continue;
      }
      ++compared_;
      group.filters.push_back(*verify(program));
      for (std::size_t i = 0; i < results.size(); ++i) group.results[i].push_back(results[i]);
    }
    return group;
  }

 private:
  // What the kernel will see when the probe issues `data`.
  static SeccompData as_issued(SeccompData data, const Probe& probe) {
    const Route& route = GetParam();
    data.arch = route.arch;
    data.instruction_pointer = probe.hello().address_after[static_cast<std::size_t>(route.gate)];
    // uretprobe and uprobe, which recent kernels do not filter.
    if (route.arch == arch::x86_64 && (data.nr == 335 || data.nr == 336)) data.nr = 337;
    if (route.bits == 32) {
      for (std::uint64_t& arg : data.args) arg &= 0xffffffff;
    }
    return data;
  }

  // Fills `results` with what the kernel's run of `program` returns for each input. False if the shape is left out.
  bool kernel_results(Probe& probe, std::span<const Insn> program, std::span<const SeccompData> inputs,
                      std::vector<std::uint32_t>& results) {
    std::vector<CallResult> calls[part_count];
    for (std::uint32_t part = 0; part < part_count; ++part) {
      const auto filter = returning_part(program, part);
      if (!filter) return false;
      calls[part] = probe.calls(GetParam().gate, *filter, inputs);
    }
    results.assign(inputs.size(), 0);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      for (std::uint32_t part = 0; part < part_count; ++part) {
        EXPECT_EQ(calls[part][i].killed, calls[0][i].killed);
        if (calls[part][i].killed == 0) results[i] |= part_from(calls[part][i].value, part);
      }
      divisions_by_zero_ += calls[0][i].killed;
    }
    branching_ += std::set(results.begin(), results.end()).size() > 1;
    return true;
  }

 protected:
  // Programs compared, and those whose shape is left out.
  std::uint32_t compared_ = 0;
  std::uint32_t left_out_ = 0;
  // Programs with more than one result, and calls that a division by zero ended: random tests must reach both.
  std::uint32_t branching_ = 0;
  std::uint32_t divisions_by_zero_ = 0;
};

void compare_interpreter(const Group& group) {
  for (std::size_t i = 0; i < group.inputs.size(); ++i) {
    for (std::size_t f = 0; f < group.filters.size(); ++f) {
      ASSERT_EQ(interpret(group.filters[f], group.inputs[i]), group.results[i][f])
          << "interpreter, then kernel\n" << describe(group.inputs[i]) << "\n" << describe({&group.filters[f], 1});
    }
  }
}

// A chain of the filters [first, last) against the merged results of the kernel.
void compare_chain(const Group& group, const EngineChoice& choice, std::size_t first, std::size_t last) {
  const auto filters = std::span(group.filters).subspan(first, last - first);
  for (const MergeRule rule : {MergeRule::first_non_allow, MergeRule::most_restrictive}) {
    const Chain chain = choice.chain(filters, rule);
    for (std::size_t i = 0; i < group.inputs.size(); ++i) {
      const auto results = std::span(group.results[i]).subspan(first, last - first);
      ASSERT_EQ(chain.evaluate(group.inputs[i]), merged(results, rule))
          << choice.name() << ", " << name(rule) << "; chain, then kernel\n"
          << describe(group.inputs[i]) << "\n" << describe(filters);
    }
  }
}

void compare_everywhere(const Group& group, std::span<const EngineChoice> choices) {
  ASSERT_NO_FATAL_FAILURE(compare_interpreter(group));
  for (const EngineChoice& choice : choices) {
    for (std::size_t f = 0; f < group.filters.size(); ++f) {
      ASSERT_NO_FATAL_FAILURE(compare_chain(group, choice, f, f + 1));
    }
    ASSERT_NO_FATAL_FAILURE(compare_chain(group, choice, 0, group.filters.size()));
  }
}

TEST_P(ResultOracle, RandomPrograms) {
  CALLGATE_PROBE_OR_SKIP(probe, GetParam().bits);
  if (GetParam().gate == Gate::int80 && probe.hello().int80_works == 0) GTEST_SKIP() << "this kernel has no int 0x80";
  const std::uint32_t wanted = std::max(1200u, program_count() / 100);
  std::printf("CALLGATE_SEED=%llu, %u programs\n", static_cast<unsigned long long>(seed()), wanted);
  const auto choices = engine_choices();
  fuzz::ProgramGenerator generator(seed());
  while (compared_ < wanted) {
    const Group group = next_group(probe, generator);
    ASSERT_NO_FATAL_FAILURE(compare_everywhere(group, choices));
  }
  std::printf("%u programs compared on interpret() and %zu engines, %u left out; %u branch, %u calls divide by 0\n",
              compared_, choices.size(), left_out_, branching_, divisions_by_zero_);
  EXPECT_GT(branching_, compared_ / 3);
  EXPECT_GT(divisions_by_zero_, compared_ / 50);
  EXPECT_LT(left_out_, compared_ / 50);
}

INSTANTIATE_TEST_SUITE_P(Routes, ResultOracle, testing::ValuesIn(routes),
                         [](const auto& route) { return std::string(route.param.name); });

}  // namespace
}  // namespace callgate::kernel
