// Which engines this build has: the one place that knows.
#include "callgate/options.hpp"
#include "jit/backend.h"

namespace callgate {

bool available(Engine engine, Target target) noexcept {
  if (target > Target::x86_32) return false;
  if (engine == Engine::automatic || engine == Engine::interpreter) return true;
  const jit::Backend* backend = jit::find_backend(engine);
  return backend != nullptr && backend->makes(target == Target::native ? jit::host_target() : target);
}

Engine best(Target target) noexcept {
  for (const Engine engine : {Engine::xbyak, Engine::asmjit}) {
    if (available(engine, target)) return engine;
  }
  return Engine::interpreter;
}

}  // namespace callgate
