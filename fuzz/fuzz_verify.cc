// Any bytes as a filter: the verifier agrees with the kernel's rules written down once more, places its errors inside,
// and what it accepts runs.
#include "callgate/program.hpp"
#include "fuzz/plain_verifier.h"
#include "fuzz/target.h"
#include "oracles/generator/broken.h"
#include "oracles/generator/mutations.h"
#include "oracles/generator/program_generator.h"
#include "verifier/verify.h"

namespace callgate::fuzz {
namespace {

void check_error(const VerifyError& error, std::span<const Insn> program) {
  require(error.length == program.size(), "the error tells another length");
  require(error.pc <= program.size(), "the error is outside of the program");
  require(to_string(error).size() > 5, "the error has no text");
}

void check(std::span<const Insn> program) {
  const auto error = verifier::check(program);
  require(error.has_value() != kernel_would_accept(program),
          error ? "rejects what the kernel accepts: " + to_string(*error) : "accepts what the kernel rejects");
  const auto verified = verify(program);
  require(verified.has_value() != error.has_value(), "check() and verify() disagree");
  if (error) return check_error(*error, program);
  require(verified->size() == program.size(), "the Program has another length");
  require(verified->kernel_length() > program.size(), "the kernel's length has no prologue");
  static_cast<void>(interpret(*verified, SeccompData{}));
}

std::vector<Insn> other(const std::vector<Insn>& program, Random& random) {
  const std::uint32_t kind = random.below(8);
  ProgramGenerator generator(random.next());
  if (kind == 0 || program.empty()) return generator.valid(64);
  if (kind < 3 && !verifier::check(program)) return break_a_rule(random, program).program;
  if (kind == 3) return noise(random, 12);
  return mutated(random, program);
}

}  // namespace
}  // namespace callgate::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  callgate::fuzz::check(callgate::fuzz::insns_of({data, size}));
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  callgate::fuzz::Random random(seed);
  if (random.chance(30)) return LLVMFuzzerMutate(data, size, max_size);
  return callgate::fuzz::store(callgate::fuzz::other(callgate::fuzz::insns_of({data, size}), random), data, max_size);
}
