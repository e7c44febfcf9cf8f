#include "capi/report.h"

#include <cerrno>

namespace callgate::capi {
namespace {

// Verification has the order of VerifyErrc, up to out_of_memory, which is no rule.
constexpr int first_rule = CALLGATE_EMPTY;
static_assert(CALLGATE_NO_RETURN_AT_END - first_rule == static_cast<int>(VerifyErrc::no_return_at_end));
static_assert(static_cast<int>(VerifyErrc::out_of_memory) == static_cast<int>(VerifyErrc::no_return_at_end) + 1);

callgate_code code_of(AttachErrc code) noexcept {
  switch (code) {
    case AttachErrc::out_of_memory: return CALLGATE_OUT_OF_MEMORY;
    case AttachErrc::path_too_long: return CALLGATE_PATH_TOO_LONG;
    case AttachErrc::engine_unavailable: return CALLGATE_ENGINE_UNAVAILABLE;
    case AttachErrc::target_unavailable: return CALLGATE_TARGET_UNAVAILABLE;
    case AttachErrc::bad_layout: return CALLGATE_BAD_LAYOUT;
    case AttachErrc::bad_option: return CALLGATE_BAD_VALUE;
    case AttachErrc::moved_from: return CALLGATE_BAD_OBJECT;
    case AttachErrc::no_room: return CALLGATE_NO_ROOM;
    case AttachErrc::invalid: break;  // reported as the rule that is broken
  }
  return CALLGATE_BAD_VALUE;
}

}  // namespace

callgate_code code_of(VerifyErrc rule) noexcept {
  if (rule == VerifyErrc::out_of_memory) return CALLGATE_OUT_OF_MEMORY;
  return static_cast<callgate_code>(first_rule + static_cast<int>(rule));
}

VerifyErrc rule_of(std::int32_t code) noexcept { return static_cast<VerifyErrc>(code - first_rule); }

callgate_code code_of(FallbackReason reason) noexcept {
  switch (reason) {
    case FallbackReason::none: return CALLGATE_OK;
    case FallbackReason::no_exec_memory: return CALLGATE_NO_EXEC_MEMORY;
    case FallbackReason::no_jit: return CALLGATE_NO_JIT;
    case FallbackReason::memory_refused: return CALLGATE_MEMORY_REFUSED;
    case FallbackReason::file_size_limit: return CALLGATE_FILE_SIZE_LIMIT;
    case FallbackReason::code_too_large: return CALLGATE_CODE_TOO_LARGE;
    case FallbackReason::caller_memory: return CALLGATE_CALLER_MEMORY;
    case FallbackReason::assembler_error: return CALLGATE_ASSEMBLER_ERROR;
  }
  return CALLGATE_ASSEMBLER_ERROR;
}

callgate_error Report::empty(callgate_code code) noexcept {
  callgate_error error{};
  error.size = sizeof error;
  error.code = code;
  error.filter = CALLGATE_NONE;
  error.instruction = CALLGATE_NONE;
  return error;
}

int Report::write(const callgate_error& error) noexcept {
  if (out_ != nullptr) write_struct(error, *out_);
  return error.code;
}

int Report::misuse(callgate_code code, const char* where) noexcept {
  callgate_error error = empty(code);
  error.where = where;
  return write(error);
}

int Report::failed(callgate_code code, int number) noexcept {
  callgate_error error = empty(code);
  error.error_number = number;
  return write(error);
}

int Report::out_of_memory() noexcept { return failed(CALLGATE_OUT_OF_MEMORY, ENOMEM); }

int Report::refused(const VerifyError& why, std::uint32_t filter) noexcept {
  if (why.code == VerifyErrc::out_of_memory) return out_of_memory();
  callgate_error error = empty(code_of(why.code));
  error.filter = filter;
  error.error_number = EINVAL;
  error.length = why.length;
  if (why.code != VerifyErrc::empty) {
    error.instruction = why.pc;
    error.insn = {why.insn.code, why.insn.jt, why.insn.jf, why.insn.k};
  }
  return write(error);
}

int Report::refused(const AttachError& why, std::uint32_t filter) noexcept {
  if (why.code == AttachErrc::out_of_memory) return out_of_memory();
  callgate_error error = empty(code_of(why.code));
  error.where = why.code == AttachErrc::bad_layout ? "options->layout" : why.option;
  if (why.code == AttachErrc::path_too_long) {
    error.filter = filter;
    error.error_number = ENOMEM;
    error.path_length = why.path_length;
    error.path_limit = why.path_limit;
  }
  return write(error);
}

}  // namespace callgate::capi
