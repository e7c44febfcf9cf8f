// Layouts of frames.
#include "callgate/layout.hpp"

#include <iterator>
#include <utility>

#include "capi/convert.h"

namespace callgate::capi {
namespace {

static_assert(static_cast<int>(FrameKind::custom) == CALLGATE_FRAME_CUSTOM);
static_assert(static_cast<int>(FrameKind::seccomp_data) == CALLGATE_FRAME_SECCOMP_DATA);
static_assert(static_cast<int>(FrameKind::split) == CALLGATE_FRAME_SPLIT);
static_assert(static_cast<int>(FrameKind::ucontext_x86_64) == CALLGATE_FRAME_UCONTEXT_X86_64);
static_assert(static_cast<int>(FrameKind::ucontext_i386) == CALLGATE_FRAME_UCONTEXT_I386);
static_assert(static_cast<int>(FrameKind::user_regs_x86_64) == CALLGATE_FRAME_USER_REGS_X86_64);
static_assert(static_cast<int>(FrameKind::seccomp_notif) == CALLGATE_FRAME_SECCOMP_NOTIF);
static_assert(static_cast<int>(FrameKind::ptrace_syscall_info) == CALLGATE_FRAME_PTRACE_SYSCALL_INFO);
static_assert(static_cast<int>(FrameKind::pushed_registers) == CALLGATE_FRAME_PUSHED_REGISTERS);

bool preset(std::uint32_t kind, std::uint32_t arch, InputLayout& layout) noexcept {
  switch (kind) {
    case CALLGATE_FRAME_SECCOMP_DATA: layout = InputLayout::seccomp_data(); return true;
    case CALLGATE_FRAME_SPLIT: layout = InputLayout::split(arch); return true;
    case CALLGATE_FRAME_UCONTEXT_X86_64: layout = InputLayout::ucontext_x86_64(); return true;
    case CALLGATE_FRAME_UCONTEXT_I386: layout = InputLayout::ucontext_i386(); return true;
    case CALLGATE_FRAME_USER_REGS_X86_64: layout = InputLayout::user_regs_x86_64(); return true;
    case CALLGATE_FRAME_SECCOMP_NOTIF: layout = InputLayout::seccomp_notif(); return true;
    case CALLGATE_FRAME_PTRACE_SYSCALL_INFO: layout = InputLayout::ptrace_syscall_info(); return true;
    case CALLGATE_FRAME_PUSHED_REGISTERS: layout = InputLayout::pushed_registers(); return true;
    default: return false;
  }
}

}  // namespace
}  // namespace callgate::capi

using namespace callgate;

int callgate_layout_preset(std::uint32_t kind, std::uint32_t arch, callgate_layout* layout) noexcept {
  if (layout == nullptr) return CALLGATE_NULL_POINTER;
  if (!capi::has_sound_size(*layout)) return CALLGATE_BAD_SIZE;
  InputLayout words;
  if (!capi::preset(kind, arch, words)) return CALLGATE_BAD_VALUE;
  capi::write_struct(capi::of_layout(words), *layout);
  return CALLGATE_OK;
}

int callgate_layout_swap_halves(callgate_layout* layout) noexcept {
  if (layout == nullptr) return CALLGATE_NULL_POINTER;
  callgate_layout known;
  if (!capi::read_struct(*layout, known)) return CALLGATE_BAD_SIZE;
  for (std::size_t word = 2; word < std::size(known.words); word += 2)
    std::swap(known.words[word], known.words[word + 1]);
  capi::write_struct(known, *layout);
  return CALLGATE_OK;
}

std::uint32_t callgate_layout_kind(const callgate_layout* layout) noexcept {
  callgate_layout known;
  InputLayout words;
  if (layout == nullptr || !capi::read_struct(*layout, known) || !capi::to_layout(known, words)) {
    return CALLGATE_FRAME_CUSTOM;
  }
  return static_cast<std::uint32_t>(words.kind());
}
