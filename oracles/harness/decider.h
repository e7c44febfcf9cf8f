// Something that decides calls, under test.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "callgate/chain.hpp"
#include "callgate/expected.hpp"
#include "oracles/harness/config.h"
#include "oracles/harness/times.h"

namespace callgate::oracles {

struct Question {
  std::span<const Program> filters;  // oldest first; at least one
  MergeRule rule;
  std::span<const SeccompData> inputs;
};

// What came of one question.
struct Answer {
  enum What : std::uint8_t {
    decided,
    declined,  // a limit of the engine, which a chain answers by falling back: nothing to compare
    failed,    // a bug; see `why`
  };
  What what = decided;
  std::string why;
};

class Decider {
 public:
  explicit Decider(std::string name) : name_(std::move(name)) {}
  virtual ~Decider() = default;
  Decider(const Decider&) = delete;
  Decider& operator=(const Decider&) = delete;

  const std::string& name() const { return name_; }

  // Writes the results of all inputs of all questions, one after the other, to `results`, and one answer for each
  // question, whose results count only if it was decided.
  virtual void decide(std::span<const Question> questions, std::uint32_t* results, std::span<Answer> answers,
                      Times& times) = 0;

 private:
  std::string name_;
};

// One whose questions have nothing in common.
class OneByOneDecider : public Decider {
 public:
  using Decider::Decider;

  void decide(std::span<const Question> questions, std::uint32_t* results, std::span<Answer> answers,
              Times& times) final {
    for (std::size_t i = 0; i < questions.size(); ++i) {
      answers[i] = decide_one(questions[i], results, times);
      results += questions[i].inputs.size();
    }
  }

 private:
  // Writes a result for each input of the question to `results`.
  virtual Answer decide_one(const Question& question, std::uint32_t* results, Times& times) = 0;
};

using Deciders = std::vector<std::unique_ptr<Decider>>;

// One for each kind and level of the configuration, or why one of them cannot run here.
Expected<Deciders, std::string> make_deciders(const Config& config);

}  // namespace callgate::oracles
