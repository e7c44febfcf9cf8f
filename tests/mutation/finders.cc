#include "tests/mutation/finders.h"

#include <vector>

#include "bpf/disassembler.h"
#include "fuzz/generator/broken.h"
#include "fuzz/generator/program_generator.h"
#include "tests/support/filters.h"
#include "tests/support/run_everywhere.h"
#include "verifier/verify.h"

namespace callgate::test {
namespace {

// Now and then as long as a filter may be, and one more for its neighbour.
std::uint32_t max_length(std::uint64_t seed) { return seed % 64 == 63 ? max_program_length : 60; }

std::string told(const std::optional<VerifyError>& error) { return error ? to_string(*error) : "accepted"; }

}  // namespace

std::string verdicts(std::uint64_t seed) {
  fuzz::ProgramGenerator generator(seed);
  const std::vector<Insn> valid = generator.valid(max_length(seed));
  if (const auto error = verifier::check(valid)) return "a valid program is rejected: " + to_string(*error);
  fuzz::Random random(seed);
  const fuzz::Broken broken = fuzz::break_a_rule(random, valid);
  const auto error = verifier::check(broken.program);
  if (error && error->code == broken.rule && error->pc == broken.pc) return "";
  return std::string("a broken program (") + rule(broken.rule) + ") gets: " + told(error);
}

std::string decisions(std::uint64_t seed) {
  fuzz::ProgramGenerator generator(seed);
  std::vector<std::vector<Insn>> chain;
  generator.write_chain(3, 48, false, chain);
  std::vector<Program> filters;
  for (const std::vector<Insn>& filter : chain) filters.push_back(program(std::span<const Insn>(filter)));
  return run_everywhere(filters, seed, 16);
}

}  // namespace callgate::test
