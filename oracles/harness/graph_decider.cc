// The decision graph, evaluated by walking it: tells a wrong graph from wrong code for a right one.
#include "dispatch/image.h"
#include "ir/evaluate.h"
#include "oracles/harness/decider_kinds.h"

namespace callgate::oracles {
namespace {

class GraphDecider final : public Decider {
 public:
  GraphDecider() : Decider("graph") {}

  void decide(std::span<const Question> questions, std::uint32_t* results, std::span<Answer> answers,
              Times& times) override {
    for (std::size_t i = 0; i < questions.size(); ++i) {
      const Question& question = questions[i];
      const Options options{.rule = question.rule};
      const compose::Plan plan =
          detail::make_image(question.filters, {options, Engine::interpreter, Target::native}).plan;
      times.lap(Phase::compile);
      const compose::ChainGraph* decisions = plan.size() == 1 ? plan[0]->chain_graph() : nullptr;
      if (decisions != nullptr) {
        for (std::size_t j = 0; j < question.inputs.size(); ++j) results[j] = walk(*decisions, question.inputs[j]);
      } else {
        answers[i] = {Answer::declined, "over budget"};
      }
      results += question.inputs.size();
      times.lap(Phase::run);
    }
  }

 private:
  static std::uint32_t walk(const compose::ChainGraph& decisions, const SeccompData& data) {
    return ir::evaluate(decisions.graph, decisions.root_of(compose::class_of(data.nr, data.arch)), &data);
  }
};

}  // namespace

std::unique_ptr<Decider> graph_decider() { return std::make_unique<GraphDecider>(); }

}  // namespace callgate::oracles
