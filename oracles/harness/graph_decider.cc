// The decision graph, evaluated by walking it: tells a wrong graph from wrong code for a right one.
#include "dispatch/image.h"
#include "ir/evaluate.h"
#include "oracles/harness/decider_kinds.h"

namespace callgate::oracles {
namespace {

class GraphDecider final : public OneByOneDecider {
 public:
  GraphDecider() : OneByOneDecider("graph") {}

 private:
  Answer decide_one(const Question& question, std::uint32_t* results, Times& times) override {
    const Options options{.rule = question.rule};
    const compose::Plan plan =
        detail::make_image(question.filters, {options, Engine::interpreter, Target::native}).plan;
    times.lap(Phase::compile);
    const compose::ChainGraph* decisions = plan.size() == 1 ? plan[0]->chain_graph() : nullptr;
    if (decisions == nullptr) return {Answer::declined, "over budget"};
    for (const SeccompData& data : question.inputs) *results++ = walk(*decisions, data);
    times.lap(Phase::run);
    return {};
  }

  static std::uint32_t walk(const compose::ChainGraph& decisions, const SeccompData& data) {
    return ir::evaluate(decisions.graph, decisions.root_of(compose::class_of(data.nr, data.arch)), &data);
  }
};

}  // namespace

std::unique_ptr<Decider> graph_decider() { return std::make_unique<GraphDecider>(); }

}  // namespace callgate::oracles
