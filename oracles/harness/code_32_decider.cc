// x86_32 code in the helper process.
#include <algorithm>

#include "oracles/harness/compiled.h"
#include "oracles/harness/decider_kinds.h"
#include "oracles/x86_32/helper_32.h"

namespace callgate::oracles {
namespace {

class Code32Decider final : public Decider {
 public:
  Code32Decider(const std::string& helper, Optimize level)
      : Decider(std::string("asmjit x86_32 optimize=") + callgate::name(level)), helper_(helper), level_(level) {}

  void decide(std::span<const Question> questions, std::uint32_t* results, std::span<Answer> answers,
              Times& times) override {
    for (std::size_t i = 0; i < questions.size(); ++i) {
      images_.push_back(compile(questions[i], Engine::asmjit, Target::x86_32, level_, answers[i]));
    }
    times.lap(Phase::compile);
    for (std::size_t i = 0; i < questions.size(); ++i) {
      if (images_[i]) put(*images_[i], questions[i], results, answers[i]);
      results += questions[i].inputs.size();
    }
    run();
    images_.clear();
    times.lap(Phase::run);
  }

 private:
  // A call that waits for its result.
  struct Waiting {
    std::uint32_t* result;
    Answer* answer;
  };

  void put(const detail::Image& image, const Question& question, std::uint32_t* results, Answer& answer) {
    constexpr std::uint32_t alignment = 16;  // bytes, of every question's code
    const bool fits = waiting_.size() + question.inputs.size() <= helper_32::max_calls &&
                      used_ + image.code.bytes.size() + alignment <= helper_32::max_code;
    if (!fits) run();
    std::copy(image.code.bytes.begin(), image.code.bytes.end(), helper_.code().subspan(used_).begin());
    for (std::size_t i = 0; i < question.inputs.size(); ++i) {
      const detail::Place place = image.look_up(question.inputs[i]);
      results[i] = place.value;
      if (!place.in_code) continue;
      helper_.entries()[waiting_.size()] = used_ + place.value;
      helper_.inputs()[waiting_.size()] = question.inputs[i];
      waiting_.push_back({&results[i], &answer});
    }
    used_ = (used_ + static_cast<std::uint32_t>(image.code.bytes.size()) + alignment - 1) / alignment * alignment;
  }

  // Code that kills the helper fails its question; the others are asked in a new helper.
  void run() {
    const auto count = static_cast<std::uint32_t>(waiting_.size());
    for (std::uint32_t first = 0; first < count;) {
      const Helper32::Outcome outcome = helper_.run(first, count);
      for (; first < outcome.done; ++first) *waiting_[first].result = helper_.results()[first];
      if (outcome.end.empty()) break;
      Answer* const failed = waiting_[first].answer;
      *failed = {Answer::failed, outcome.end};
      while (first < count && waiting_[first].answer == failed) ++first;
    }
    waiting_.clear();
    used_ = 0;
  }

  Helper32 helper_;
  Optimize level_;
  std::vector<std::optional<detail::Image>> images_;
  std::vector<Waiting> waiting_;
  std::uint32_t used_ = 0;  // bytes of the helper's code
};

}  // namespace

std::unique_ptr<Decider> code_32_decider(const std::string& helper, Optimize level) {
  return std::make_unique<Code32Decider>(helper, level);
}

}  // namespace callgate::oracles
