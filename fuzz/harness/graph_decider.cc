// The decision graph, evaluated by walking it: tells a wrong graph from wrong code for a right one.
#include "fuzz/harness/decider_kinds.h"
#include "fuzz/harness/plan.h"
#include "ir/evaluate.h"

namespace callgate::fuzz {
namespace {

class GraphDecider final : public Decider {
 public:
  GraphDecider() : Decider("graph") {}

  void decide(std::span<const Question> questions, std::uint32_t* results, std::span<Answer> answers,
              Times& times) override {
    for (std::size_t i = 0; i < questions.size(); ++i) {
      const Question& question = questions[i];
      const ir::Plan plan = plan_of(question.filters, question.rule, Optimize::full);
      times.lap(Phase::compile);
      if (plan.size() == 1 && plan[0]->graph() != nullptr) {
        for (std::size_t j = 0; j < question.inputs.size(); ++j) {
          results[j] = ir::evaluate(*plan[0]->graph(), question.inputs[j]);
        }
      } else {
        answers[i] = {Answer::declined, "over budget"};
      }
      results += question.inputs.size();
      times.lap(Phase::run);
    }
  }
};

}  // namespace

std::unique_ptr<Decider> graph_decider() { return std::make_unique<GraphDecider>(); }

}  // namespace callgate::fuzz
