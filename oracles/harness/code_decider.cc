// Code for this process. All questions of a batch are published in one mapping: publishing costs far more than
// compiling a short filter.
#include "jit/backend.h"
#include "jit/code_memory.h"
#include "oracles/harness/code_buffer.h"
#include "oracles/harness/compiled.h"
#include "oracles/harness/decider_kinds.h"

namespace callgate::oracles {
namespace {

constexpr std::size_t alignment = 16;  // bytes, of every question's code

class CodeDecider final : public Decider {
 public:
  CodeDecider(Engine engine, Optimize level, bool reuse_code_memory)
      : Decider(std::string(callgate::name(engine)) + " optimize=" + callgate::name(level)),
        engine_(engine),
        level_(level) {
    if (reuse_code_memory) buffer_.emplace();
  }

  void decide(std::span<const Question> questions, std::uint32_t* results, std::span<Answer> answers,
              Times& times) override {
    compile_all(questions, answers);
    times.lap(Phase::compile);
    jit::CodeMemory memory;
    const std::uint8_t* const code = publish(memory);
    times.lap(Phase::publish);
    for (std::size_t i = 0; i < questions.size(); ++i) {
      if (images_[i]) run(*images_[i], code + starts_[i], questions[i], results);
      results += questions[i].inputs.size();
    }
    times.lap(Phase::run);
  }

 private:
  using Function = std::uint32_t (*)(const SeccompData*);

  void compile_all(std::span<const Question> questions, std::span<Answer> answers) {
    code_.clear();
    starts_.clear();
    images_.clear();
    for (std::size_t i = 0; i < questions.size(); ++i) {
      images_.push_back(compile(questions[i], engine_, jit::host_target(), level_, answers[i]));
      starts_.push_back(code_.size());
      if (!images_[i]) continue;
      code_.insert(code_.end(), images_[i]->code.bytes.begin(), images_[i]->code.bytes.end());
      code_.resize((code_.size() + alignment - 1) / alignment * alignment, 0xcc);
    }
  }

  static void run(const detail::Image& image, const std::uint8_t* start, const Question& question,
                  std::uint32_t* results) {
    for (const SeccompData& data : question.inputs) {
      const detail::Place place = image.look_up(data);
      const auto entry = reinterpret_cast<std::uintptr_t>(start + place.value);
      *results++ = place.in_code ? reinterpret_cast<Function>(entry)(&data) : place.value;
    }
  }

  // Where the code of all questions runs.
  const std::uint8_t* publish(jit::CodeMemory& memory) {
    if (buffer_) return buffer_->put(code_);
    auto published = jit::publish({}, code_, {});
    if (!published) refuse_to_run(published.error().reason, published.error().error);
    memory = std::move(*published);
    return memory.code();
  }

  Engine engine_;
  Optimize level_;
  std::optional<CodeBuffer> buffer_;
  std::vector<std::uint8_t> code_;
  std::vector<std::size_t> starts_;  // of each question's code
  std::vector<std::optional<detail::Image>> images_;
};

}  // namespace

std::unique_ptr<Decider> code_decider(Engine engine, Optimize level, bool reuse_code_memory) {
  return std::make_unique<CodeDecider>(engine, level, reuse_code_memory);
}

}  // namespace callgate::oracles
