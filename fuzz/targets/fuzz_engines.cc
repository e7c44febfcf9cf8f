// Every engine of this process against the interpreter: single filters and chains, both rules. One engine an execution,
// chosen by a byte of the input. CALLGATE_FUZZ_ENGINES=xbyak,asmjit and CALLGATE_FUZZ_OPTIMIZE=none leave others out.
#include <cstdlib>
#include <string_view>

#include "fuzz/harness/finding.h"
#include "fuzz/harness/reproducer.h"
#include "fuzz/targets/case_bytes.h"
#include "fuzz/targets/target.h"

namespace callgate::fuzz {
namespace {

std::string_view setting(const char* variable) {
  const char* const value = std::getenv(variable);
  return value != nullptr ? value : "";
}

Config chosen_config() {
  Config config;
  config.reuse_code_memory = true;
  const std::string_view engines = setting("CALLGATE_FUZZ_ENGINES");
  for (const Contestant contestant : available_contestants(config)) {
    if (engines.empty() || engines.find(name(contestant)) != std::string_view::npos) {
      config.contestants.push_back(contestant);
    }
  }
  const std::string_view level = setting("CALLGATE_FUZZ_OPTIMIZE");
  if (level == "none") config.levels = {Optimize::none};
  if (level == "full") config.levels = {Optimize::full};
  return config;
}

Deciders& deciders() {
  static Deciders all = [] {
    auto made = make_deciders(chosen_config());
    if (!made) fail(made.error());
    return std::move(*made);
  }();
  return all;
}

void check(const ChosenCase& chosen) {
  Decider& decider = *deciders()[chosen.engine % deciders().size()];
  const Case& asked = chosen.asked;
  if (const auto finding = examine(decider, asked)) fail("\n" + reproducer(*finding));
}

}  // namespace
}  // namespace callgate::fuzz

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
