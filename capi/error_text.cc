// Errors in words.
#include "callgate/action.hpp"
#include "callgate/options.hpp"
#include "capi/report.h"
#include "capi/text.h"

namespace callgate::capi {
namespace {

bool is_rule(std::int32_t code) noexcept { return code >= CALLGATE_EMPTY && code <= CALLGATE_NO_RETURN_AT_END; }

// The rule with its figures, as describe() has it, if the struct has them.
void put_rule(Text& text, const callgate_error& error, bool is_whole) noexcept {
  const bool has_place = error.instruction != CALLGATE_NONE;
  if (!is_whole) {
    if (has_place) text << "at " << error.instruction << ": ";
    text << callgate_code_text(error.code);
    return;
  }
  const Insn insn{error.insn.code, error.insn.jt, error.insn.jf, error.insn.k};
  char line[160];
  describe({rule_of(error.code), has_place ? error.instruction : 0, insn, error.length}, line, sizeof line);
  text << line;
}

void put_errno(Text& text, std::int32_t number) noexcept {
  const char* const name = errno_name(static_cast<std::uint32_t>(number));
  if (name != nullptr) {
    text << " (" << name << ")";
  } else {
    text << " (errno " << static_cast<std::uint32_t>(number) << ")";
  }
}

void put(Text& text, const callgate_error& error, bool is_whole) noexcept {
  if (error.filter != CALLGATE_NONE) text << "filter " << error.filter << ", ";
  if (is_rule(error.code)) return put_rule(text, error, is_whole);
  text << callgate_code_text(error.code);
  if (error.where != nullptr) text << " (" << error.where << ")";
  if (error.code == CALLGATE_PATH_TOO_LONG && is_whole) {
    text << " (" << error.path_length << " converted instructions, at most " << error.path_limit << ")";
  }
  if (CALLGATE_AREA(error.code) >= CALLGATE_AREA_PUBLICATION && error.error_number > 0) {
    put_errno(text, error.error_number);
  }
}

}  // namespace
}  // namespace callgate::capi

using namespace callgate;

const char* callgate_code_text(std::int32_t code) noexcept {
  if (capi::is_rule(code)) return rule(capi::rule_of(code));
  switch (code) {
    case CALLGATE_OK: return "no error";
    case CALLGATE_NULL_POINTER: return "a pointer is null that must not be";
    case CALLGATE_BAD_SIZE: return "the size of a struct is wrong, or it has more than this library knows";
    case CALLGATE_BAD_VALUE: return "a field or an argument holds no value of its type";
    case CALLGATE_BAD_LAYOUT: return message(AttachErrc::bad_layout);
    case CALLGATE_BAD_COUNT: return "an array is larger than the address space";
    case CALLGATE_BAD_OBJECT: return message(AttachErrc::moved_from);
    case CALLGATE_NOT_PORTABLE: return "the chain has machine code, or nothing that can be copied";
    case CALLGATE_NO_ROOM: return message(AttachErrc::no_room);
    case CALLGATE_PATH_TOO_LONG: return message(AttachErrc::path_too_long);
    case CALLGATE_CODE_TOO_LARGE: return message(FallbackReason::code_too_large);
    case CALLGATE_OUT_OF_MEMORY: return message(AttachErrc::out_of_memory);
    case CALLGATE_ENGINE_UNAVAILABLE: return message(AttachErrc::engine_unavailable);
    case CALLGATE_TARGET_UNAVAILABLE: return message(AttachErrc::target_unavailable);
    case CALLGATE_NO_EXEC_MEMORY: return message(FallbackReason::no_exec_memory);
    case CALLGATE_NO_JIT: return message(FallbackReason::no_jit);
    case CALLGATE_MEMORY_REFUSED: return message(FallbackReason::memory_refused);
    case CALLGATE_FILE_SIZE_LIMIT: return message(FallbackReason::file_size_limit);
    case CALLGATE_ASSEMBLER_ERROR: return message(FallbackReason::assembler_error);
    case CALLGATE_CALLER_MEMORY: return message(FallbackReason::caller_memory);
    case CALLGATE_NO_MEMORY_FILE: return "the descriptor is not that of a memory file that can be sealed";
    case CALLGATE_NOT_SEALED: return "the file has not all seals";
    case CALLGATE_BAD_FORMAT: return "the file is no saved chain of this byte order";
    case CALLGATE_BAD_VERSION: return "the format of the file has another version";
    case CALLGATE_DAMAGED: return "the file is damaged";
    case CALLGATE_NOT_READ: return "the file could not be read";
    case CALLGATE_NOT_WRITTEN: return "the file could not be written";
    default: return "unknown error";
  }
}

std::size_t callgate_error_text(const callgate_error* error, char* text, std::size_t capacity) noexcept {
  capi::Text out(text, capacity);
  callgate_error known;
  if (error == nullptr) {
    out << "no error is given (error is null)";
  } else if (!capi::read_struct(*error, known)) {
    out << callgate_code_text(CALLGATE_BAD_SIZE) << " (error)";
  } else {
    capi::put(out, known, error->size >= sizeof known);
  }
  return out.finish();
}
