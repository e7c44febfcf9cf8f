// Names of options, errors and fallback reasons: one table each.
#include "callgate/options.hpp"

#include "callgate/chain.hpp"

namespace callgate {

const char* name(Engine engine) noexcept {
  switch (engine) {
    case Engine::automatic: return "auto";
    case Engine::interpreter: return "interp";
    case Engine::xbyak: return "xbyak";
    case Engine::asmjit: return "asmjit";
  }
  return "unknown";
}

const char* name(Target target) noexcept {
  switch (target) {
    case Target::native: return "native";
    case Target::x86_64: return "x86_64";
    case Target::x86_32: return "x86_32";
  }
  return "unknown";
}

const char* name(Optimize level) noexcept {
  switch (level) {
    case Optimize::none: return "none";
    case Optimize::full: return "full";
  }
  return "unknown";
}

const char* name(MergeRule rule) noexcept {
  switch (rule) {
    case MergeRule::first_non_allow: return "first_non_allow";
    case MergeRule::most_restrictive: return "most_restrictive";
  }
  return "unknown";
}

const char* name(Precision precision) noexcept {
  switch (precision) {
    case Precision::path_sensitive: return "path_sensitive";
    case Precision::per_number: return "per_number";
    case Precision::number_blind: return "number_blind";
    case Precision::baseline: return "baseline";
  }
  return "unknown";
}

const char* message(AttachErrc code) noexcept {
  switch (code) {
    case AttachErrc::out_of_memory: return "out of memory";
    case AttachErrc::path_too_long: return "the chain is longer than the limit on a path";
    case AttachErrc::engine_unavailable: return "this build does not have the engine";
    case AttachErrc::target_unavailable: return "this process cannot run code for the target";
    case AttachErrc::bad_layout: return "the input layout has a constant number or an offset out of its bounds";
    case AttachErrc::bad_option: return "an option holds no value of its type";
    case AttachErrc::no_room: return "the memory is too small for the filter";
    case AttachErrc::invalid: return "the filter breaks a rule of the verifier";
    case AttachErrc::moved_from: return "the chain or a filter was moved from";
  }
  return "unknown error";
}

std::string to_string(const AttachError& error) {
  std::string text = message(error.code);
  if (error.code == AttachErrc::path_too_long) {
    text += " (" + std::to_string(error.path_length) + " converted instructions, at most " +
            std::to_string(error.path_limit) + ")";
  }
  if (error.option != nullptr) text += std::string(" (Options::") + error.option + ")";
  return text;
}

const char* message(FallbackReason reason) noexcept {
  switch (reason) {
    case FallbackReason::none: return "none";
    case FallbackReason::no_exec_memory: return "Options::no_exec_memory asks for it";
    case FallbackReason::no_jit: return "this build has no assembler for this process";
    case FallbackReason::memory_refused: return "the system refused executable memory";
    case FallbackReason::file_size_limit: return "RLIMIT_FSIZE is too small for the code";
    case FallbackReason::code_too_large: return "the machine code would be too large";
    case FallbackReason::caller_memory: return "the newest filter lies in the caller's memory";
    case FallbackReason::assembler_error: return "the assembler failed (a bug in callgate)";
  }
  return "unknown reason";
}

}  // namespace callgate
