// The image of a chain: everything that decides its calls, as one value.
//
//   filters ──▶ plan ──▶ image ──▶ sealed memory ──▶ chain
//                     make_image()     seal()
//
// Chains, tools and oracles all decide by an image, so that nobody else puts table, records and code together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "callgate/options.hpp"
#include "dispatch/action_table.h"
#include "ir/flat.h"
#include "jit/backend.h"

namespace callgate {
namespace CALLGATE_HIDDEN detail {

// The stages of making an image.
enum class Stage : std::uint8_t {
  plan,   // filters become decision graphs
  table,  // what number and architecture settle, and what records decide
  code,   // graphs become machine code
  fill,   // the action table with its entries into the code; the graph in flat form where there is no code
};

struct ImageRequest {
  const Options& options;  // rule, level, layout and limit of the code; its engine says only whether there is a table
  Engine engine;           // never automatic; the interpreter has no code
  Target target;           // x86_64 or x86_32; need not be what this process runs
  bool with_marks = false;
  // Called at the end of each stage if not empty, for tools that measure. Stages come again while the code is too
  // large.
  std::function<void(Stage)> ended = {};
};

// Where a call is decided: by a result that table or check give, or by the code at an offset.
struct Place {
  bool in_code;
  std::uint32_t value;  // the result, or bytes from the start of the code
};

struct Image {
  compose::Plan plan;  // of all filters; the code is made from it
  Engine engine = Engine::interpreter;
  FallbackReason fallback_reason = FallbackReason::none;  // why there is no code though an engine was asked for
  std::string error;                                      // what the compiler says of it
  Residuals residuals;                                    // with the records
  ActionTable table;                                      // without words if the start of the code decides every call
  jit::Code code;                                         // empty on the interpreter
  ir::FlatGraph flat;  // decides the rest where there is no code; empty if the interpreter must do that

  // For images of the layout of SeccompData, or of a single-fetch one: only there records find their words.
  Place look_up(const SeccompData& data) const noexcept;

  // Of table and records, one behind the other.
  std::size_t table_bytes() const noexcept;

  // What Options::byte_limit bounds: of table, records, code and graph.
  std::size_t bytes() const noexcept;
};

// The plan of the chain's filters with no more than this precision. May throw std::bad_alloc.
using PlanWith = std::function<compose::Plan(compose::Precision)>;

// The image of the chain with this plan. As long as the code or all of the image is larger than the limit on it, the
// plan is replaced by one with less precision; the code of a baseline form has the compiler's own limit. If there can
// be no code, the interpreter or the graph decides, and the image says why. May throw std::bad_alloc, and what
// `plan_with` throws.
Image make_image(compose::Plan plan, const PlanWith& plan_with, const ImageRequest& request);

// The same for all filters at once.
Image make_image(std::span<const Program> oldest_first, const ImageRequest& request);

// Turns the image into one that decides without code, and without graph and table where these are over the limit.
// True if nothing was over it.
bool drop_code(Image& image, FallbackReason reason, const Options& options);

// What the compiler needs of options that have the layout.
compose::PlanOptions plan_options(const Options& options, compose::Precision precision);

}  // namespace detail
}  // namespace callgate
