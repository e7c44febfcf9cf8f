#include "tests/kernel/settings.h"

#include <cstdlib>
#include <stdexcept>
#include <string>

namespace callgate::kernel {
namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return otherwise;
  char* end = nullptr;
  const std::uint64_t value = std::strtoull(text, &end, 0);
  if (end == text || *end != '\0') throw std::invalid_argument(std::string(variable) + " is not a number: " + text);
  return value;
}

}  // namespace

std::uint64_t seed() { return number_from("CALLGATE_SEED", 1); }

std::uint32_t program_count() { return static_cast<std::uint32_t>(number_from("CALLGATE_KERNEL_PROGRAMS", 100000)); }

}  // namespace callgate::kernel
