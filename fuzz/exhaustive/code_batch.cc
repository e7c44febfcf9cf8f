#include "fuzz/exhaustive/code_batch.h"

#include <stdexcept>

#include "ir/plan.h"
#include "jit/compile.h"

namespace callgate::fuzz {

std::size_t CodeBatch::add(std::span<const Program> oldest_first, MergeRule rule, Engine engine, Optimize level) {
  constexpr std::size_t alignment = 16;
  constexpr std::uint8_t trap = 0xcc;
  ir::Plan plan;
  std::uint32_t filter = 0;
  for (const Program& program : oldest_first) plan = ir::attach(plan, program, filter++, rule, level);
  const auto code = jit::compile({plan, rule, engine, jit::host_target()});
  if (!code) throw std::runtime_error(code.error().message);
  bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment, trap);
  starts_.push_back(bytes_.size());
  bytes_.insert(bytes_.end(), code->bytes.begin(), code->bytes.end());
  return starts_.size() - 1;
}

void CodeBatch::publish() {
  auto memory = jit::publish({}, bytes_, {});
  if (!memory) throw std::runtime_error(rule(memory.error().reason));
  memory_ = std::move(*memory);
}

std::uint32_t CodeBatch::run(std::size_t index, const SeccompData& data) const {
  const auto function = reinterpret_cast<std::uint32_t (*)(const SeccompData*)>(
      reinterpret_cast<std::uintptr_t>(memory_.code() + starts_[index]));
  return function(&data);
}

void CodeBatch::clear() {
  bytes_.clear();
  starts_.clear();
}

std::vector<Engine> engines_here() {
  std::vector<Engine> engines;
  for (const Engine engine : {Engine::xbyak, Engine::asmjit}) {
    const jit::Backend* backend = jit::find_backend(engine);
    if (backend != nullptr && backend->makes(jit::host_target())) engines.push_back(engine);
  }
  return engines;
}

}  // namespace callgate::fuzz
