// The service of an assembler library: it turns a flow with its layout into bytes. One implementation per library; only
// the files of jit/backend/ include one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "callgate/expected.hpp"
#include "callgate/options.hpp"
#include "jit/layout.h"

namespace callgate::jit {

// Where a piece of code comes from.
struct Mark {
  std::uint32_t offset;  // bytes from the start of the code
  ir::Source source;
};

struct Code {
  std::vector<std::uint8_t> bytes;
  std::vector<Mark> marks;             // ascending; empty unless asked for
  std::vector<std::uint32_t> entries;  // bytes from the start: the whole function, then the roots with one of their own
};

struct JitError {
  std::string message;
};

struct EmitRequest {
  const Flow& flow;
  const Layout& layout;
  Target target;
  const InputMap& input;
  bool with_marks;
};

struct Backend {
  Engine engine;
  bool (*makes)(Target target);  // Target::x86_64 or x86_32
  Expected<Code, JitError> (*emit)(const EmitRequest& request);
};

inline const Abi& abi_of(Target target) { return target == Target::x86_64 ? abi_x86_64 : abi_x86_32; }

// jit/layout.h's emit(), with marks collected in `marks` if they are asked for.
template <Assembler As>
void emit_marked(As& as, const EmitRequest& request, std::vector<Mark>& marks) {
  const Abi& abi = abi_of(request.target);
  if (!request.with_marks) return emit(as, abi, request.input, request.flow, request.layout, NoMarks{});
  emit(as, abi, request.input, request.flow, request.layout, [&](ir::Source source) {
    marks.push_back({static_cast<std::uint32_t>(as.size()), source});
  });
}

// Null when this library was built without it.
const Backend* find_backend(Engine engine);

// The mode of this process; Target::native on a machine that is not x86.
constexpr Target host_target() {
#if defined(__x86_64__) && !defined(__ILP32__)
  return Target::x86_64;
#elif defined(__i386__)
  return Target::x86_32;
#else
  return Target::native;
#endif
}

}  // namespace callgate::jit
