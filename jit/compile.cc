#include "jit/compile.h"

#include <algorithm>

#include "jit/block.h"
#include "jit/layout.h"

namespace callgate::jit {

FlowRequest flow_request(const Request& request) {
  SwitchTarget target;
  target.has_64_bits = request.target == Target::x86_64;
  for (std::uint32_t low = 2; low < request.input.at.size(); low += 2) {
    target.halves_adjoin &= request.input.at[low + 1] == request.input.at[low] + 4;
  }
  return {request.plan, request.rule, request.residuals, target};
}

Expected<Code, CompileError> compile(const Request& request) {
  const Backend* backend = find_backend(request.engine);
  if (backend == nullptr || !backend->makes(request.target)) {
    return CompileError{FallbackReason::no_jit, "no assembler for this engine and target"};
  }
  const Flow flow = lower(flow_request(request));
  const Layout layout = lay_out(flow, abi_of(request.target), request.input);
  // The table's words reach no further.
  const std::size_t most =
      request.residuals.empty() ? request.max_bytes : std::min(request.max_bytes, std::size_t{max_code_bytes});
  if (layout.bytes > most) {
    return CompileError{FallbackReason::code_too_large, std::to_string(layout.bytes) + " bytes of code"};
  }
  auto code = backend->emit({flow, layout, request.target, request.input, request.with_marks});
  if (!code) return CompileError{FallbackReason::assembler_error, code.error().message};  // LCOV_EXCL_BR_LINE: only with a bug
  for (const BlockId entry : flow.entries) code->entries.push_back(layout.start[entry]);
  return std::move(*code);
}

}  // namespace callgate::jit
