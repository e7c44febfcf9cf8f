// The assemblers that this library was built with. Compiled once for the static library and once for the shared one,
// which may lack AsmJit.
#include "jit/backend.h"

namespace callgate::jit {

extern const Backend xbyak_backend;
extern const Backend asmjit_backend;

const Backend* find_backend([[maybe_unused]] Engine engine) {
#if CALLGATE_HAVE_XBYAK
  if (engine == Engine::xbyak) return &xbyak_backend;
#endif
#if CALLGATE_HAVE_ASMJIT
  if (engine == Engine::asmjit) return &asmjit_backend;
#endif
  return nullptr;
}

}  // namespace callgate::jit
