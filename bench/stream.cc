#include "bench/stream.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <istream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "bench/random.h"
#include "calls/architecture.h"
#include "calls/reader.h"

namespace callgate::bench {
namespace {

constexpr std::size_t shown_odd_lines = 5;

// Whether the line tells every argument that it shows.
bool is_known(const calls::Call& call) {
  for (std::size_t i = 0; i < call.shown; ++i) {
    if (call.unknown.args[i] != 0) return false;
  }
  return true;
}

Recording without_calls(const calls::Skipped& skipped, std::vector<calls::OddLine> odd) {
  Recording recording;
  recording.resumed = skipped.resumed;
  recording.signals = skipped.signals;
  recording.exits = skipped.exits;
  recording.notices = skipped.notices;
  recording.odd = skipped.odd + skipped.other + odd.size();
  recording.guessed_arch = skipped.guessed_arch;
  odd.insert(odd.end(), skipped.first.begin(), skipped.first.end());
  std::ranges::sort(odd, {}, &calls::OddLine::line);
  odd.resize(std::min(odd.size(), shown_odd_lines));
  for (calls::OddLine& line : odd) recording.first_odd.push_back({line.line, std::move(line.text)});
  return recording;
}

std::uint64_t random_argument(Random& random) {
  const std::uint64_t value = random();
  switch (random() % 4) {
    case 0: return value % 64;
    case 1: return value % 0x10000;
    case 2: return value & 0xffffffff;
    default: return value;
  }
}

}  // namespace

// What is measured are decisions about whole calls: one of which an argument is not known counts as an odd line.
Recording parse_strace(std::istream& input) {
  std::vector<calls::Call> whole;
  std::vector<calls::OddLine> partly_known;
  const calls::Sink keep = [&](const calls::Call& call) {
    if (is_known(call)) return whole.push_back(call);
    partly_known.push_back({call.line, "an argument is not known", calls::call_name(call.data)});
  };
  calls::Reader reader(calls::Form::strace);
  for (std::string line; std::getline(input, line);) static_cast<void>(reader.add(line, keep));
  reader.finish(keep);
  std::ranges::stable_sort(whole, {}, &calls::Call::line);  // an interrupted call was made when it began
  Recording recording = without_calls(reader.skipped(), std::move(partly_known));
  for (const calls::Call& call : whole) {
    recording.calls.push_back(call.data);
    recording.argument_counts.push_back(call.shown);
  }
  return recording;
}

std::vector<SeccompData> uniform_stream(std::size_t count, std::uint64_t seed) {
  constexpr std::uint64_t numbers = 460;
  Random random(seed);
  std::vector<SeccompData> calls(count);
  for (SeccompData& data : calls) {
    data.nr = static_cast<std::uint32_t>(random() % numbers);
    data.arch = arch::x86_64;
    data.instruction_pointer = 0;
    for (std::uint64_t& argument : data.args) argument = random_argument(random);
  }
  return calls;
}

std::vector<SeccompData> long_stream(std::span<const SeccompData> calls, std::size_t count, std::uint64_t seed) {
  constexpr std::size_t block = 64;
  if (calls.empty() || calls.size() >= count) {
    const std::span<const SeccompData> first = calls.first(std::min(calls.size(), count));
    return {first.begin(), first.end()};
  }
  Random random(seed);
  std::vector<SeccompData> made;
  while (made.size() < count) {
    const std::span<const SeccompData> rest = calls.subspan(random.below(calls.size()));
    const std::span<const SeccompData> some = rest.first(std::min({block, rest.size(), count - made.size()}));
    made.insert(made.end(), some.begin(), some.end());
  }
  return made;
}

NamedStream stream_from_file(const std::string& path) {
  const auto fail = [&](const std::string& message) { throw std::runtime_error(path + ": " + message); };
  if (std::filesystem::is_directory(path)) fail("cannot be read: it is a folder");
  std::ifstream file(path, std::ios::binary);
  if (!file) fail("cannot be read");
  std::string content{std::istreambuf_iterator<char>(file), {}};
  if (file.bad()) fail("cannot be read");
  if (content.starts_with("\xfd"
                          "7zXZ"))
    fail("is compressed: unpack it with xz -d first");
  NamedStream stream{std::filesystem::path(path).stem().string(), {}};
  if (std::filesystem::path(path).extension() == ".calls") {
    std::istringstream text(content);
    try {
      stream.calls = read_compact(text);
    } catch (const std::runtime_error& error) {
      fail(error.what());
    }
  } else {
    const std::size_t rest = content.size() % sizeof(SeccompData);
    if (rest != 0) {
      fail("byte " + std::to_string(content.size() - rest) + ": the last record has " + std::to_string(rest) + " of " +
           std::to_string(sizeof(SeccompData)) + " bytes (a recording as text is named NAME.calls)");
    }
    stream.calls.resize(content.size() / sizeof(SeccompData));
    std::memcpy(stream.calls.data(), content.data(), content.size());
  }
  if (stream.calls.empty()) fail("has no calls");
  return stream;
}

std::vector<NamedStream> all_streams(const std::string& folder) {
  constexpr std::size_t uniform_calls = 4096;
  constexpr std::uint64_t seed = 1;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".calls") files.push_back(entry.path());
  }
  std::ranges::sort(files, {}, [](const std::filesystem::path& file) { return std::pair(file.stem() != "mix", file); });
  std::vector<NamedStream> streams;
  for (const std::filesystem::path& path : files) {
    std::ifstream file(path);
    if (!file) throw std::runtime_error(path.string() + ": cannot be read");
    streams.push_back({path.stem().string(), read_compact(file)});
  }
  if (streams.empty()) throw std::runtime_error(folder + ": no recorded stream");
  streams.push_back({"uniform", uniform_stream(uniform_calls, seed)});
  return streams;
}

}  // namespace callgate::bench
