// x86_32 code in this 64-bit process.
#include "oracles/harness/code_buffer.h"
#include "oracles/harness/compiled.h"
#include "oracles/harness/decider_kinds.h"
#include "oracles/x86_32/gate_32.h"

namespace callgate::oracles {
namespace {

class Gate32Decider final : public OneByOneDecider {
 public:
  explicit Gate32Decider(Optimize level)
      : OneByOneDecider(std::string("asmjit x86_32 here optimize=") + callgate::name(level)), level_(level) {}

 private:
  Answer decide_one(const Question& question, std::uint32_t* results, Times& times) override {
    Answer answer;
    const auto image = compile(question, Engine::asmjit, Target::x86_32, level_, answer);
    times.lap(Phase::compile);
    if (image) run(*image, question, results);
    times.lap(Phase::run);
    return answer;
  }

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
