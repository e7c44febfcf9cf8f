// Runs cases, a batch at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "oracles/harness/case.h"
#include "oracles/harness/decider.h"
#include "oracles/harness/finding.h"

namespace callgate::oracles {

struct Tally {
  std::uint64_t cases = 0;
  std::uint64_t filters = 0;
  std::uint64_t instructions = 0;
  std::uint64_t decisions = 0;  // compared with the interpreter's
  std::uint64_t declined = 0;   // questions that an engine had to decline
};

// The first case of a batch on which somebody is wrong.
struct Bad {
  std::uint64_t index;
  Finding finding;
};

// Keeps its memory from batch to batch. Not for several threads at once.
class BatchRunner {
 public:
  BatchRunner(const Config& config, Deciders& deciders) : config_(config), deciders_(deciders), generator_(config) {}

  // Cases first .. first + count - 1, count at most config.batch.
  std::optional<Bad> run(std::uint64_t first, std::uint32_t count);

  const Tally& tally() const { return tally_; }
  const Times& times() const { return times_; }

 private:
  struct Mismatch {
    std::uint32_t question;
    Decider* decider;
    std::size_t input;  // of the question
    std::string what;
  };

  void generate(std::uint64_t first, std::uint32_t count);
  std::optional<Bad> verify_all(std::uint64_t first);
  void interpret_all();
  void ask(Decider& decider, std::optional<Mismatch>& worst);
  void compare(Decider& decider, std::optional<Mismatch>& worst);
  Bad bad(std::uint64_t first, const Mismatch& mismatch) const;

  const Config config_;
  Deciders& deciders_;
  CaseGenerator generator_;
  Tally tally_;
  Times times_;

  std::vector<Case> cases_;
  std::uint32_t count_ = 0;
  std::vector<Program> programs_;
  std::vector<Question> questions_;
  std::vector<std::uint32_t> expected_;
  std::vector<std::uint32_t> results_;
  std::vector<Answer> answers_;
};

}  // namespace callgate::oracles
