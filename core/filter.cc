// One filter: what stands between the C functions of the core and the verifier and the interpreter.
#include "callgate/core.h"
#include "interp/run.h"
#include "verifier/verify.h"

using namespace callgate;

namespace {

// Codes of verification begin here, in the order of VerifyErrc (capi/report.cc asserts it).
constexpr int first_rule = 101;

const Insn* cast(const callgate_insn* instructions) noexcept { return reinterpret_cast<const Insn*>(instructions); }

}  // namespace

int callgate_core_verify(const callgate_insn* instructions, std::size_t count, std::uint32_t* at) noexcept {
  if (instructions == nullptr && count != 0) return CALLGATE_CORE_NULL_POINTER;
  const auto error = verifier::check({cast(instructions), count});
  if (!error) return 0;
  if (at != nullptr) *at = error->pc;
  return first_rule + static_cast<int>(error->code);
}

std::uint32_t callgate_core_run(const callgate_insn* instructions, const callgate_data* call) noexcept {
  return interp::run(cast(instructions), *reinterpret_cast<const SeccompData*>(call));
}
