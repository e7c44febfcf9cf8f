#include "jit/compile.h"

#include "jit/flow.h"
#include "jit/layout.h"

namespace callgate::jit {

Expected<Code, CompileError> compile(const Request& request) {
  const Backend* backend = find_backend(request.engine);
  if (backend == nullptr || !backend->makes(request.target)) {
    return CompileError{FallbackReason::no_jit, "no assembler for this engine and target"};
  }
  const Flow flow = lower(request.plan, request.rule);
  const Layout layout = lay_out(flow, abi_of(request.target));
  if (layout.bytes > max_code_bytes) {
    return CompileError{FallbackReason::code_too_large, std::to_string(layout.bytes) + " bytes of code"};
  }
  auto code = backend->emit(flow, layout, request.target, request.with_marks);
  if (!code) return CompileError{FallbackReason::assembler_error, code.error().message};
  return std::move(*code);
}

}  // namespace callgate::jit
