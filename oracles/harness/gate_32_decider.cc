// x86_32 code in this 64-bit process.
#include "oracles/harness/code_buffer.h"
#include "oracles/harness/compiled.h"
#include "oracles/harness/decider_kinds.h"
#include "oracles/x86_32/gate_32.h"

namespace callgate::oracles {
namespace {

class Gate32Decider final : public Decider {
 public:
  explicit Gate32Decider(Optimize level)
      : Decider(std::string("asmjit x86_32 here optimize=") + callgate::name(level)), level_(level) {}

  void decide(std::span<const Question> questions, std::uint32_t* results, std::span<Answer> answers,
              Times& times) override {
    for (std::size_t i = 0; i < questions.size(); ++i) {
      const auto image = compile(questions[i], Engine::asmjit, Target::x86_32, level_, answers[i]);
      times.lap(Phase::compile);
      if (image) run(*image, questions[i], results);
      results += questions[i].inputs.size();
      times.lap(Phase::run);
    }
  }

 private:
  void run(const detail::Image& image, const Question& question, std::uint32_t* results) {
    const std::uint8_t* const code = buffer_.put(image.code.bytes);
    for (const SeccompData& data : question.inputs) {
      const detail::Place place = image.look_up(data);
      *results++ = place.in_code ? gate_.call(code + place.value, data) : place.value;
    }
  }

  Optimize level_;
  CodeBuffer buffer_{CodeBuffer::Place::below_4g};
  Gate32 gate_;
};

}  // namespace

std::unique_ptr<Decider> gate_32_decider(Optimize level) { return std::make_unique<Gate32Decider>(level); }

}  // namespace callgate::oracles
