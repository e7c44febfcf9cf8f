#include "bench/measure/processor.h"

#if defined(__x86_64__) || defined(__i386__)

#include <cpuid.h>
#include <fmt/format.h>

#include <array>
#include <cstring>

namespace callgate::bench {
namespace {

std::string brand() {
  constexpr unsigned first = 0x80000002;  // and the two after it: sixteen characters each
  std::array<unsigned, 12> words{};
  if (static_cast<unsigned>(__get_cpuid_max(0x80000000, nullptr)) < first + 2) return "unknown processor";
  for (unsigned i = 0; i < 3; ++i) {
    unsigned* const part = words.data() + std::size_t{4} * i;
    __cpuid(first + i, part[0], part[1], part[2], part[3]);
  }
  char text[sizeof words + 1] = {};
  std::memcpy(text, words.data(), sizeof words);
  std::string name = text;
  name.erase(0, name.find_first_not_of(' '));
  name.erase(name.find_last_not_of(' ') + 1);
  return name.empty() ? "unknown processor" : name;
}

}  // namespace

std::string processor_model() {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0) return "unknown processor";
  const unsigned base_family = a >> 8 & 15;
  const unsigned family = base_family == 15 ? base_family + (a >> 20 & 255) : base_family;
  const unsigned model = (a >> 4 & 15) | (base_family == 6 || base_family == 15 ? a >> 12 & 0xf0 : 0);
  return fmt::format("{}, family {} model {} stepping {}", brand(), family, model, a & 15);
}

}  // namespace callgate::bench

#else

#include <sys/utsname.h>

std::string callgate::bench::processor_model() {
  utsname system{};
  uname(&system);
  return system.machine;
}

#endif
