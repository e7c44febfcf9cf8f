#include "oracles/kernel/merging.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "callgate/action.hpp"
#include "oracles/reference/reference.h"
#include "oracles/shrink/shrink.h"

namespace callgate::kernel {
namespace {

// getpid: with no arguments, and a value that no error is.
struct Caller {
  std::uint32_t nr;
  std::uint32_t arch;
};
Caller caller(const Probe& probe) {
  return probe.hello().bits == 64 ? Caller{39, arch::x86_64} : Caller{20, arch::x86_32};
}

// Returns `result` for getpid and ALLOW (with data, which changes nothing) for the calls that the probe needs.
Filter filter_giving(std::uint32_t result, std::uint32_t nr, oracles::Random& random) {
  constexpr Insn rest = {0x06, 0, 0, action::allow | 0x123};
  if (random.chance(50)) return {{0x20, 0, 0, 0}, {0x15, 0, 1, nr}, {0x06, 0, 0, result}, rest};
  return {{0x20, 0, 0, 0}, {0x15, 0, 2, nr}, {0x00, 0, 0, result}, {0x16, 0, 0, 0}, rest};
}

struct Effect {
  Seen seen;
  std::uint32_t data;

  friend bool operator==(const Effect&, const Effect&) = default;
};

Effect effect_of(std::uint32_t result) {
  const std::uint32_t data = data_of(result);
  switch (action_of(result)) {
    case action::allow:
    case action::log: return {Seen::runs, 0};
    case action::errno_: return {Seen::fails, std::min(data, 4095u)};
    case action::trace:
    case action::user_notif: return {Seen::fails, ENOSYS};
    case action::trap: return {Seen::traps, data};
    case action::kill_thread: return {Seen::thread_dies, 0};
    default: return {Seen::process_dies, 0};  // KILL_PROCESS, and what the kernel does not know
  }
}

Effect effect_of(const Observation& observation) {
  if (observation.fate == Fate::thread_killed) return {Seen::thread_dies, 0};
  if (observation.fate == Fate::process_killed) return {Seen::process_dies, 0};
  if (observation.trapped > 0) return {Seen::traps, observation.trap_data};
  if (observation.value > 0) return {Seen::runs, 0};
  return {Seen::fails, static_cast<std::uint32_t>(-observation.value)};
}

std::string text_of(const Effect& effect) {
  constexpr const char* names[seen_count] = {"lets the call run", "fails the call with errno", "traps with data",
                                             "kills the thread", "kills the process"};
  std::string text = names[static_cast<std::size_t>(effect.seen)];
  if (effect.seen == Seen::fails || effect.seen == Seen::traps) text += " " + std::to_string(effect.data);
  return text;
}

std::uint32_t random_result(oracles::Random& random) {
  constexpr std::uint32_t usual[] = {action::allow,      action::allow,  action::log,    action::trace,
                                     action::user_notif, action::errno_, action::errno_, action::trap};
  // Deadly ones, which would win most chains if they were as likely. Those that the kernel does not know rank by
  // number, and kill the process when they win.
  constexpr std::uint32_t deadly[] = {action::kill_process, action::kill_thread, 0x80010000, 0xffff0000,
                                      0x00010000,           0x00040000,          0x7ff10000, 0x7ffd0000};
  constexpr std::uint32_t data[] = {0, 1, 13, 4094, 4095, 4096, 0x7fff, 0xffff};
  const std::uint32_t action = random.chance(85) ? random.pick(usual) : random.pick(deadly);
  return action | random.pick(data);
}

bool newest_objection_is_beaten(std::span<const std::uint32_t> oldest_first) {
  const auto objects = [](std::uint32_t result) { return action_of(result) != action::allow; };
  const auto newest = std::find_if(oldest_first.rbegin(), oldest_first.rend(), objects);
  if (newest == oldest_first.rend()) return false;
  return std::any_of(newest, oldest_first.rend(), [&](std::uint32_t older) { return is_stricter(older, *newest); });
}

std::string hex(std::uint32_t word) {
  char text[16];
  std::snprintf(text, sizeof text, "%08x", word);
  return text;
}

std::string text_of(std::span<const std::uint32_t> results) {
  std::string text = "filters, oldest first, that return";
  for (const std::uint32_t result : results) text += " " + hex(result);
  return text + "\n";
}

// What an engine says of a chain whose effect in the kernel is `seen`; empty if all is right.
std::string judge(const Decider& choice, std::span<const Program> programs, std::span<const std::uint32_t> results,
                  const Effect& seen, const SeccompData& data) {
  const std::uint32_t strictest = choice.chain(programs, MergeRule::most_restrictive).evaluate(data);
  const std::uint32_t first = choice.chain(programs, MergeRule::first_non_allow).evaluate(data);
  const std::string decision = choice.name() + " decides " + hex(strictest) + " by most_restrictive, which ";
  if (effect_of(strictest) != seen) return decision + text_of(effect_of(strictest)) + "; the kernel " + text_of(seen);
  if (strictest != oracles::merged(results, MergeRule::most_restrictive))
    return decision + "is not the strictest result";
  if (first != oracles::merged(results, MergeRule::first_non_allow) ||
      (first != strictest) != newest_objection_is_beaten(results)) {
    return choice.name() + " decides " + hex(first) + " by first_non_allow, which is not the newest objection";
  }
  return "";
}

}  // namespace

std::optional<std::string> Merging::difference(std::span<const std::uint32_t> results) {
  const Caller call = caller(probe_);
  std::vector<Filter> filters;
  std::vector<Program> programs;
  for (const std::uint32_t result : results) {
    filters.push_back(filter_giving(result, call.nr, random_));
    programs.push_back(*verify(filters.back()));
  }
  const Observation observation = probe_.act(call.nr, filters);
  if (observation.fate == Fate::failed)
    return "the kernel refuses the filters: errno " + std::to_string(observation.value);
  const Effect seen = effect_of(observation);
  ++tally_.chains;
  ++tally_.seen[static_cast<std::size_t>(seen.seen)];
  for (const Decider& choice : choices_) {
    const std::string verdict = judge(choice, programs, results, seen, {call.nr, call.arch, 0, {}});
    if (!verdict.empty()) return verdict + "\n" + text_of(results);
  }
  return std::nullopt;
}

std::optional<std::string> Merging::compare(std::span<const std::uint32_t> results) {
  auto found = difference(results);
  if (!found) return std::nullopt;
  std::vector<std::uint32_t> shortest(results.begin(), results.end());
  oracles::drop_runs(shortest, [&](const std::vector<std::uint32_t>& fewer) {
    auto smaller = difference(fewer);
    if (smaller) found = std::move(smaller);
    return smaller.has_value();
  });
  return found;
}

std::optional<std::string> Merging::compare_random(std::uint32_t chains) {
  for (std::uint32_t i = 0; i < chains; ++i) {
    std::vector<std::uint32_t> results(random_.between(1, 4));
    for (std::uint32_t& result : results) result = random_result(random_);
    if (auto found = compare(results)) return found;
  }
  return std::nullopt;
}

}  // namespace callgate::kernel
