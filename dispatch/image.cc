#include "dispatch/image.h"

#include <algorithm>
#include <utility>

#include "dispatch/units.h"
#include "jit/blinding_key.h"
#include "jit/compile.h"

namespace callgate::detail {
namespace {

// Words that the layout makes constant, for the compiler.
ir::FixedWords fixed_words(const InputLayout& layout) {
  ir::FixedWords fixed;
  for (std::size_t i = 0; i < fixed.size(); ++i) {
    if (layout.words[i].is_constant) fixed[i] = layout.words[i].value;
  }
  return fixed;
}

// Chains that decide by table and code have the table; chains that run baseline code for every call do not.
bool wants_table(const Options& options) noexcept {
  return options.optimize == Optimize::full && options.engine != Engine::interpreter;
}

// The precision of the segment that has most of it.
compose::Precision precision_of(const compose::Plan& plan) noexcept {
  compose::Precision most = compose::Precision::baseline;
  for (const auto& segment : plan) {
    if (const compose::ChainGraph* graph = segment->chain_graph()) most = std::min(most, graph->precision);
  }
  return most;
}

compose::Precision less_than(compose::Precision precision) noexcept {
  return static_cast<compose::Precision>(static_cast<int>(precision) + 1);
}

bool is_within_limit(const Image& image, const Options& options) noexcept {
  return options.byte_limit == 0 || image.bytes() <= options.byte_limit;
}

void fill_table(Image& image, const Options& options) {
  image.table = make_table(image.plan, options.rule, image.residuals, image.code.entries);
}

// Makes one image, stage by stage.
class Maker {
 public:
  Maker(compose::Plan plan, const PlanWith& plan_with, const ImageRequest& request)
      : plan_with_(plan_with), request_(request), options_(request.options), input_(input_map(options_.layout)) {
    image_.plan = std::move(plan);
    image_.engine = request.engine;
  }

  Image run() && {
    find_rest();
    while (!decides() && !is_baseline()) lose_precision();
    ended(Stage::fill);
    return std::move(image_);
  }

 private:
  void ended(Stage stage) const {
    if (request_.ended) request_.ended(stage);
  }

  void find_rest() {
    if (wants_table(options_)) image_.residuals = find_residuals(image_.plan, options_.rule, options_.layout);
    ended(Stage::table);
  }

  // Makes what decides by the plan. False if with less precision it could be small enough.
  bool decides() {
    if (request_.engine == Engine::interpreter) return drop_code(image_, FallbackReason::none, options_);
    auto code = compile_plan();
    ended(Stage::code);
    if (code) {
      take(std::move(*code));
      if (is_within_limit(image_, options_)) return true;
      image_.error = std::to_string(image_.bytes()) + " bytes";
    } else {
      image_.error = code.error().message;
    }
    const FallbackReason reason = code ? FallbackReason::code_too_large : code.error().reason;
    if (reason == FallbackReason::code_too_large && !is_baseline()) return false;
    drop_code(image_, reason, options_);
    return true;
  }

  bool is_baseline() const { return precision_of(image_.plan) == compose::Precision::baseline; }

  void lose_precision() {
    image_.plan = plan_with_(less_than(precision_of(image_.plan)));
    ended(Stage::plan);
    image_.error.clear();
    image_.code = {};
    image_.table = {};
    image_.residuals = {};
    find_rest();
  }

  Expected<jit::Code, jit::CompileError> compile_plan() const {
    const bool is_baseline_code = is_baseline();
    const std::size_t code_limit = std::min(options_.code_limit, max_code_bytes);
    const std::vector<jit::Unit> units = units_of(image_.plan);
    jit::Request request = seccomp_request(units, options_.rule, request_.engine, request_.target);
    request.input = input_;
    request.with_marks = request_.with_marks;
    request.entry_roots = image_.residuals.roots;
    request.max_bytes = is_baseline_code ? jit::max_baseline_bytes : code_limit;
    if (options_.blind_constants) request.blinding = jit::make_blinding_key();
    return jit::compile(request);
  }

  void take(jit::Code code) {
    image_.code = std::move(code);
    if (wants_table(options_)) fill_table(image_, options_);
  }

  const PlanWith& plan_with_;
  const ImageRequest& request_;
  const Options& options_;
  jit::InputMap input_;
  Image image_;
};

}  // namespace

Place Image::look_up(const SeccompData& data) const noexcept {
  const std::uint32_t index = callgate_table_index(data.nr, data.arch);
  const std::uint32_t word = index < table.words.size() ? table.words[index] : table.rest;
  if (!callgate_is_residual(word)) return {false, word};
  if (word >= CALLGATE_CODE_BASE) return {true, word - CALLGATE_CODE_BASE};
  return {false, callgate_decide_record(word, residuals.records[word], &data)};
}

std::size_t Image::table_bytes() const noexcept {
  return table.words.size() * sizeof(std::uint32_t) + residuals.records.bytes().size();
}

std::size_t Image::bytes() const noexcept {
  const std::size_t roots = flat.empty() ? 0 : plan[0]->chain_graph()->roots.size();
  return table_bytes() + code.bytes.size() + flat.node_count() * sizeof(ir::FlatNode) +
         flat.op_count() * sizeof(ir::FlatOp) + roots * sizeof(ir::NodeId);
}

compose::PlanOptions plan_options(const Options& options, compose::Precision precision) {
  return {options.rule, options.optimize,   fixed_words(options.layout),
          precision,    options.step_limit, options.node_limit == 0 ? compose::max_decision_nodes : options.node_limit};
}

Image make_image(compose::Plan plan, const PlanWith& plan_with, const ImageRequest& request) {
  return Maker(std::move(plan), plan_with, request).run();
}

Image make_image(std::span<const Program> oldest_first, const ImageRequest& request) {
  const auto plan_with = [&](compose::Precision precision) {
    return compose::make_plan(oldest_first, plan_options(request.options, precision));
  };
  compose::Plan plan = plan_with(compose::Precision::path_sensitive);
  if (request.ended) request.ended(Stage::plan);
  return make_image(std::move(plan), plan_with, request);
}

bool drop_code(Image& image, FallbackReason reason, const Options& options) {
  image.engine = Engine::interpreter;
  image.fallback_reason = reason;
  image.code = {};
  if (!wants_table(options)) return true;
  fill_table(image, options);
  const compose::ChainGraph* graph = image.plan.size() == 1 ? image.plan[0]->chain_graph() : nullptr;
  if (graph != nullptr) image.flat = ir::FlatGraph::make(graph->graph);
  if (is_within_limit(image, options)) return true;
  image.flat = {};
  if (!is_within_limit(image, options)) {
    image.table = {};
    image.residuals = {};
  }
  return false;
}

}  // namespace callgate::detail
