// A whole run, in several processes: what crashes is found and shrunk as well.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "oracles/harness/batch.h"

namespace callgate::oracles {

struct Progress {
  std::uint64_t cases;  // done so far
  std::uint64_t filters;
  double seconds;  // since the start
};

struct RunOptions {
  Config config;
  std::uint64_t first = 0;  // cases first .. first + count - 1
  std::uint64_t count = 0;
  std::uint32_t jobs = 1;
  std::uint32_t batch_timeout = 120;  // seconds without a finished batch that count as hanging
  std::function<Expected<Deciders, std::string>(const Config&)> deciders = make_deciders;
  std::function<void(const Progress&)> progress = nullptr;  // called about once a second and at the end; may be null
};

struct RunResult {
  Tally tally;
  std::uint64_t spent[phase_count] = {};  // ns of processor time, over all jobs
  double seconds = 0;
  std::optional<Bad> bad;  // the first case, by index, on which somebody is wrong; shrunk
};

// Deterministic: the same configuration and range give the same result with any number of jobs. Throws
// std::invalid_argument if a kind cannot run here, std::system_error if processes cannot be made, and
// std::runtime_error if one cannot work: for want of memory, of open files, or of executable memory. That is no
// disagreement.
RunResult run_jobs(const RunOptions& options);

}  // namespace callgate::oracles
