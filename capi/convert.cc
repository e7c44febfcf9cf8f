#include "capi/convert.h"

namespace callgate::capi {
namespace {

static_assert(static_cast<int>(Engine::asmjit) == CALLGATE_ENGINE_ASMJIT);
static_assert(static_cast<int>(Engine::xbyak) == CALLGATE_ENGINE_XBYAK);
static_assert(static_cast<int>(Engine::interpreter) == CALLGATE_ENGINE_INTERPRETER);
static_assert(static_cast<int>(Target::x86_64) == CALLGATE_TARGET_X86_64);
static_assert(static_cast<int>(Target::x86_32) == CALLGATE_TARGET_X86_32);
static_assert(static_cast<int>(MergeRule::first_non_allow) == CALLGATE_FIRST_NON_ALLOW);
static_assert(static_cast<int>(MergeRule::most_restrictive) == CALLGATE_MOST_RESTRICTIVE);
static_assert(static_cast<int>(Precision::per_number) == CALLGATE_PER_NUMBER);
static_assert(static_cast<int>(Precision::number_blind) == CALLGATE_NUMBER_BLIND);
static_assert(static_cast<int>(Precision::baseline) == CALLGATE_BASELINE);
static_assert(CALLGATE_KILL_PROCESS == action::kill_process && CALLGATE_KILL_THREAD == action::kill_thread);
static_assert(CALLGATE_TRAP == action::trap && CALLGATE_ERRNO == action::errno_);
static_assert(CALLGATE_USER_NOTIF == action::user_notif && CALLGATE_TRACE == action::trace);
static_assert(CALLGATE_LOG == action::log && CALLGATE_ALLOW == action::allow);
static_assert(CALLGATE_ACTION_MASK == action_mask && CALLGATE_DATA_MASK == data_mask);

// The first field that holds no value of its type, or null.
const char* wrong_field(const callgate_options& options) noexcept {
  if (!is_engine(options.engine)) return "options->engine";
  if (!is_target(options.target)) return "options->target";
  if (options.optimize > CALLGATE_OPTIMIZE_FULL) return "options->optimize";
  if (options.rule > CALLGATE_MOST_RESTRICTIVE) return "options->rule";
  if (options.no_exec_memory > 1) return "options->no_exec_memory";
  if (options.permanent > 1) return "options->permanent";
  if (options.reserved != 0) return "options->reserved";
  return options.blind_constants > 1 ? "options->blind_constants" : nullptr;
}

}  // namespace

bool to_layout(const callgate_layout& from, InputLayout& to) noexcept {
  if (from.single_fetch > 1) return false;
  to.single_fetch = from.single_fetch != 0;
  for (std::size_t i = 0; i < to.words.size(); ++i) {
    if (from.words[i].is_constant > 1) return false;
    to.words[i] = {from.words[i].is_constant != 0, from.words[i].value};
  }
  return true;
}

callgate_layout of_layout(const InputLayout& from) noexcept {
  callgate_layout layout{};
  layout.size = sizeof layout;
  layout.single_fetch = from.single_fetch ? 1 : 0;
  for (std::size_t i = 0; i < from.words.size(); ++i) {
    layout.words[i] = {from.words[i].is_constant ? 1u : 0u, from.words[i].value};
  }
  return layout;
}

callgate_options of_options(const Options& from) noexcept {
  callgate_options options{};
  options.size = sizeof options;
  options.engine = static_cast<std::uint32_t>(from.engine);
  options.target = static_cast<std::uint32_t>(from.target);
  options.optimize = from.optimize == Optimize::none ? CALLGATE_OPTIMIZE_NONE : CALLGATE_OPTIMIZE_FULL;
  options.rule = static_cast<std::uint32_t>(from.rule);
  options.no_exec_memory = from.no_exec_memory ? 1 : 0;
  options.permanent = from.permanent ? 1 : 0;
  options.code_limit = from.code_limit;
  options.path_limit = from.path_limit == 0 ? CALLGATE_NONE : from.path_limit;
  options.step_limit = from.step_limit;
  options.node_limit = from.node_limit;
  options.byte_limit = from.byte_limit;
  options.blind_constants = from.blind_constants ? 1 : 0;
  return options;
}

int to_options(const callgate_options* from, Options& to, Report& report) noexcept {
  if (from == nullptr) return CALLGATE_OK;
  callgate_options options;
  if (!read_struct(*from, options)) return report.misuse(CALLGATE_BAD_SIZE, "options");
  if (const char* field = wrong_field(options)) return report.misuse(CALLGATE_BAD_VALUE, field);
  to.engine = static_cast<Engine>(options.engine);
  to.target = static_cast<Target>(options.target);
  to.optimize = options.optimize == CALLGATE_OPTIMIZE_NONE ? Optimize::none : Optimize::full;
  to.rule = static_cast<MergeRule>(options.rule);
  to.no_exec_memory = options.no_exec_memory != 0;
  to.permanent = options.permanent != 0;
  if (options.code_limit != 0) to.code_limit = options.code_limit;
  if (options.path_limit != 0) to.path_limit = options.path_limit == CALLGATE_NONE ? 0 : options.path_limit;
  to.step_limit = options.step_limit;
  to.node_limit = options.node_limit;
  to.byte_limit = options.byte_limit;
  to.blind_constants = options.blind_constants != 0;
  if (options.layout == nullptr) return CALLGATE_OK;
  callgate_layout layout;
  if (!read_struct(*options.layout, layout)) return report.misuse(CALLGATE_BAD_SIZE, "options->layout");
  return to_layout(layout, to.layout) ? CALLGATE_OK : report.misuse(CALLGATE_BAD_VALUE, "options->layout");
}

}  // namespace callgate::capi
