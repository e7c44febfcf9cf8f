// Whole chains, as users have them.
#include "oracles/harness/decider_kinds.h"

namespace callgate::oracles {
namespace {

// The chains without filters that all others are attached to: publishing one costs as much as publishing what is asked.
class EmptyChains {
 public:
  explicit EmptyChains(Engine engine)
      : first_non_allow_(make(engine, MergeRule::first_non_allow)),
        most_restrictive_(make(engine, MergeRule::most_restrictive)) {}

  // The newest filter on top of the others, as a task gets its filters; the other deciders compile all at once.
  Expected<Chain, AttachError> with(const Question& question) const {
    const auto& empty = question.rule == MergeRule::first_non_allow ? first_non_allow_ : most_restrictive_;
    if (!empty) return empty;
    const auto older = question.filters.first(question.filters.size() - 1);
    auto chain = older.empty() ? *empty : empty->attach(older);
    return chain ? chain->attach(question.filters.back()) : chain;
  }

 private:
  static Expected<Chain, AttachError> make(Engine engine, MergeRule rule) {
    return Chain::create({.engine = engine, .rule = rule, .path_limit = 0});
  }

  Expected<Chain, AttachError> first_non_allow_;
  Expected<Chain, AttachError> most_restrictive_;
};

// With the action table and the best engine of this build.
class ChainDecider final : public OneByOneDecider {
 public:
  ChainDecider() : OneByOneDecider("table") {}

 private:
  Answer decide_one(const Question& question, std::uint32_t* results, Times& times) override {
    const auto chain = empty_.with(question);
    times.lap(Phase::compile);
    if (!chain) return {Answer::failed, to_string(chain.error())};
    const FallbackReason reason = chain->fallback_reason();
    if (reason == FallbackReason::assembler_error) return {Answer::failed, message(reason)};
    const bool expected =
        reason == FallbackReason::none || reason == FallbackReason::no_jit || reason == FallbackReason::code_too_large;
    if (!expected) refuse_to_run(reason, chain->fallback_errno());
    for (const SeccompData& data : question.inputs) *results++ = chain->evaluate(data);
    times.lap(Phase::run);
    return {};
  }

  EmptyChains empty_{Engine::automatic};
};

// A match must name a filter that gives the result.
class MatchDecider final : public OneByOneDecider {
 public:
  MatchDecider() : OneByOneDecider("match") {}

 private:
  Answer decide_one(const Question& question, std::uint32_t* results, Times& times) override {
    const auto chain = empty_.with(question);
    if (!chain) return {Answer::failed, to_string(chain.error())};
    for (const SeccompData& data : question.inputs) {
      const Match match = chain->match(data);
      const std::uint32_t given =
          match.filter ? interpret(question.filters[*match.filter], data) : std::uint32_t{action::allow};
      if (given != match.result) return {Answer::failed, "names a filter that does not give the result"};
      *results++ = match.result;
    }
    times.lap(Phase::run);
    return {};
  }

  EmptyChains empty_{Engine::interpreter};
};

}  // namespace

std::unique_ptr<Decider> chain_decider() { return std::make_unique<ChainDecider>(); }
std::unique_ptr<Decider> match_decider() { return std::make_unique<MatchDecider>(); }

}  // namespace callgate::oracles
