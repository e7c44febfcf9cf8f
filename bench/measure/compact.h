// Streams of system calls as compact text, one call a line; calls/recording.h describes it and reads it.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <span>
#include <string>
#include <vector>

#include "callgate/insn.hpp"

namespace callgate::bench {

// Throws std::runtime_error that names the line; a last line without an end is an error, too, because it may be cut. A
// byte order mark may come first. `remarks`, if not null, becomes what is to be known (calls::Reader::remarks()).
std::vector<SeccompData> read_compact(std::istream& input, std::vector<std::string>* remarks = nullptr);

// Writes calls as they come.
class CompactWriter {
 public:
  explicit CompactWriter(std::ostream& output) : output_(output) {}
  CompactWriter(const CompactWriter&) = delete;
  CompactWriter& operator=(const CompactWriter&) = delete;

  void add(const SeccompData& data);
  void finish();  // must be called once, after the last call

 private:
  std::ostream& output_;
  SeccompData last_{};
  std::size_t repeats_ = 0;  // of `last_`, beyond the first
  bool any_ = false;
};

void write_compact(std::ostream& output, std::span<const SeccompData> calls);

// Blocks of 64 neighbouring calls, evenly spread over all: about `count` of them. Neighbours stay together because
// branch predictors and caches live on what usually follows what.
std::vector<SeccompData> sample_blocks(std::span<const SeccompData> calls, std::size_t count);

}  // namespace callgate::bench
