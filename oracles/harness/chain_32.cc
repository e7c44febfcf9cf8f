#include "oracles/harness/chain_32.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "jit/backend.h"
#include "oracles/harness/compiled.h"
#include "oracles/x86_32/helper_32.h"

namespace callgate::oracles {

struct Chain32::State {
  State(detail::Image made, const std::string& program) : image(std::move(made)), helper(program) {}

  detail::Image image;
  Helper32 helper;
  std::vector<std::uint32_t*> waiting = {};  // where the results of a round's calls go
};

Chain32::Chain32(std::unique_ptr<State> state) : state_(std::move(state)) {}
Chain32::Chain32(Chain32&&) noexcept = default;
Chain32::~Chain32() = default;

Expected<Chain32, std::string> Chain32::make(std::span<const Program> oldest_first, MergeRule rule, Optimize level,
                                             const std::string& helper) {
  if (!available(Engine::asmjit, Target::x86_32)) return std::string("this build has no AsmJit");
  if (std::string why = Helper32::obstacle(helper); !why.empty()) return why;
  Answer answer;
  auto image = compile({oldest_first, rule, {}}, Engine::asmjit, Target::x86_32, level, answer);
  if (!image) return answer.why;
  if (image->code.bytes.size() > helper_32::max_code) return std::string("the code is too large for the 32-bit helper");
  auto state = std::make_unique<State>(std::move(*image), helper);
  std::ranges::copy(state->image.code.bytes, state->helper.code().begin());
  return Chain32(std::move(state));
}

void Chain32::evaluate(std::span<const SeccompData> calls, std::uint32_t* results) {
  auto& [image, helper, waiting] = *state_;
  while (!calls.empty()) {
    const auto round = calls.first(std::min<std::size_t>(calls.size(), helper_32::max_calls));
    calls = calls.subspan(round.size());
    waiting.clear();
    for (const SeccompData& call : round) {
      const detail::Place place = image.look_up(call);
      *results = place.value;
      if (place.in_code) {
        helper.entries()[waiting.size()] = place.value;
        helper.inputs()[waiting.size()] = call;
        waiting.push_back(results);
      }
      ++results;
    }
    if (waiting.empty()) continue;
    const Helper32::Outcome outcome = helper.run(0, static_cast<std::uint32_t>(waiting.size()));
    if (!outcome.end.empty()) throw std::runtime_error("the 32-bit helper was " + outcome.end + ": a bug in callgate");
    for (std::size_t i = 0; i < waiting.size(); ++i) *waiting[i] = helper.results()[i];
  }
}

}  // namespace callgate::oracles
