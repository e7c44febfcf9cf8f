// Every engine that this process can run against the interpreter, x86_32 code too: single filters and chains, both
// rules. One engine an execution, chosen by a byte of the input. CALLGATE_FUZZ_ENGINES=xbyak,asmjit and
// CALLGATE_FUZZ_OPTIMIZE=none (or full) leave others out.
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "fuzz/case_bytes.h"
#include "fuzz/libfuzzer_options.h"
#include "fuzz/target.h"
#include "oracles/harness/finding.h"
#include "oracles/harness/reproducer.h"

namespace callgate::fuzz {
namespace {

bool is_chosen(const char* variable, std::string_view name) {
  const char* const value = std::getenv(variable);
  return value == nullptr || std::string_view(value).find(name) != std::string_view::npos;
}

// Who decides, with turns, so that each takes about as much time as any other: optimising costs five times what
// straight code does, and more where a chain publishes its code. A turn belongs to the same decider in every build and
// process, so that a file fails wherever it can; where its decider is missing, the next one that is there takes it.
class Field {
 public:
  Field() {
    for (const Target target : {Target::native, Target::x86_32}) {
      for (const DeciderKind kind : {DeciderKind::xbyak, DeciderKind::asmjit}) {
        add(kind, target, Optimize::none, 5);
        add(kind, target, Optimize::full, 1);
      }
    }
    add(DeciderKind::match, Target::native, Optimize::full, 5);
    add(DeciderKind::graph, Target::native, Optimize::full, 1);
    add(DeciderKind::table, Target::native, Optimize::full, 1);
    if (std::none_of(turns_.begin(), turns_.end(), [](const auto& decider) { return decider != nullptr; })) {
      fail("no engine to compare with the interpreter");
    }
  }

  Decider& operator[](std::uint8_t choice) const {
    std::size_t turn = choice % turns_.size();
    while (turns_[turn] == nullptr) turn = (turn + 1) % turns_.size();
    return *turns_[turn];
  }

 private:
  void add(DeciderKind kind, Target target, Optimize level, std::size_t turns) {
    turns_.insert(turns_.end(), turns, make(kind, target, level));
  }

  // Null if it cannot run here, or is not to.
  static std::shared_ptr<Decider> make(DeciderKind kind, Target target, Optimize level) {
    Config config;
    config.kinds = {kind};
    config.target = target;
    config.levels = {level};
    config.reuse_code_memory = true;
    const bool is_native_again = target == Target::x86_32 && sizeof(void*) == 4;
    const auto available = available_deciders(config);
    if (is_native_again || std::find(available.begin(), available.end(), kind) == available.end() ||
        !is_chosen("CALLGATE_FUZZ_ENGINES", name(kind)) ||
        !is_chosen("CALLGATE_FUZZ_OPTIMIZE", callgate::name(level))) {
      return nullptr;
    }
    auto made = make_deciders(config);
    if (!made) fail(made.error());
    return std::move(made->front());
  }

  std::vector<std::shared_ptr<Decider>> turns_;
};

void check(const ChosenCase& chosen) {
  static const Field field;
  if (const auto finding = examine(field[chosen.engine], chosen.asked)) fail("\n" + reproducer(*finding));
}

}  // namespace
}  // namespace callgate::fuzz

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  callgate::fuzz::prefer_options(argc, argv);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (const auto chosen = callgate::fuzz::read_case({data, size})) callgate::fuzz::check(*chosen);
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  callgate::fuzz::Random random(seed);
  const std::string other =
      callgate::fuzz::write_case(callgate::fuzz::other_case(callgate::fuzz::read_case({data, size}), random));
  return other.size() > max_size ? size : callgate::fuzz::store(other, data, max_size);
}
