#include "oracles/harness/jobs.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <new>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "oracles/harness/shrink.h"
#include "oracles/process/child.h"

namespace callgate::oracles {
namespace {

using Clock = std::chrono::steady_clock;
using Count = std::atomic<std::uint64_t>;

constexpr std::uint64_t never = ~std::uint64_t{0};

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// What a worker tells, in memory shared with the parent.
struct Report {
  Count cases, filters, instructions, decisions, declined;
  Count spent[phase_count];
  Count batch;  // first case of the batch in work
};

struct Shared {
  explicit Shared(std::uint32_t jobs) : size_(jobs * sizeof(Report) + sizeof(Count)) {
    void* const memory = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
    first_bad = new (memory) Count(never);
    reports = new (static_cast<char*>(memory) + sizeof(Count)) Report[jobs]();
  }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  ~Shared() { ::munmap(first_bad, size_); }

  void found(std::uint64_t index) {
    std::uint64_t known = first_bad->load();
    while (index < known && !first_bad->compare_exchange_weak(known, index)) {
    }
  }

  Count* first_bad;  // the lowest index of a failing case; `never` if there is none
  Report* reports;

 private:
  std::size_t size_;
};

Deciders deciders_or_throw(const RunOptions& options) {
  auto deciders = options.deciders(options.config);
  if (!deciders) throw std::invalid_argument(deciders.error());
  return std::move(*deciders);
}

void tell(Report& report, const BatchRunner& runner) {
  report.cases = runner.tally().cases;
  report.filters = runner.tally().filters;
  report.instructions = runner.tally().instructions;
  report.decisions = runner.tally().decisions;
  report.declined = runner.tally().declined;
  for (std::uint32_t i = 0; i < phase_count; ++i) report.spent[i] = runner.times().spent(i);
}

// Batches job, job + jobs, job + 2 jobs …, until one that lies behind a failing case.
void work(const RunOptions& options, std::uint32_t job, Shared& shared) {
  Deciders deciders = deciders_or_throw(options);
  BatchRunner runner(options.config, deciders);
  const std::uint64_t step = options.config.batch;
  for (std::uint64_t done = job * step; done < options.count; done += options.jobs * step) {
    const std::uint64_t first = options.first + done;
    if (first > *shared.first_bad) break;
    shared.reports[job].batch = first;
    const auto bad = runner.run(first, static_cast<std::uint32_t>(std::min(step, options.count - done)));
    tell(shared.reports[job], runner);
    if (bad) return shared.found(bad->index);
  }
}

class Workers {
 public:
  Workers(const RunOptions& options, Shared& shared) : options_(options), shared_(shared) {
    for (std::uint32_t job = 0; job < options.jobs; ++job) start(job);
  }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  ~Workers() {
    for (const pid_t pid : pids_) {
      if (pid == 0) continue;
      process::kill_and_wait(pid);
    }
  }

  // Until all have ended. A worker that dies or hangs leaves its batch as a suspect. Throws std::runtime_error if one
  // could not work.
  void wait() {
    const auto begin = Clock::now();
    double told = 0;
    while (std::any_of(pids_.begin(), pids_.end(), [](pid_t pid) { return pid != 0; })) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      for (std::uint32_t job = 0; job < pids_.size(); ++job) look_at(job);
      if (seconds_since(begin) - told < 1) continue;
      told = seconds_since(begin);
      tell_progress(told);
    }
    tell_progress(seconds_since(begin));
  }

  std::uint64_t sum(Count Report::*member) const {
    std::uint64_t total = 0;
    for (std::uint32_t job = 0; job < options_.jobs; ++job) total += shared_.reports[job].*member;
    return total;
  }

  std::uint64_t suspect() const { return suspect_; }  // first case of the earliest batch whose worker died

 private:
  void start(std::uint32_t job) {
    shared_.reports[job].batch = options_.first + std::uint64_t{job} * options_.config.batch;
    const pid_t parent = ::getpid();
    pids_.push_back(process::fork_child([&] {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // nobody would ask for what it finds
      if (::getppid() == parent) work(options_, job, shared_);
      return 0;
    }));
    seen_.push_back({never, Clock::now()});
  }

  void tell_progress(double seconds) const {
    if (options_.progress) options_.progress({sum(&Report::cases), sum(&Report::filters), seconds});
  }

