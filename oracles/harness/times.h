// Where the time of a run goes.
#pragma once

#include <cstdint>
#include <ctime>

namespace callgate::oracles {

// Nanoseconds of processor time of the calling thread.
inline std::uint64_t thread_time() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

enum class Phase : std::uint8_t { programs, inputs, verify, interpret, compile, publish, run, compare };
inline constexpr std::uint32_t phase_count = 8;
inline constexpr const char* phase_names[phase_count] = {"programs", "inputs",  "verify", "interpret",
                                                         "compile",  "publish", "run",    "compare"};

// Attributes the time since the last lap to a phase. Costs nothing until it is started: asking for the time is a system
// call.
class Times {
 public:
  void start() { last_ = thread_time(); }
  void lap(Phase phase) {
    if (last_ == 0) return;
    const std::uint64_t now = thread_time();
    spent_[static_cast<std::size_t>(phase)] += now - last_;
    last_ = now;
  }
  std::uint64_t spent(std::uint32_t phase) const { return spent_[phase]; }  // ns

 private:
  std::uint64_t last_ = 0;
  std::uint64_t spent_[phase_count] = {};
};

}  // namespace callgate::oracles
