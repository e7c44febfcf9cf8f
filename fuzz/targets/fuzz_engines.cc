// Every engine that this process can run against the interpreter, x86_32 code too: single filters and chains, both rules. One
// engine an execution, chosen by a byte of the input. CALLGATE_FUZZ_ENGINES=xbyak,asmjit and CALLGATE_FUZZ_OPTIMIZE=none (or
// full) leave others out.
#include <cstdlib>
#include <string_view>

#include "fuzz/harness/finding.h"
#include "fuzz/harness/reproducer.h"
#include "fuzz/targets/case_bytes.h"
#include "fuzz/targets/libfuzzer_options.h"
#include "fuzz/targets/target.h"

namespace callgate::fuzz {
namespace {

bool is_chosen(const char* variable, std::string_view name) {
  const char* const value = std::getenv(variable);
  return value == nullptr || std::string_view(value).find(name) != std::string_view::npos;
}

// Who decides, with turns, so that each takes about as much time as any other: optimising costs five times what straight code
// does, and more where a chain publishes its code.
class Field {
 public:
  Field() {
    for (const Target target : {Target::native, Target::x86_32}) {
      Config config;
      config.target = target;
      config.reuse_code_memory = true;
      for (const Contestant contestant : available_contestants(config)) {
        config.contestants = {contestant};
        if (is_chosen("CALLGATE_FUZZ_ENGINES", name(contestant))) add(config);
      }
      if (sizeof(void*) == 4) break;  // x86_32 is native
    }
    if (deciders_.empty()) fail("no engine to compare with the interpreter");
  }

  Decider& operator[](std::uint8_t choice) { return *deciders_[turns_[choice % turns_.size()]]; }

 private:
  void add(Config config) {
    switch (config.contestants[0]) {
      case Contestant::xbyak:
      case Contestant::asmjit:
        add(config, Optimize::none, 5);
        add(config, Optimize::full, 1);
        break;
      case Contestant::match: add(config, Optimize::full, 5); break;
      case Contestant::graph:
      case Contestant::table: add(config, Optimize::full, 1); break;
    }
  }

  void add(Config& config, Optimize level, std::size_t turns) {
    if (!is_chosen("CALLGATE_FUZZ_OPTIMIZE", callgate::name(level))) return;
    config.levels = {level};
    auto made = make_deciders(config);
    if (!made) fail(made.error());
    turns_.insert(turns_.end(), turns, deciders_.size());
    for (auto& decider : *made) deciders_.push_back(std::move(decider));
  }

  Deciders deciders_;
  std::vector<std::size_t> turns_;  // indices into deciders_
};

void check(const ChosenCase& chosen) {
  static Field field;
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