  void look_at(std::uint32_t job) {
    if (pids_[job] == 0) return;
    auto status = process::wait_for(pids_[job], std::chrono::milliseconds(0));
    if (!status && !hangs(job)) return;
    if (!status) status = process::kill_and_wait(pids_[job]);
    pids_[job] = 0;
    process::check_worked(*status);
    if (process::describe_end(*status).empty()) return;
    suspect_ = std::min<std::uint64_t>(suspect_, shared_.reports[job].batch);
    shared_.found(suspect_ + options_.config.batch - 1);  // no one need go on behind it
  }

  bool hangs(std::uint32_t job) {
    const std::uint64_t batch = shared_.reports[job].batch;
    if (batch != seen_[job].batch) seen_[job] = {batch, Clock::now()};
    return seconds_since(seen_[job].since) > options_.batch_timeout;
  }

  struct Seen {
    std::uint64_t batch;
    Clock::time_point since;
  };
  const RunOptions& options_;
  Shared& shared_;
  std::vector<pid_t> pids_;
  std::vector<Seen> seen_;
  std::uint64_t suspect_ = never;
};

// How the decider ends when it is asked all inputs of a case in a child; empty if it lives.
std::string end_of(Decider& decider, const Case& question) {
  return process::isolated([&] { static_cast<void>(examine(decider, question)); });
}

std::optional<Finding> find_crash(Decider& decider, const Case& question) {
  if (end_of(decider, question).empty()) return std::nullopt;
  for (const SeccompData& data : question.inputs) {
    std::string end = end_of(decider, {question.filters, question.rule, {data}});
    if (end.empty()) continue;
    const auto dies = [&](const Failing& smaller) {
      return !end_of(decider, {smaller.filters, smaller.rule, {smaller.input}}).empty();
    };
    return Finding{decider.name(), end, shrink({question.filters, question.rule, data}, dies)};
  }
  return Finding{decider.name(),
                 "dies of these filters, but not of one input alone",
                 {question.filters, question.rule, question.inputs[0]}};
}

// Cases of a batch whose worker died, one by one.
std::optional<Bad> find_crash(const RunOptions& options, Deciders& deciders, std::uint64_t first) {
  CaseGenerator generator(options.config);
  const std::uint64_t end = std::min(first + options.config.batch, options.first + options.count);
  for (std::uint64_t index = first; index < end; ++index) {
    const Case question = generator.make(index);
    for (const auto& decider : deciders) {
      if (auto finding = find_crash(*decider, question)) return Bad{index, *finding};
    }
  }
  return Bad{first, {"harness", "a worker died in this batch, but no case of it does alone", {}}};
}

std::optional<Finding> shrunk(Decider& decider, const Failing& failing) {
  const auto fails = [&](const Failing& smaller) { return examine(decider, smaller).has_value(); };
  return fails(failing) ? examine(decider, shrink(failing, fails)) : std::nullopt;
}

// Runs the case again, alone, and shrinks it. One that fails only among others is reported as it is.
Bad examine_again(const RunOptions& options, Deciders& deciders, std::uint64_t index) {
  BatchRunner alone(options.config, deciders);
  auto bad = alone.run(index, 1);
  if (!bad) return {index, {"harness", "this case failed in its batch, but not alone", {}}};
  for (const auto& decider : deciders) {
    if (decider->name() != bad->finding.who) continue;
    if (auto finding = shrunk(*decider, bad->finding.failing)) bad->finding = *finding;
  }
  return *bad;
}

}  // namespace

RunResult run_jobs(const RunOptions& options) {
  Deciders deciders = deciders_or_throw(options);
  const auto start = Clock::now();
  Shared shared(options.jobs);
  Workers workers(options, shared);
  workers.wait();
  RunResult result;
  result.seconds = seconds_since(start);
  result.tally = {workers.sum(&Report::cases), workers.sum(&Report::filters), workers.sum(&Report::instructions),
                  workers.sum(&Report::decisions), workers.sum(&Report::declined)};
  for (std::uint32_t job = 0; job < options.jobs; ++job) {
    for (std::uint32_t i = 0; i < phase_count; ++i) result.spent[i] += shared.reports[job].spent[i];
  }
  const std::uint64_t first_bad = *shared.first_bad;
  if (workers.suspect() != never && workers.suspect() <= first_bad) {
    result.bad = find_crash(options, deciders, workers.suspect());
  } else if (first_bad != never) {
    result.bad = examine_again(options, deciders, first_bad);
  }
  return result;
}

}  // namespace callgate::oracles
