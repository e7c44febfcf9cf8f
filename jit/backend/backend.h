// What an assembler library does for us: turn a flow with its layout into bytes. One implementation per library; only
// the files of this folder include one.
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
  std::vector<Mark> marks;  // ascending; empty unless asked for
};

struct JitError {
  std::string message;
};

struct Backend {
  Engine engine;
  bool (*makes)(Target target);  // Target::x86_64 or x86_32
  Expected<Code, JitError> (*emit)(const Flow& flow, const Layout& layout, Target target, bool with_marks);
};

// jit/layout.h's emit(), with marks collected in `marks` unless that is null.
template <Assembler As>
void emit_marked(As& as, const Abi& abi, const Flow& flow, const Layout& layout, std::vector<Mark>* marks) {
  if (marks == nullptr) return emit(as, abi, flow, layout, NoMarks{});
  emit(as, abi, flow, layout, [&as, marks](ir::Source source) {
    marks->push_back({static_cast<std::uint32_t>(as.size()), source});
  });
}

// Null when this library was built without it.
const Backend* find_backend(Engine engine);

inline const Abi& abi_of(Target target) { return target == Target::x86_64 ? abi_x86_64 : abi_x86_32; }

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
