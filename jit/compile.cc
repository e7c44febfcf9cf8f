#include "jit/compile.h"

#include <algorithm>

#include "jit/landing_pad.h"
#include "jit/layout.h"

namespace callgate::jit {

LowerRequest lower_request(const Request& request) {
  const SwitchTarget target{.has_64_bits = request.target == Target::x86_64,
                            .halves_adjoin = request.input.schema.halves != 0 && request.input.halves_adjoin()};
  return {request.units, request.sequence, request.entry_roots, target, request.blinding};
}

Expected<Code, CompileError> compile(const Request& request) {
  const Backend* backend = find_backend(request.engine);
  if (backend == nullptr || !backend->makes(request.target)) {
    return CompileError{FallbackReason::no_jit, "no assembler for this engine and target"};
  }
  const Flow flow = lower(lower_request(request));
  const Layout layout = lay_out(flow, abi_of(request.target), request.input);
  // The table words that name entries reach no further.
  const std::size_t most =
      request.entry_roots.empty() ? request.max_bytes : std::min(request.max_bytes, std::size_t{max_code_bytes});
  if (layout.bytes > most) {
    return CompileError{FallbackReason::code_too_large, std::to_string(layout.bytes) + " bytes of code"};
  }
  auto code = backend->emit({flow, layout, request.target, request.input, request.with_marks});
  if (!code) {                                                                   // LCOV_EXCL_BR_LINE: only with a bug
    return CompileError{FallbackReason::assembler_error, code.error().message};  // LCOV_EXCL_LINE: the same
  }
  for (const BlockId entry : flow.entries) code->entries.push_back(layout.start[entry]);
  if (!lands_at_entries_only(code->bytes, code->entries)) {  // LCOV_EXCL_BR_LINE: only with a bug
    return CompileError{FallbackReason::assembler_error, "a landing pad that is no entry"};  // LCOV_EXCL_LINE: the same
  }
  return std::move(*code);
}

}  // namespace callgate::jit
