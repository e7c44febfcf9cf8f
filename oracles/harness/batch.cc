#include "oracles/harness/batch.h"

#include "oracles/reference/reference.h"

namespace callgate::oracles {

std::optional<Bad> BatchRunner::run(std::uint64_t first, std::uint32_t count) {
  times_.start();
  generate(first, count);
  if (auto rejected = verify_all(first)) return rejected;
  interpret_all();
  std::optional<Mismatch> worst;
  for (const auto& decider : deciders_) ask(*decider, worst);
  tally_.cases += count;
  if (worst) return bad(first, *worst);
  return std::nullopt;
}

void BatchRunner::generate(std::uint64_t first, std::uint32_t count) {
  count_ = count;
  if (cases_.size() < count) cases_.resize(count);
  for (std::uint32_t i = 0; i < count; ++i) generator_.make_filters(first + i, cases_[i]);
  times_.lap(Phase::programs);
  for (std::uint32_t i = 0; i < count; ++i) generator_.make_inputs(first + i, cases_[i]);
  times_.lap(Phase::inputs);
}

// The generator promises valid programs, so a rejection is a finding as well.
std::optional<Bad> BatchRunner::verify_all(std::uint64_t first) {
  programs_.clear();
  questions_.clear();
  for (std::uint32_t i = 0; i < count_; ++i) {
    for (const auto& filter : cases_[i].filters) {
      auto program = verify(filter);
      if (!program) {
        return Bad{first + i,
                   {"verifier", to_string(program.error()), {{filter}, cases_[i].rule, cases_[i].inputs[0]}}};
      }
      tally_.instructions += filter.size();
      programs_.push_back(std::move(*program));
    }
  }
  const Program* next = programs_.data();
  for (std::uint32_t i = 0; i < count_; ++i) {
    const std::size_t size = cases_[i].filters.size();
    questions_.push_back({{next, size}, cases_[i].rule, cases_[i].inputs});
    next += size;
  }
  tally_.filters += programs_.size();
  times_.lap(Phase::verify);
  return std::nullopt;
}

void BatchRunner::interpret_all() {
  expected_.clear();
  for (const Question& question : questions_) {
    for (const SeccompData& data : question.inputs) {
      expected_.push_back(reference(question.filters, question.rule, data));
    }
  }
  times_.lap(Phase::interpret);
}

void BatchRunner::ask(Decider& decider, std::optional<Mismatch>& worst) {
  results_.assign(expected_.size(), 0);
  answers_.assign(count_, Answer{});
  times_.lap(Phase::compare);
  decider.decide(questions_, results_.data(), answers_, times_);
  compare(decider, worst);
  times_.lap(Phase::compare);
}

// Keeps the mismatch of the lowest case, so that what is reported does not depend on the order of engines alone.
void BatchRunner::compare(Decider& decider, std::optional<Mismatch>& worst) {
  std::size_t at = 0;
  for (std::uint32_t i = 0; i < count_; ++i) {
    const std::size_t size = questions_[i].inputs.size();
    const bool earlier = !worst || i < worst->question;
    if (answers_[i].what == Answer::declined) {
      ++tally_.declined;
    } else if (answers_[i].what == Answer::failed) {
      if (earlier) worst = Mismatch{i, &decider, 0, answers_[i].why};
    } else {
      tally_.decisions += size;
      for (std::size_t j = 0; j < size && earlier; ++j) {
        if (results_[at + j] == expected_[at + j]) continue;
        worst = Mismatch{i, &decider, j, disagreement(results_[at + j], expected_[at + j])};
        break;
      }
    }
    at += size;
  }
}

Bad BatchRunner::bad(std::uint64_t first, const Mismatch& mismatch) const {
  const Case& failing = cases_[mismatch.question];
  return {first + mismatch.question,
          {mismatch.decider->name(), mismatch.what, {failing.filters, failing.rule, failing.inputs[mismatch.input]}}};
}

}  // namespace callgate::oracles
