// What decides: general registers only, as dispatch/evaluate.cc.
#include "callgate/chain_slot.hpp"
#include "capi/chain_handle.h"
#include "capi/convert.h"
#include "capi/program.h"

namespace callgate::capi {
namespace {

// As write_struct(), which calls memcpy() and memset(): those may use vector registers.
int write_match(const Match& decided, callgate_decision* match) noexcept {
  match->result = decided.result;
  match->filter = decided.filter ? *decided.filter : CALLGATE_NONE;
  auto* const bytes = reinterpret_cast<volatile unsigned char*>(match);
  for (std::size_t i = sizeof *match; i < match->size; ++i) bytes[i] = 0;
  return CALLGATE_OK;
}

// CALLGATE_OK if both may be used; else *match, where it can be written, kills.
int check_match(const callgate_chain* chain, const void* input, callgate_decision* match) noexcept {
  if (match == nullptr) return CALLGATE_NULL_POINTER;
  if (!has_sound_size(*match)) return CALLGATE_BAD_SIZE;
  if (chain != nullptr && input != nullptr) return CALLGATE_OK;
  write_match({action::kill_process, std::nullopt}, match);
  return CALLGATE_NULL_POINTER;
}

}  // namespace
}  // namespace callgate::capi

using namespace callgate;
using detail::BorrowedChain;
using detail::ChainHandle;

Match ChainSlot::match(const SeccompData& data) const noexcept { return BorrowedChain(image())->match(data); }

Match ChainSlot::match_frame(const void* frame) const noexcept { return BorrowedChain(image())->match_frame(frame); }

std::uint32_t callgate_slot_evaluate(const callgate_slot* slot, const callgate_data* data) noexcept {
  return slot == nullptr ? action::kill_process : callgate_evaluate(callgate_slot_current(slot), data);
}

std::uint32_t callgate_slot_evaluate_frame(const callgate_slot* slot, const void* frame) noexcept {
  return slot == nullptr ? action::kill_process : callgate_evaluate_frame(callgate_slot_current(slot), frame);
}

int callgate_slot_match(const callgate_slot* slot, const callgate_data* data, callgate_decision* match) noexcept {
  return callgate_match(slot == nullptr ? nullptr : callgate_slot_current(slot), data, match);
}

std::uint32_t callgate_chain_evaluate(const callgate_chain* chain, const callgate_data* data) noexcept {
  return callgate_evaluate(chain, data);
}

std::uint32_t callgate_chain_evaluate_frame(const callgate_chain* chain, const void* frame) noexcept {
  return callgate_evaluate_frame(chain, frame);
}

std::uint32_t callgate_evaluate_frame_as(const callgate_chain* chain, std::uint32_t kind, const void* frame) noexcept {
  if (chain == nullptr || frame == nullptr) return action::kill_process;
  if (kind == CALLGATE_FRAME_CUSTOM || kind > CALLGATE_FRAME_PUSHED_REGISTERS) return action::kill_process;
  const bool takes = ChainHandle::takes(*BorrowedChain(chain), static_cast<FrameKind>(kind));
  return takes ? callgate_decide_frame(chain, frame) : action::kill_process;
}

int callgate_match(const callgate_chain* chain, const callgate_data* data, callgate_decision* match) noexcept {
  if (const int code = capi::check_match(chain, data, match); code != CALLGATE_OK) return code;
  return capi::write_match(BorrowedChain(chain)->match(capi::cast(*data)), match);
}

int callgate_match_frame(const callgate_chain* chain, const void* frame, callgate_decision* match) noexcept {
  if (const int code = capi::check_match(chain, frame, match); code != CALLGATE_OK) return code;
  return capi::write_match(BorrowedChain(chain)->match_frame(frame), match);
}

std::uint32_t callgate_interpret(const callgate_program* program, const callgate_data* data) noexcept {
  return program == nullptr || data == nullptr ? action::kill_process : interpret(program->program, capi::cast(*data));
}
