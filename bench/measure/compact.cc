#include "bench/measure/compact.h"

#include <algorithm>
#include <istream>
#include <ostream>
#include <stdexcept>
#include <string>

#include "calls/reader.h"

namespace callgate::bench {
namespace {

[[noreturn]] void fail(std::size_t line, const std::string& message) {
  throw std::runtime_error("line " + std::to_string(line) + ": " + message);
}

void write_call(std::ostream& output, const SeccompData& data) {
  output << std::dec << data.nr;
  if (data.arch == arch::x86_32) output << " i386";
  std::size_t count = std::size(data.args);
  while (count > 0 && data.args[count - 1] == 0) --count;
  for (std::size_t a = 0; a < count; ++a) output << ' ' << std::hex << data.args[a];
  output << '\n';
}

}  // namespace

std::vector<SeccompData> read_compact(std::istream& input, std::vector<std::string>* remarks) {
  std::vector<SeccompData> recorded;
  const calls::Sink keep = [&](const calls::Call& call) { recorded.push_back(call.data); };
  calls::Reader reader(calls::Form::recording);
  std::size_t number = 0;
  for (std::string line; std::getline(input, line);) {
    const bool is_cut = input.eof();
    const std::size_t before = recorded.size();
    ++number;
    if (const auto error = reader.add(line, keep)) fail(number, *error);
    if (is_cut && recorded.size() != before) {
      fail(number, "cut off: a number in it may be shorter than it was, for no line end follows");
    }
  }
  if (remarks != nullptr) *remarks = reader.remarks();
  return recorded;
}

void CompactWriter::add(const SeccompData& data) {
  SeccompData kept = data;
  kept.instruction_pointer = 0;
  if (any_ && kept == last_) {
    ++repeats_;
    return;
  }
  finish();
  write_call(output_, kept);
  last_ = kept;
  any_ = true;
}

void CompactWriter::finish() {
  constexpr std::size_t most_repeats = 1'000'000;  // that a reader accepts on a line
  for (; repeats_ > 0; repeats_ -= std::min(repeats_, most_repeats)) {
    output_ << "* " << std::dec << std::min(repeats_, most_repeats) << '\n';
  }
}

void write_compact(std::ostream& output, std::span<const SeccompData> calls) {
  CompactWriter writer(output);
  for (const SeccompData& data : calls) writer.add(data);
  writer.finish();
}

std::vector<SeccompData> sample_blocks(std::span<const SeccompData> calls, std::size_t count) {
  constexpr std::size_t block = 64;
  const std::size_t blocks = (calls.size() + block - 1) / block;
  const std::size_t wanted = std::min(blocks, (count + block - 1) / block);
  std::vector<SeccompData> sample;
  for (std::size_t i = 0; i < wanted; ++i) {
    const std::span<const SeccompData> rest = calls.subspan(blocks * i / wanted * block);
    const std::span<const SeccompData> some = rest.first(std::min(block, rest.size()));
    sample.insert(sample.end(), some.begin(), some.end());
  }
  return sample;
}

}  // namespace callgate::bench
