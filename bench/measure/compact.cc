#include "bench/measure/compact.h"

#include <algorithm>
#include <istream>
#include <ostream>
#include <sstream>
#include <stdexcept>

#include "bench/measure/text_cursor.h"

namespace callgate::bench {
namespace {

[[noreturn]] void fail(std::size_t line, const std::string& message) {
  throw std::runtime_error("line " + std::to_string(line) + ": " + message);
}

SeccompData read_call(const std::string& text, std::size_t line) {
  std::istringstream words(text);
  std::string word;
  SeccompData data{};
  data.arch = arch::x86_64;
  std::size_t count = 0;
  for (bool first = true; words >> word; first = false) {
    if (word == "i386" && count == 0 && !first) {
      data.arch = arch::x86_32;
      continue;
    }
    TextCursor reader(word);
    const std::optional<std::uint64_t> value = reader.digits(first ? 10 : 16);
    if (!value || !reader.rest().empty()) fail(line, "not a number: " + word);
    if (first && *value > UINT32_MAX) fail(line, "no system call number: " + word);
    if (first) {
      data.nr = static_cast<std::uint32_t>(*value);
    } else if (count == 6) {
      fail(line, "more than six arguments");
    } else {
      data.args[count++] = *value;
    }
  }
  return data;
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

std::vector<SeccompData> read_compact(std::istream& input) {
  constexpr std::uint64_t most_repeats = 1'000'000;
  std::vector<SeccompData> calls;
  std::size_t number = 0;
  for (std::string line; std::getline(input, line);) {
    ++number;
    line.resize(std::min(line.find('#'), line.size()));
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    TextCursor reader(line);
    if (!reader.skip("* ")) {
      calls.push_back(read_call(line, number));
      continue;
    }
    const std::uint64_t repeats = reader.digits(10).value_or(0);
    if (calls.empty() || repeats == 0 || repeats > most_repeats) fail(number, "bad repetition: " + line);
    const SeccompData last = calls.back();
    calls.insert(calls.end(), static_cast<std::size_t>(repeats), last);
  }
  return calls;
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
