#include "bpf/syscalls.h"

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "bpf/nearest.h"
#include "callgate/insn.hpp"

namespace callgate::bpf {
namespace {

struct Call {
  std::string_view name;
  std::int16_t x86_64, x32, ia32;  // -1: none
};

constexpr Call calls[] = {
#define CALLGATE_SYSCALL(name, x86_64, x32, ia32) {name, x86_64, x32, ia32},
#include "bpf/syscalls.inc"
#undef CALLGATE_SYSCALL
};

constexpr bool names_ascend() {
  for (std::size_t i = 1; i < std::size(calls); ++i) {
    if (calls[i - 1].name >= calls[i].name) return false;
  }
  return true;
}
static_assert(names_ascend());

const Call* find(std::string_view name) {
  const auto found = std::lower_bound(std::begin(calls), std::end(calls), name,
                                      [](const Call& call, std::string_view wanted) { return call.name < wanted; });
  return found != std::end(calls) && found->name == name ? found : nullptr;
}

// Which of a call's numbers an architecture uses; null for one that the table lacks.
using Column = std::int16_t Call::*;
constexpr Column column(std::uint32_t arch, bool x32) {
  if (arch == arch::x86_64) return x32 ? &Call::x32 : &Call::x86_64;
  return arch == arch::x86_32 && !x32 ? &Call::ia32 : nullptr;
}

}  // namespace

std::optional<std::uint32_t> syscall_number(std::string_view name, std::uint32_t arch, bool x32) {
  const Call* const call = find(name);
  const Column number = column(arch, x32);
  if (call == nullptr || number == nullptr || call->*number < 0) return std::nullopt;
  return static_cast<std::uint32_t>(call->*number) | (x32 ? arch::x32_bit : 0);
}

std::string_view syscall_name(std::uint32_t nr, std::uint32_t arch) {
  const bool x32 = arch == arch::x86_64 && (nr & arch::x32_bit) != 0;
  const Column number = column(arch, x32);
  if (number == nullptr) return {};
  const std::int64_t wanted = x32 ? nr - arch::x32_bit : nr;
  const auto found =
      std::find_if(std::begin(calls), std::end(calls), [&](const Call& call) { return call.*number == wanted; });
  return found == std::end(calls) ? std::string_view() : found->name;
}

bool is_syscall_name(std::string_view name) { return find(name) != nullptr; }

std::string_view nearest_syscall_name(std::string_view name) {
  return nearest(name, calls, [](const Call& call) { return call.name; });
}

}  // namespace callgate::bpf
