// The seeds are sown by the linker: --wrap (see bench/CMakeLists.txt) puts the functions below in front of two of
// callgate's own, so that what is measured is the library as it is, and it needs no hooks. When a signature changes,
// linking fails; then the mangled names are to be taken anew from "nm".
#include "bench/perf/seeds.h"

#include <array>
#include <cstring>
#include <string>

#include "compose/plan.h"
#include "jit/compile.h"

using callgate::compose::Plan;
using callgate::compose::PlanOptions;
using callgate::compose::Precision;
using callgate::jit::Code;
using Compiled = callgate::Expected<Code, callgate::jit::CompileError>;
using Newer = std::span<const callgate::Program* const>;

#define COMPILE "_ZN8callgate3jit7compileERKNS0_7RequestE"
#define ATTACH CALLGATE_SEED_ATTACH

Compiled real_compile(const callgate::jit::Request& request) asm("__real_" COMPILE);
Compiled seeded_compile(const callgate::jit::Request& request) asm("__wrap_" COMPILE);
Plan real_attach(const Plan& older, Newer newer, std::uint32_t filter,
                 const PlanOptions& options) asm("__real_" ATTACH);
Plan seeded_attach(const Plan& older, Newer newer, std::uint32_t filter,
                   const PlanOptions& options) asm("__wrap_" ATTACH);

namespace {

std::string seed;

// Every entry leads through a number of instructions that do nothing, which lie behind the code.
void add_work(Code& code) {
  constexpr std::size_t idle_instructions = 8;
  for (std::uint32_t& entry : code.entries) {
    const auto start = static_cast<std::uint32_t>(code.bytes.size());
    code.bytes.insert(code.bytes.end(), idle_instructions, 0x90);
    const std::size_t behind = code.bytes.size() + 5;  // a near jump
    const auto distance =
        static_cast<std::int32_t>(static_cast<std::int64_t>(entry) - static_cast<std::int64_t>(behind));
    std::array<std::uint8_t, 5> jump{0xe9};
    std::memcpy(jump.data() + 1, &distance, sizeof distance);
    code.bytes.insert(code.bytes.end(), jump.begin(), jump.end());
    entry = start;
  }
}

void double_code(Code& code) {
  const std::vector<std::uint8_t> once = code.bytes;
  code.bytes.insert(code.bytes.end(), once.begin(), once.end());
}

}  // namespace

bool callgate::bench::choose_seed(const char* name) {
  seed = name;
  return seed == "hot path" || seed == "pass" || seed == "code";
}

Compiled seeded_compile(const callgate::jit::Request& request) {
  Compiled code = real_compile(request);
  if (code && seed == "hot path") add_work(*code);
  if (code && seed == "code") double_code(*code);
  return code;
}

Plan seeded_attach(const Plan& older, Newer newer, std::uint32_t filter, const PlanOptions& options) {
  PlanOptions changed = options;
  if (seed == "pass" && changed.precision == Precision::path_sensitive) changed.precision = Precision::per_number;
  return real_attach(older, newer, filter, changed);
}
