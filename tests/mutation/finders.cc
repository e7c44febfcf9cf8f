#include "tests/mutation/finders.h"

#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "oracles/generator/broken.h"
#include "oracles/generator/program_generator.h"
#include "oracles/harness/batch.h"
#include "tests/support/filters.h"
#include "tests/support/run_everywhere.h"
#include "verifier/verify.h"

namespace callgate::test {
namespace {

constexpr unsigned patience = 60;  // seconds: a bug may make code run for ever

// One case after the other, until one says something.
template <class Case>
std::string one_by_one(std::uint64_t first, std::uint64_t most, Count& tried, Case run) {
  std::string found;
  for (std::uint64_t i = 0; i < most && found.empty(); ++i) {
    ++tried;
    alarm(patience);
    found = run(first + i);
  }
  alarm(0);
  return found;
}

// Now and then as long as a filter may be, and one more for its neighbour.
std::uint32_t max_length(std::uint64_t seed) { return seed % 64 == 63 ? max_program_length : 60; }

std::string told(const std::optional<VerifyError>& error) { return error ? to_string(*error) : "accepted"; }

std::string verdict(std::uint64_t seed) {
  oracles::ProgramGenerator generator(seed);
  const std::vector<Insn> valid = generator.valid(max_length(seed));
  if (const auto error = verifier::check(valid)) return "a valid program is rejected: " + to_string(*error);
  oracles::Random random(seed);
  const oracles::Broken broken = oracles::break_a_rule(random, valid);
  const auto error = verifier::check(broken.program);
  if (error && error->code == broken.rule && error->pc == broken.pc) return "";
  return std::string("a broken program (") + rule(broken.rule) + ") gets: " + told(error);
}

std::string chain(std::uint64_t seed) {
  oracles::ProgramGenerator generator(seed);
  std::vector<std::vector<Insn>> chain;
  generator.write_chain(3, 48, false, chain);
  std::vector<Program> filters;
  for (const std::vector<Insn>& filter : chain) filters.push_back(program(std::span<const Insn>(filter)));
  return run_everywhere(filters, seed, 16);
}

}  // namespace

std::string verdicts(std::uint64_t first, std::uint64_t most, Count& tried) {
  return one_by_one(first, most, tried, verdict);
}

std::string everywhere(std::uint64_t first, std::uint64_t most, Count& tried) {
  return one_by_one(first, most, tried, chain);
}

std::string decisions(std::uint64_t first, std::uint64_t most, Count& tried) {
  oracles::Config config;
  config.seed = first;
  config.max_filters = 3;
  config.batch = 32;
  config.kinds = oracles::available_deciders(config);
  auto deciders = oracles::make_deciders(config);
  if (!deciders) throw std::runtime_error(deciders.error());
  oracles::BatchRunner runner(config, *deciders);
  for (std::uint64_t done = 0; done < most; done += config.batch) {
    const auto count = static_cast<std::uint32_t>(std::min<std::uint64_t>(config.batch, most - done));
    alarm(patience);
    tried = done + count;
    const auto bad = runner.run(done, count);
    alarm(0);
    if (!bad) continue;
    tried = bad->index + 1;
    return bad->finding.who + " " + bad->finding.what;
  }
  return "";
}

}  // namespace callgate::test
