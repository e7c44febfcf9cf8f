// What `callgate record` writes, one call a line (bench/measure/compact.h writes it):
//
//   number [i386] [arguments in hexadecimal, without the trailing zeros]
//   * n                                          n more calls such as the one before
//   # comment
//
// Numbers are decimal; x32 calls carry their bit (0x40000000) in it. Instruction pointers are not kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "callgate/expected.hpp"
#include "calls/call.h"

namespace callgate::calls {

// How the first line of a recording begins; the options of the record command and the recorded command follow.
inline constexpr std::string_view recording_header = "# callgate record";

// What `callgate record` writes behind the header and at the end; recordings from before it did so have neither.
inline constexpr std::string_view recording_has_end = "# has an end";
inline constexpr std::string_view recording_end = "# end";
inline constexpr std::string_view recording_incomplete = "# incomplete: ";  // and what is missing

// Whether the line is such a header.
bool is_recording_header(std::string_view line);

// A line that is neither blank nor a comment.
struct RecordedLine {
  Call call;                  // if `repeats` is 0
  std::uint64_t repeats = 0;  // how many more of the call before
};

Expected<RecordedLine, std::string> parse_recorded(std::string_view line);

}  // namespace callgate::calls
