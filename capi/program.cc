#include "capi/program.h"

#include <cstdint>
#include <new>
#include <span>
#include <utility>

#include "capi/convert.h"

using namespace callgate;

int callgate_verify(const callgate_insn* instructions, std::size_t count, const callgate_program** out,
                    callgate_error* error) noexcept {
  if (out != nullptr) *out = nullptr;
  capi::Report report(error);
  if (!report.is_usable()) return CALLGATE_BAD_SIZE;
  if (out == nullptr) return report.misuse(CALLGATE_NULL_POINTER, "out");
  if (instructions == nullptr && count != 0) return report.misuse(CALLGATE_NULL_POINTER, "instructions");
  if (count > PTRDIFF_MAX / sizeof(Insn)) return report.misuse(CALLGATE_BAD_COUNT, "count");
  auto verified = verify(std::span(capi::cast(instructions), count));
  if (!verified) return report.refused(verified.error(), CALLGATE_NONE);
  *out = new (std::nothrow) callgate_program(std::move(*verified));
  return *out == nullptr ? report.out_of_memory() : report.ok();
}

const callgate_program* callgate_program_retain(const callgate_program* program) noexcept {
  if (program != nullptr) program->references.acquire();
  return program;
}

void callgate_program_release(const callgate_program* program) noexcept {
  if (program != nullptr && program->references.release()) delete program;
}

const callgate_insn* callgate_program_instructions(const callgate_program* program, std::size_t* count) noexcept {
  const auto instructions = program == nullptr ? std::span<const Insn>() : program->program.instructions();
  if (count != nullptr) *count = instructions.size();
  return reinterpret_cast<const callgate_insn*>(instructions.data());
}

std::uint32_t callgate_program_kernel_length(const callgate_program* program) noexcept {
  return program == nullptr ? 0 : program->program.kernel_length();
}
