// Names, and what else is one line of the C++ API.
#include "callgate/sigsys.hpp"
#include "callgate/version.hpp"
#include "capi/convert.h"
#include "capi/text.h"

using namespace callgate;

namespace {

// A number that is no value of a type of one byte stays none when it is cast.
template <class Enum>
Enum as(std::uint32_t value) noexcept {
  return static_cast<Enum>(value < 0xff ? value : 0xff);
}

}  // namespace

const char* callgate_version(void) noexcept { return CALLGATE_VERSION; }
const char* callgate_action_name(std::uint32_t result) noexcept { return action_name(result); }
const char* callgate_errno_name(std::uint32_t number) noexcept { return errno_name(number); }
const char* callgate_engine_name(std::uint32_t engine) noexcept { return name(as<Engine>(engine)); }
const char* callgate_target_name(std::uint32_t target) noexcept { return name(as<Target>(target)); }
const char* callgate_rule_name(std::uint32_t rule) noexcept { return name(as<MergeRule>(rule)); }
const char* callgate_precision_name(std::uint32_t precision) noexcept { return name(as<Precision>(precision)); }

std::size_t callgate_result_text(std::uint32_t result, char* text, std::size_t capacity) noexcept {
  char whole[48];
  describe_result(result, whole, sizeof whole);
  capi::Text out(text, capacity);
  out << whole;
  return out.finish();
}

int callgate_engine_available(std::uint32_t engine, std::uint32_t target) noexcept {
  const bool is_known = capi::is_engine(engine) && capi::is_target(target);
  return is_known && available(as<Engine>(engine), as<Target>(target)) ? 1 : 0;
}

std::uint32_t callgate_best_engine(std::uint32_t target) noexcept {
  const Engine engine = capi::is_target(target) ? best(as<Target>(target)) : Engine::interpreter;
  return static_cast<std::uint32_t>(engine);
}

int callgate_call_of_sigsys(const void* info, const void* context, callgate_data* call) noexcept {
  if (info == nullptr || context == nullptr || call == nullptr) return 0;
  const auto found = call_of_sigsys(static_cast<const siginfo_t*>(info), context);
  if (!found) return 0;
  std::memcpy(call, &*found, sizeof *call);
  return 1;
}
