// Code for this process. All questions of a batch are published in one mapping: publishing costs far more than
// compiling a short filter.
#include "fuzz/harness/decider_kinds.h"
#include "fuzz/harness/plan.h"
#include "jit/code_memory.h"
#include "jit/compile.h"

namespace callgate::fuzz {
namespace {

constexpr std::size_t alignment = 16;  // bytes, of every entry

class CodeDecider final : public Decider {
 public:
  CodeDecider(Engine engine, Optimize level)
      : Decider(std::string(callgate::name(engine)) + " optimize=" + callgate::name(level)),
        engine_(engine),
        level_(level) {}

  void decide(std::span<const Question> questions, std::uint32_t* results, std::span<Answer> answers,
              Times& times) override {
    compile(questions, answers);
    times.lap(Phase::compile);
    const auto memory = jit::publish({}, code_, {});
    times.lap(Phase::publish);
    if (!memory) return refuse(answers, memory.error());
    for (std::size_t i = 0; i < questions.size(); ++i) {
      if (answers[i].what == Answer::decided) run(memory->code() + entries_[i], questions[i], results);
      results += questions[i].inputs.size();
    }
    times.lap(Phase::run);
  }

 private:
  using Function = std::uint32_t (*)(const SeccompData*);

  void compile(std::span<const Question> questions, std::span<Answer> answers) {
    code_.clear();
    entries_.clear();
    for (std::size_t i = 0; i < questions.size(); ++i) {
      const ir::Plan plan = plan_of(questions[i].filters, questions[i].rule, level_);
      const auto code = jit::compile({plan, questions[i].rule, engine_, jit::host_target()});
      entries_.push_back(code_.size());
      if (!code) {
        const bool limit = code.error().reason == FallbackReason::code_too_large;
        answers[i] = {limit ? Answer::declined : Answer::failed, code.error().message};
        continue;
      }
      code_.insert(code_.end(), code->bytes.begin(), code->bytes.end());
      code_.resize((code_.size() + alignment - 1) / alignment * alignment, 0xcc);
    }
  }

  static void run(const std::uint8_t* entry, const Question& question, std::uint32_t* results) {
    const auto function = reinterpret_cast<Function>(reinterpret_cast<std::uintptr_t>(entry));
    for (std::size_t i = 0; i < question.inputs.size(); ++i) results[i] = function(&question.inputs[i]);
  }

  static void refuse(std::span<Answer> answers, const jit::PublishError& error) {
    for (Answer& answer : answers) {
      answer = {Answer::failed, std::string(rule(error.reason)) + ", errno " + std::to_string(error.error)};
    }
  }

  Engine engine_;
  Optimize level_;
  std::vector<std::uint8_t> code_;
  std::vector<std::size_t> entries_;
};

}  // namespace

std::unique_ptr<Decider> code_decider(Engine engine, Optimize level) {
  return std::make_unique<CodeDecider>(engine, level);
}

}  // namespace callgate::fuzz
