// Whole chains, as users have them.
#include "fuzz/harness/decider_kinds.h"

namespace callgate::fuzz {
namespace {

Expected<Chain, AttachError> chain_of(const Question& question) {
  auto chain = Chain::create({.rule = question.rule, .path_limit = 0});
  return chain ? chain->attach(question.filters) : chain;
}

// With the action table and the best engine of this build.
class ChainDecider final : public Decider {
 public:
  ChainDecider() : Decider("table") {}

  void decide(std::span<const Question> questions, std::uint32_t* results, std::span<Answer> answers,
              Times& times) override {
    for (std::size_t i = 0; i < questions.size(); ++i) {
      answers[i] = decide_one(questions[i], results, times);
      results += questions[i].inputs.size();
    }
  }

 private:
  static Answer decide_one(const Question& question, std::uint32_t* results, Times& times) {
    const auto chain = chain_of(question);
    times.lap(Phase::compile);
    if (!chain) return {Answer::failed, to_string(chain.error())};
    const FallbackReason reason = chain->fallback_reason();
    const bool expected =
        reason == FallbackReason::none || reason == FallbackReason::no_jit || reason == FallbackReason::code_too_large;
    if (!expected) return {Answer::failed, rule(reason)};
    for (const SeccompData& data : question.inputs) *results++ = chain->evaluate(data);
    times.lap(Phase::run);
    return {};
  }
};

// A match must name a filter that gives the result.
class MatchDecider final : public Decider {
 public:
  MatchDecider() : Decider("match") {}

  void decide(std::span<const Question> questions, std::uint32_t* results, std::span<Answer> answers,
              Times& times) override {
    for (std::size_t i = 0; i < questions.size(); ++i) {
      answers[i] = decide_one(questions[i], results);
      results += questions[i].inputs.size();
    }
    times.lap(Phase::run);
  }

 private:
  static Answer decide_one(const Question& question, std::uint32_t* results) {
    auto chain = Chain::create({.engine = Engine::interpreter, .rule = question.rule, .path_limit = 0});
    if (chain) chain = chain->attach(question.filters);
    if (!chain) return {Answer::failed, to_string(chain.error())};
    for (const SeccompData& data : question.inputs) {
      const Match match = chain->match(data);
      const std::uint32_t given =
          match.filter ? interpret(question.filters[*match.filter], data) : std::uint32_t{action::allow};
      if (given != match.result) return {Answer::failed, "names a filter that does not give the result"};
      *results++ = match.result;
    }
    return {};
  }
};

}  // namespace

std::unique_ptr<Decider> chain_decider() { return std::make_unique<ChainDecider>(); }
std::unique_ptr<Decider> match_decider() { return std::make_unique<MatchDecider>(); }

}  // namespace callgate::fuzz
