#include "cli/decision_text.h"

#include <fmt/format.h>

#include "bpf/names.h"
#include "callgate/action.hpp"

namespace callgate::cli {
namespace {

constexpr std::uint32_t largest_errno = 4095;  // MAX_ERRNO; __seccomp_filter() takes greater ones for it

}  // namespace

std::string errno_name(std::uint32_t result) {
  if (action_of(result) != action::errno_) return "";
  const char* const name = callgate::errno_name(data_of(result));
  return name == nullptr ? "" : name;
}

std::string decision_text(std::uint32_t result) {
  const std::string name = bpf::result_name(result);
  if (bpf::action_name(result) == "UNKNOWN") return name + ": the kernel kills the process";
  if (action_of(result) != action::errno_) return name;
  if (data_of(result) == 0) return name + " (the call returns 0 and does nothing)";
  if (data_of(result) > largest_errno) return fmt::format("{} (the kernel returns {})", name, largest_errno);
  const std::string error = errno_name(result);
  return error.empty() ? name : name + " " + error;
}

}  // namespace callgate::cli
