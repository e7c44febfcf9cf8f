// The verifier against the running kernel: the same filters are accepted.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdio>
#include <set>

#include "bpf/opcode.h"
#include "fuzz/generator/program_generator.h"
#include "tests/kernel/listing.h"
#include "tests/kernel/probe_client.h"
#include "tests/kernel/settings.h"
#include "verifier/verify.h"

namespace callgate::kernel {
namespace {

struct Tally {
  std::uint32_t accepted = 0;
  std::uint32_t rejected = 0;
};

// Compares the verdicts on a batch.
void compare(Probe& probe, std::span<const Filter> batch, Tally& tally) {
  const auto errors = probe.verdicts(batch);
  ASSERT_EQ(errors.size(), batch.size());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    ASSERT_TRUE(errors[i] == EBUSY || errors[i] == EINVAL) << "errno " << int{errors[i]} << "\n" << listing(batch[i]);
    const bool accepted = errors[i] == EBUSY;
    const auto error = verifier::check(batch[i]);
    ASSERT_EQ(accepted, !error) << "the kernel " << (accepted ? "accepts" : "rejects") << ", the verifier says "
                                << (error ? to_string(*error) : "ok") << "\n" << listing(batch[i]);
    ++(accepted ? tally.accepted : tally.rejected);
  }
}

class VerdictOracle : public testing::TestWithParam<int> {};

// Every code, in a place where slots are written and jumps have room, with three values of k: 0 (no division), 1
// (no aligned load) and 4 suit every opcode once.
TEST_P(VerdictOracle, AllOpcodes) {
  CALLGATE_PROBE_OR_SKIP(probe, GetParam());
  constexpr std::uint32_t ks[] = {0, 1, 4};
  std::set<std::uint32_t> accepted_codes;
  Tally tally;
  for (std::uint32_t first = 0; first < 0x10000; first += 0x1000) {
    std::vector<Filter> batch;
    for (std::uint32_t code = first; code < first + 0x1000; ++code) {
      for (const std::uint32_t k : ks) {
        batch.push_back({{0x02, 0, 0, 0}, {0x02, 0, 0, 1}, {0x02, 0, 0, 4}});
        batch.back().push_back({static_cast<std::uint16_t>(code), 0, 0, k});
        batch.back().insert(batch.back().end(), 6, {0x06, 0, 0, 0});
        if (!verifier::check(batch.back())) accepted_codes.insert(code);
      }
    }
    ASSERT_NO_FATAL_FAILURE(compare(probe, batch, tally));
  }
  EXPECT_EQ(accepted_codes.size(), bpf::opcode_table.size());
  EXPECT_GE(tally.accepted, accepted_codes.size());
  EXPECT_GT(tally.rejected, 190000u);
}

Filter next_program(fuzz::ProgramGenerator& generator, std::uint32_t i) {
  const std::uint32_t max_length = i % 100 == 0 ? max_program_length + 1 : 120;
  switch (i % 5) {
    case 0: return generator.valid(max_length);
    case 1: return generator.random_bytes(max_length);
    default: return generator.mutated(generator.valid(max_length));
  }
}

// From 32 bits only a sample: it enters the kernel elsewhere, and meets the same checks.
TEST_P(VerdictOracle, RandomAndMutatedPrograms) {
  CALLGATE_PROBE_OR_SKIP(probe, GetParam());
  const std::uint32_t count = GetParam() == 64 ? program_count() : program_count() / 5;
  std::printf("CALLGATE_SEED=%llu, %u programs\n", static_cast<unsigned long long>(seed()), count);
  fuzz::ProgramGenerator generator(seed());
  Tally tally;
  for (std::uint32_t done = 0; done < count;) {
    std::vector<Filter> batch;
    for (; batch.size() < 500 && done < count; ++done) batch.push_back(next_program(generator, done));
    ASSERT_NO_FATAL_FAILURE(compare(probe, batch, tally));
  }
  std::printf("%u accepted, %u rejected\n", tally.accepted, tally.rejected);
  EXPECT_GT(tally.accepted, count / 4);
  EXPECT_GT(tally.rejected, count / 4);
}

TEST_P(VerdictOracle, Lengths) {
  CALLGATE_PROBE_OR_SKIP(probe, GetParam());
  std::vector<Filter> batch;
  for (const std::size_t length : {0u, 1u, 4095u, 4096u, 4097u, 65535u}) {
    batch.emplace_back(length, Insn{0x06, 0, 0, 0});
  }
  Tally tally;
  ASSERT_NO_FATAL_FAILURE(compare(probe, batch, tally));
  EXPECT_EQ(tally.accepted, 3u);
}

INSTANTIATE_TEST_SUITE_P(Bits, VerdictOracle, testing::Values(64, 32), testing::PrintToStringParamName());

}  // namespace
}  // namespace callgate::kernel
